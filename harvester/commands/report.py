"""`scrapy report`: write a web page that shows the collection."""

import argparse

from scrapy.exceptions import UsageError

from harvester.cli import HarvesterCommand


class Command(HarvesterCommand):
    """Writes one self-contained HTML file: summary, days, sizes, runs, near-duplicates, samples."""

    usage = "--to report.html"
    description = "Write an HTML page about the collection: statistics, charts, near-duplicates, samples"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add the option of the command."""
        super().add_options(parser)
        parser.add_argument(
            "--to", metavar="FILE", help="the file to write; replaces an earlier report, but no other file"
        )

    def execute(self, args: list[str], opts: argparse.Namespace) -> int:
        """Check the path before anything is read."""
        from harvester.reporting.html.report import check_report_path, write_report

        if not opts.to:
            raise UsageError("expected --to FILE, such as --to report.html", print_help=False)
        options = self.stored_image_options()
        with self.collection() as (paths, catalogue):
            path = check_report_path(opts.to, paths)
            write_report(catalogue, paths, options, path)
        print(f"Wrote {path}")
        return 0
