"""`scrapy status`: what was promised, what became of it, what is still owed."""

import argparse
import json
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
        from harvester.console import exit_code

        if args:
            raise UsageError(f"unknown: {' '.join(args)}", print_help=False)
        self.exitcode = exit_code(lambda: self._show(as_json=opts.json))

    def _show(self, *, as_json: bool) -> int:
        from harvester.console import note, plain
        from harvester.export.books import table
        from harvester.export.overview import overview
        from harvester.places import Places
        from harvester.text import printable

        assert self.settings is not None
        places = Places.from_settings(self.settings)
        found = overview(places)
        if as_json:
            print(json.dumps([book.as_dict() for book in found.books], indent=2))  # noqa: T201
        else:
            plain().print(f"Collection in {printable(str(places.root))}", table(found.books), sep="\n")
        for complaint in found.complaints:
            note(complaint)
        return 0 if found.settled else 1
