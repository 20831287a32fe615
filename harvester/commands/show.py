"""`scrapy show users|albums|tags|images|groups|runs`: print all rows of one kind."""

import argparse
import sys
from typing import Any, ClassVar

from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError

TABLE_NAMES = ("users", "albums", "tags", "images", "groups", "runs")

RULES = {
    "site": "of this site",
    "collection": "with their output files in this folder",
    "author": "of this author",
    "album": "of an album: USER/ALBUM, by names or numbers",
    "source_tag": "that have this tag at the source",
    "tag": "that have this tag in the collection",
    "status": "pending, done, failed or skipped",
}
"""Rule for images -> its meaning; an image must match all rules that are given."""


class Command(ScrapyCommand):
    """Prints rows as lines, CSV or JSON while it reads them.

    Memory hardly grows with the collection: by 8 bytes for each image that matches a rule.
    """

    requires_project = True
    requires_crawler_process = False
    default_settings: ClassVar[dict[str, Any]] = {"LOG_ENABLED": False}

    def syntax(self) -> str:
        """The arguments of the command, for its help."""
        return f"{'|'.join(TABLE_NAMES)} [--csv|--json] [RULE …]"

    def short_desc(self) -> str:
        """The line in the list of commands."""
        return "Print every user, album, tag, image, group or run, as lines, CSV or JSON"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add the output formats and the rules for images."""
        super().add_options(parser)
        parser.add_argument("--csv", action="store_true", help="print CSV")
        parser.add_argument("--json", action="store_true", help="print JSON")
        for name, meaning in RULES.items():
            parser.add_argument(f"--{name.replace('_', '-')}", help=f"images: only those {meaning}")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Run the command; exit code 2 for bad input."""
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
