"""`scrapy remove album|user|site …`: delete from the catalogue and the disk what nothing else uses."""

import argparse
import sys
from typing import TYPE_CHECKING, Any, ClassVar

from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError

if TYPE_CHECKING:
    from harvester.maintenance.delete_files import DeleteResult

KINDS = ("album", "user", "site")

FILES_SHOWN = 20
"""The most missing or kept files that are printed."""


class Command(ScrapyCommand):
    """Removes images; exit code 1 if files were kept because their bytes have changed, 2 for bad input."""

    requires_project = True
    requires_crawler_process = False
    default_settings: ClassVar[dict[str, Any]] = {"LOG_ENABLED": False}

    def syntax(self) -> str:
        """The arguments of the command, for its help."""
        return "album USER/ALBUM | user USER | site SITE  [--site SITE] [--dry-run]"

    def short_desc(self) -> str:
        """The line in the list of commands."""
        return "Remove an album, a user or a site, with the files that nothing else uses"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add the two options of the command."""
        super().add_options(parser)
        parser.add_argument("--site", help="the site of the user or album, if several sites have that name")
        parser.add_argument("--dry-run", action="store_true", help="only print what would be removed")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Run the command; exit code 2 for bad input, and while another process uses the collection."""
        from harvester.cli import run_command

        is_valid = len(args) == 2 and args[0] in KINDS and bool(args[1]) and not args[1].startswith("--")
        if not is_valid or (args[0] == "site" and opts.site):
            raise UsageError(f"expected {self.syntax()}", print_help=False)
        self.exitcode = run_command(lambda: self._remove(args[0], args[1], opts.site, dry=opts.dry_run))

    def _remove(self, kind: str, text: str, site: str | None, *, dry: bool) -> int:
        from harvester.cli import open_collection
        from harvester.errors import UsageProblem
        from harvester.maintenance.delete_files import delete_removed_files
        from harvester.maintenance.remove import preview_removal, removal_command, remove_from_catalogue
        from harvester.text import count_noun

        assert self.settings is not None
        with open_collection(self.settings, "" if dry else "scrapy remove") as (places, catalogue):
            if dry:
                print(preview_removal(catalogue, kind, text, site).message(dry_run=True))  # noqa: T201
                return 0
            earlier = delete_removed_files(catalogue, places)
            if earlier.commands:
                print(f"Completed an interrupted removal: {count_noun(earlier.files, 'file')}.")  # noqa: T201
                _print_problems(earlier)
            try:
                summary = remove_from_catalogue(catalogue, places, kind, text, site)
            except UsageProblem:
                if removal_command(kind, text, site) not in earlier.commands:
                    raise
                return int(bool(earlier.skipped))  # this is the removal that was interrupted
            print(summary.message(dry_run=False))  # noqa: T201
            deleted = delete_removed_files(catalogue, places)
        print(f"Removed {count_noun(deleted.files, 'file')}.")  # noqa: T201
        _print_problems(deleted)
        return int(bool(earlier.skipped or deleted.skipped))


def _print_problems(result: "DeleteResult") -> None:
    from harvester.text import escape_control_chars

    for lines in ([f"{path}: missing." for path in result.missing],
                  [f"{path}: left: {reason}." for path, reason in result.skipped.items()]):  # fmt: skip
        for line in lines[:FILES_SHOWN]:
            print(escape_control_chars(line), file=sys.stderr)  # noqa: T201
        if len(lines) > FILES_SHOWN:
            print(f"… and {len(lines) - FILES_SHOWN:,} more.", file=sys.stderr)  # noqa: T201
