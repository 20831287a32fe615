"""`scrapy status`: print how many images are expected, done, failed, skipped and pending."""

import argparse
import json

from harvester.cli import HarvesterCommand, print_message, table_console


class Command(HarvesterCommand):
    """Prints the summary of every site and writes every status file; exit code 1 if an image is pending or failed."""

    usage = "[--json]"
    description = "Print the expected, done, failed, skipped and pending images; write the status files"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add the option of the command."""
        super().add_options(parser)
        parser.add_argument("--json", action="store_true", help="print the numbers as JSON")

    def execute(self, args: list[str], opts: argparse.Namespace) -> int:
        """Print a table or JSON."""
        from harvester.reporting.totals import build_table, collect_status
        from harvester.storage.paths import DataPaths
        from harvester.text import escape_control_chars

        paths = DataPaths.from_settings(self.project_settings)
        status = collect_status(paths)
        if opts.json:
            print(json.dumps([summary.as_dict() for summary in status.summaries], indent=2))
        else:
            heading = f"Collection in {escape_control_chars(str(paths.root))}"
            table_console().print(heading, build_table(status.summaries), sep="\n")
        for complaint in status.complaints:
            print_message(complaint)
        return 0 if status.is_complete else 1
