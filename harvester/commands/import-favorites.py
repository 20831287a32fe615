"""`scrapy import-favorites PATH`: import an `imagefap.database` of the old tool, with its blobs."""

import argparse
import sys
from pathlib import Path
from typing import Any, ClassVar

from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError

COMPLAINTS_SHOWN = 20
"""The most problems that are printed in full."""


class Command(ScrapyCommand):
    """Imports a database and prints counts; exit code 1 if something could not be imported, 2 for bad input."""

    requires_project = True
    requires_crawler_process = False
    default_settings: ClassVar[dict[str, Any]] = {"LOG_ENABLED": False}

    def syntax(self) -> str:
        """The arguments of the command, for its help."""
        return "PATH"

    def short_desc(self) -> str:
        """The line in the list of commands."""
        return "Import a database of imagefap-favorites and its blobs"

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Import the database, after all of it has been read and checked."""
        from sqlalchemy.exc import DBAPIError

        from harvester.cli import run_command
        from harvester.errors import CatalogueError

        if len(args) != 1:
            raise UsageError("expected one path: imagefap.database, or the folder it is in", print_help=False)
        try:
            self.exitcode = run_command(lambda: self._import(args[0]))
        except DBAPIError as error:
            print(f"Error: The catalogue cannot be used: {error.orig}.", file=sys.stderr)  # noqa: T201
            self.exitcode = CatalogueError.exitcode

    def _import(self, path_text: str) -> int:
        from harvester.imaging.settings import picture_options
        from harvester.spiders.imagefap.old_database.importer import import_favorites
        from harvester.storage.paths import DataPaths
        from harvester.text import escape_control_chars

        assert self.settings is not None
        places, options = DataPaths.from_settings(self.settings), picture_options(self.settings, "original")
        report = import_favorites(Path(path_text), places, options)
        for label, number in report.counts.items():
            print(f"{label}: {number}")  # noqa: T201
        for complaint in report.complaints[:COMPLAINTS_SHOWN]:
            print(escape_control_chars(complaint), file=sys.stderr)  # noqa: T201
        if len(report.complaints) > COMPLAINTS_SHOWN:
            print(f"… and {len(report.complaints) - COMPLAINTS_SHOWN} more.", file=sys.stderr)  # noqa: T201
        return 1 if report.complaints else 0
