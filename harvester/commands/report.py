"""`scrapy report`: write a web page that shows the collection."""

import argparse
from typing import Any, ClassVar

from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError


class Command(ScrapyCommand):
    """Writes one self-contained HTML file: summary, days, sizes, runs, near-duplicates, samples."""

    requires_project = True
    requires_crawler_process = False
    default_settings: ClassVar[dict[str, Any]] = {"LOG_ENABLED": False}

    def syntax(self) -> str:
        """The arguments of the command, for its help."""
        return "--to report.html"

    def short_desc(self) -> str:
        """The line in the list of commands."""
        return "Write a page that shows the collection: numbers, charts, near-duplicates, samples"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add the option of the command."""
        super().add_options(parser)
        parser.add_argument(
            "--to", metavar="FILE", help="the file to write; replaces an earlier report, but no other file"
        )

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Run the command; exit code 2 for bad input."""
        from harvester.cli import run_command

        if args:
            raise UsageError(f"unknown: {' '.join(args)}", print_help=False)
        if not opts.to:
            raise UsageError("expected --to FILE, such as --to report.html", print_help=False)
        self.exitcode = run_command(lambda: self._report(opts.to))

    def _report(self, path_text: str) -> int:
        from harvester.cli import open_collection
        from harvester.imaging.decode import set_pixel_limit
        from harvester.imaging.settings import blob_import_options
        from harvester.reporting.html.report import check_report_path, write_report

        assert self.settings is not None
        options = blob_import_options(self.settings)
        set_pixel_limit(options.limits.max_pixels)
        with open_collection(self.settings) as (places, catalogue):
            path = check_report_path(path_text, places)
            write_report(catalogue, places, options, path)
        print(f"Wrote {path}")  # noqa: T201
        return 0
