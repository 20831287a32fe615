"""`scrapy show users|albums|tags|images|groups|runs`: everything of one kind, row by row."""

import argparse
import sys
from typing import Any, ClassVar

from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError

TABLE_NAMES = ("users", "albums", "tags", "images", "groups", "runs")

RULES = {
    "site": "of this site",
    "collection": "with their named copies in this folder",
    "author": "of this author",
    "album": "of an album: USER/ALBUM, by names or numbers",
    "source_tag": "to which the source gives this tag",
    "tag": "that have this tag of ours",
    "status": "pending, done, failed or skipped",
}
"""Rules for images; every one that is given must fit."""


class Command(ScrapyCommand):
    """Writes lines, CSV or JSON to stdout as it reads.

    Memory hardly grows with the collection: by 8 bytes for each image that fits a rule.
    """

    requires_project = True
    requires_crawler_process = False
    default_settings: ClassVar[dict[str, Any]] = {"LOG_ENABLED": False}

    def syntax(self) -> str:
        """How it is called."""
        return f"{'|'.join(TABLE_NAMES)} [--csv|--json] [RULE …]"

    def short_desc(self) -> str:
        """One line for `scrapy`."""
        return "Print every user, album, tag, image, group or run, as lines, CSV or JSON"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Two forms besides lines, and rules for images."""
        super().add_options(parser)
        parser.add_argument("--csv", action="store_true", help="print CSV")
        parser.add_argument("--json", action="store_true", help="print JSON")
        for name, meaning in RULES.items():
            parser.add_argument(f"--{name.replace('_', '-')}", help=f"images: only those {meaning}")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Exit code 2 for bad input."""
        from harvester.catalogue.selection import Selection
        from harvester.cli import run_command

        selection = Selection(**{name: getattr(opts, name) for name in RULES})
        if (
            len(args) != 1
            or args[0] not in TABLE_NAMES
            or (selection and args[0] != "images")
            or (opts.csv and opts.json)
        ):
            raise UsageError(f"expected {self.syntax()}; only images have rules", print_help=False)
        output_format = "csv" if opts.csv else "json" if opts.json else "lines"
        self.exitcode = run_command(lambda: self._show(args[0], output_format, selection))

    def _show(self, name: str, output_format: str, selection: Any) -> int:
        from harvester.catalogue.db_errors import translate_db_errors
        from harvester.cli import open_collection
        from harvester.reporting.listings import TABLES, format_lines
        from harvester.reporting.tables import write_csv, write_json

        assert self.settings is not None
        with (
            open_collection(self.settings) as (places, catalogue),
            translate_db_errors(catalogue),
            catalogue.connect() as connection,
        ):
            table = TABLES[name]
            rows = table.read_rows(connection, places, selection)
            if output_format == "lines":
                for line in format_lines(table, rows):
                    print(line)  # noqa: T201
            else:
                (write_csv if output_format == "csv" else write_json)(rows, table.columns, sys.stdout)
        return 0
