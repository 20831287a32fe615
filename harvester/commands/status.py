"""`scrapy status`: what was promised, what became of it, what is still owed."""

import argparse
import json
import sys
from typing import Any, ClassVar

from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError


class Command(ScrapyCommand):
    """Prints the books of every site and writes every status file; exit code 1 when something is owed or failed."""

    requires_project = True
    requires_crawler_process = False
    default_settings: ClassVar[dict[str, Any]] = {"LOG_ENABLED": False}

    def syntax(self) -> str:
        """How it is called."""
        return "[--json]"

    def short_desc(self) -> str:
        """One line for `scrapy`."""
        return "Print promised, done, failed, skipped and owed images; write download_status.json"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """One option besides Scrapy's own."""
        super().add_options(parser)
        parser.add_argument("--json", action="store_true", help="print the numbers as JSON")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Exit code 2 for bad input."""
        from harvester.errors import HarvesterError

        if args:
            raise UsageError(f"unknown: {' '.join(args)}", print_help=False)
        try:
            self.exitcode = self._show(as_json=opts.json)
        except HarvesterError as error:
            print(f"Error: {error}", file=sys.stderr)  # noqa: T201
            self.exitcode = error.exitcode

    def _show(self, *, as_json: bool) -> int:
        from rich.console import Console

        from harvester.catalogue import queries
        from harvester.catalogue.store import open_existing
        from harvester.errors import BadInput
        from harvester.export.books import books, table
        from harvester.export.status import write_status
        from harvester.places import Places

        assert self.settings is not None
        places = Places.from_settings(self.settings)
        catalogue = open_existing(places.catalogue)
        if catalogue is None:
            raise BadInput(f"There is no catalogue in {places.root}: nothing has been harvested there yet.")
        with catalogue.connect() as connection:
            found = books(queries.counts(connection))
            for row, collection in queries.all_collections(connection).items():
                write_status(connection, row, places.status_file(collection))
        if as_json:
            print(json.dumps([book.as_dict() for book in found], indent=2))  # noqa: T201
        else:
            Console().print(table(found, f"Collection in {places.root}"))
        return 0 if all(book.settled for book in found) else 1
