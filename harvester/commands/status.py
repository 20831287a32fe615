"""`scrapy status`: print how many images are expected, done, failed, skipped and pending."""

import argparse
import json
from typing import Any, ClassVar

from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError


class Command(ScrapyCommand):
    """Prints the summary of every site and writes every status file; exit code 1 if an image is pending or failed."""

    requires_project = True
    requires_crawler_process = False
    default_settings: ClassVar[dict[str, Any]] = {"LOG_ENABLED": False}

    def syntax(self) -> str:
        """The arguments of the command, for its help."""
        return "[--json]"

    def short_desc(self) -> str:
        """The line in the list of commands."""
        return "Print expected, done, failed, skipped and pending images; write download_status.json"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add the option of the command."""
        super().add_options(parser)
        parser.add_argument("--json", action="store_true", help="print the numbers as JSON")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Run the command; exit code 2 for bad input."""
        from harvester.cli import run_command

        if args:
            raise UsageError(f"unknown: {' '.join(args)}", print_help=False)
        self.exitcode = run_command(lambda: self._show(as_json=opts.json))

    def _show(self, *, as_json: bool) -> int:
        from harvester.cli import print_message, table_console
        from harvester.reporting.totals import build_table, collect_status
        from harvester.storage.paths import DataPaths
        from harvester.text import escape_control_chars

        assert self.settings is not None
        places = DataPaths.from_settings(self.settings)
        status = collect_status(places)
        if as_json:
            print(json.dumps([summary.as_dict() for summary in status.summaries], indent=2))  # noqa: T201
        else:
            table_console().print(
                f"Collection in {escape_control_chars(str(places.root))}", build_table(status.summaries), sep="\n"
            )
        for complaint in status.complaints:
            print_message(complaint)
        return 0 if status.is_complete else 1
