"""`scrapy stats`: the whole collection in numbers."""

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
        """How it is called."""
        return "[--json] [--thumbs]"

    def short_desc(self) -> str:
        """One line for `scrapy`."""
        return "Print the collection in numbers: sizes, formats, users, albums, duplicates, reasons"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Two options besides Scrapy's own."""
        super().add_options(parser)
        parser.add_argument("--json", action="store_true", help="print the numbers as JSON")
        parser.add_argument("--thumbs", action="store_true", help="measure the thumbnails too: looks at every file")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Exit code 2 for bad input."""
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
