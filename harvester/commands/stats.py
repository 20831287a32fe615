"""`scrapy stats`: print statistics of the whole collection."""

import argparse
import json
from typing import Any, ClassVar

from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError


class Command(ScrapyCommand):
    """Prints sizes, formats, users, albums, duplicates, reasons; changes nothing."""

    requires_project = True
    requires_crawler_process = False
    default_settings: ClassVar[dict[str, Any]] = {"LOG_ENABLED": False}

    def syntax(self) -> str:
        """The arguments of the command, for its help."""
        return "[--json] [--thumbs]"

    def short_desc(self) -> str:
        """The line in the list of commands."""
        return "Print statistics: sizes, formats, users, albums, duplicates, reasons"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add the two options of the command."""
        super().add_options(parser)
        parser.add_argument("--json", action="store_true", help="print the numbers as JSON")
        parser.add_argument(
            "--thumbs", action="store_true", help="also measure the thumbnails, which reads the size of every file"
        )

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Run the command; exit code 2 for bad input."""
        from harvester.cli import run_command

        if args:
            raise UsageError(f"unknown: {' '.join(args)}", print_help=False)
        self.exitcode = run_command(lambda: self._show(as_json=opts.json, thumbs=opts.thumbs))

    def _show(self, *, as_json: bool, thumbs: bool) -> int:
        from harvester.catalogue.db_errors import translate_db_errors
        from harvester.cli import open_collection
        from harvester.reporting.statistics import format_statistics, read_statistics

        assert self.settings is not None
        with open_collection(self.settings) as (places, catalogue), translate_db_errors(catalogue):
            result = read_statistics(catalogue, places, thumbs=thumbs)
        print(json.dumps(result.as_dict(), indent=2) if as_json else "\n".join(format_statistics(result)))  # noqa: T201
        return 0
