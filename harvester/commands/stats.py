"""`scrapy stats`: print statistics of the whole collection."""

import argparse
import json

from harvester.cli import HarvesterCommand


class Command(HarvesterCommand):
    """Prints sizes, formats, users, albums, duplicates, reasons; changes nothing."""

    usage = "[--json] [--thumbs]"
    description = "Print statistics: sizes, formats, users, albums, duplicates, reasons"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add the two options of the command."""
        super().add_options(parser)
        parser.add_argument("--json", action="store_true", help="print the numbers as JSON")
        parser.add_argument(
            "--thumbs", action="store_true", help="also measure the thumbnails; looks at each of their files"
        )

    def execute(self, args: list[str], opts: argparse.Namespace) -> int:
        """Print text or JSON."""
        from harvester.reporting.statistics import format_statistics, read_statistics

        with self.collection() as (paths, catalogue):
            result = read_statistics(catalogue, paths, thumbs=opts.thumbs)
        print(json.dumps(result.as_dict(), indent=2) if opts.json else "\n".join(format_statistics(result)))
        return 0
