"""`db=0`: a catalogue that is there only until everything is saved, hidden in the folder of the pictures."""

import shutil
from pathlib import Path

from scrapy import signals
from scrapy.crawler import Crawler

from harvester.errors import BadInput
from harvester.extensions.closing import Closing
from harvester.places import Places, passing


class Passing:
    """Keeps what has to be known in `.harvester` in the output folder; after a complete run nothing of it is left.

    A run that was stopped leaves it there, so that the same command continues and asks for nothing twice.
    """

    def __init__(self, crawler: Crawler, output: Path) -> None:
        self._crawler = crawler
        self._folder = passing(output)
        if self._folder.is_symlink():
            raise BadInput(
                f"{self._folder} is a symbolic link: what is kept until all is saved has to lie there itself."
            )
        self.complete = False  # whether everything that was wanted is saved
        crawler.settings.set("HARVESTER_DATA_DIR", str(self._folder), priority="cmdline")
        crawler.settings.set("HARVESTER_CATALOGUE", "", priority="cmdline")

    @property
    def places(self) -> Places:
        """Where everything lies in this run."""
        return Places.from_settings(self._crawler.settings)

    def begin(self) -> None:
        """Called when everything that writes there is set up, so that it is removed after all of them have let go."""
        self._crawler.signals.connect(self._remove, signal=signals.engine_stopped, weak=False)

    def _remove(self) -> None:
        wrong = isinstance(Closing.of(self._crawler).error, BadInput)  # there is nothing to continue
        if self.complete or wrong:
            shutil.rmtree(self._folder, ignore_errors=True)
