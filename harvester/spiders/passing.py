"""`db=0`: a catalogue that is there only until everything is saved, hidden in the folder of the pictures."""

import shutil
from pathlib import Path

from scrapy import signals
from scrapy.crawler import Crawler

from harvester.errors import UsageProblem
from harvester.extensions.closing import RunFinisher
from harvester.places import DataPaths, temporary_data_dir


class TemporaryCatalogue:
    """Keeps what has to be known in `.harvester` in the output folder; after a complete run nothing of it is left.

    A run that was stopped leaves it there, so that the same command continues and asks for nothing twice.
    """

    def __init__(self, crawler: Crawler, output: Path) -> None:
        self._crawler = crawler
        self._folder = temporary_data_dir(output)
        if self._folder.is_symlink():
            raise UsageProblem(
                f"{self._folder} is a symbolic link: what is kept until all is saved has to lie there itself."
            )
        self.is_complete = False  # whether everything that was wanted is saved
        crawler.settings.set("HARVESTER_DATA_DIR", str(self._folder), priority="cmdline")
        crawler.settings.set("HARVESTER_CATALOGUE", "", priority="cmdline")

    @property
    def paths(self) -> DataPaths:
        """Where everything lies in this run."""
        return DataPaths.from_settings(self._crawler.settings)

    def schedule_removal(self) -> None:
        """Called when everything that writes there is set up, so that it is removed after all of them have let go."""
        self._crawler.signals.connect(self._remove, signal=signals.engine_stopped, weak=False)

    def _remove(self) -> None:
        is_usage_error = isinstance(RunFinisher.of(self._crawler).error, UsageProblem)  # there is nothing to continue
        if self.is_complete or is_usage_error:
            shutil.rmtree(self._folder, ignore_errors=True)
