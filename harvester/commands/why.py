"""`scrapy why`: print the whole history of an image."""

import argparse
import sys
from typing import Any, ClassVar

from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError


class Command(ScrapyCommand):
    """Prints where each image was seen, when it was requested, and its outcome; exit code 1 if nothing is found."""

    requires_project = True
    requires_crawler_process = False
    default_settings: ClassVar[dict[str, Any]] = {"LOG_ENABLED": False}

    def syntax(self) -> str:
        """The arguments of the command, for its help."""
        return "URL|ID|SHA256|FILE …"

    def short_desc(self) -> str:
        """The line in the list of commands."""
        return "Print the whole history of an image: where seen, when requested, stored as, or why not"

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Run the command; exit code 2 for bad input."""
        from harvester.cli import run_command

        if not args or any(arg.startswith("--") or not arg for arg in args):
            raise UsageError(f"expected one or more images: {self.syntax()}", print_help=False)
        self.exitcode = run_command(lambda: self._explain(args))

    def _explain(self, args: list[str]) -> int:
        from harvester.catalogue.db_errors import translate_db_errors
        from harvester.catalogue.lookup import load_image_records
        from harvester.cli import open_collection
        from harvester.maintenance.explain import explain
        from harvester.maintenance.find_images import find_images
        from harvester.text import escape_control_chars

        assert self.settings is not None
        unknown_count = 0
        with (
            open_collection(self.settings) as (places, catalogue),
            translate_db_errors(catalogue),
            catalogue.connect() as connection,
        ):
            for arg in args:
                records = load_image_records(connection, list(find_images(connection, places, arg)))
                if not records:
                    unknown_count += 1
                    print(f"{escape_control_chars(arg)}: no such image in the catalogue.", file=sys.stderr)  # noqa: T201
                if len(records) > 1:
                    print(f"{escape_control_chars(arg)}: {len(records):,} images\n")  # noqa: T201
                for record in records:
                    lines = (f"{label:<10}  {escape_control_chars(value)}" for label, value in explain(record, places))
                    print("\n".join(lines), end="\n\n")  # noqa: T201
        return int(unknown_count > 0)
