"""`scrapy show users|albums|tags|images|groups|runs`: print all rows of one kind."""

import argparse
import sys

from harvester.cli import HarvesterCommand, add_rules, read_rules

TABLE_NAMES = ("users", "albums", "tags", "images", "groups", "runs")


class Command(HarvesterCommand):
    """Prints rows as lines, CSV or JSON while it reads them.

    Memory hardly grows with the collection: by 8 bytes for each image that matches a rule.
    """

    usage = f"{'|'.join(TABLE_NAMES)} [--csv|--json] [RULE …]"
    description = "Print every user, album, tag, image, group or run, as lines, CSV or JSON"
    min_args = max_args = 1

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add the output formats and the rules for images."""
        super().add_options(parser)
        parser.add_argument("--csv", action="store_true", help="print CSV")
        parser.add_argument("--json", action="store_true", help="print JSON")
        add_rules(parser, "images: only images")

    def expected(self, args: list[str]) -> str:
        """Say where rules are allowed."""
        return f"{self.usage}; only images have rules"

    def execute(self, args: list[str], opts: argparse.Namespace) -> int:
        """Print one table."""
        from harvester.reporting.listings import TABLES, format_lines
        from harvester.reporting.tables import write_csv, write_json

        name, selection = args[0], read_rules(opts)
        if name not in TABLE_NAMES or (selection and name != "images") or (opts.csv and opts.json):
            raise self.misuse(args)
        table = TABLES[name]
        with self.collection() as (paths, catalogue), catalogue.connect() as connection:
            rows = table.read_rows(connection, paths, selection)
            if opts.csv or opts.json:
                (write_csv if opts.csv else write_json)(rows, table.columns, sys.stdout)
            else:
                for line in format_lines(table, rows):
                    print(line)
        return 0
