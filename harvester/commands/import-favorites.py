"""`scrapy import-favorites PATH`: import an `imagefap.database` of the old tool, with its blobs."""

import argparse
from pathlib import Path

from harvester.cli import HarvesterCommand, print_messages

COMPLAINTS_SHOWN = 20
"""The most problems that are printed in full."""


class Command(HarvesterCommand):
    """Imports a database and prints counts; exit code 1 if something could not be imported, 2 for bad input."""

    usage = "PATH"
    description = "Import a database of imagefap-favorites and its blobs"
    min_args = max_args = 1

    def expected(self, args: list[str]) -> str:
        """Name the file and the folder."""
        return "one path: imagefap.database, or the folder it is in"

    def execute(self, args: list[str], opts: argparse.Namespace) -> int:
        """Import the database, after all of it has been read and checked."""
        from sqlalchemy.exc import DBAPIError

        from harvester.errors import CatalogueError
        from harvester.imaging.settings import picture_options
        from harvester.spiders.imagefap.old_database.importer import import_favorites
        from harvester.storage.paths import DataPaths

        paths, options = (
            DataPaths.from_settings(self.project_settings),
            picture_options(self.project_settings, "original"),
        )
        try:
            report = import_favorites(Path(args[0]), paths, options)
        except DBAPIError as error:
            raise CatalogueError(f"The catalogue cannot be used: {error.orig}.") from error
        for label, number in report.counts.items():
            print(f"{label}: {number}")
        print_messages(report.complaints, COMPLAINTS_SHOWN)
        return int(bool(report.complaints))
