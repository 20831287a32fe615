"""`scrapy remove album|user|site …`: delete from the catalogue and the disk what nothing else uses."""

import argparse
from typing import TYPE_CHECKING

from harvester.cli import HarvesterCommand, print_messages

if TYPE_CHECKING:
    from harvester.maintenance.delete_files import DeleteResult

KINDS = ("album", "user", "site")

FILES_SHOWN = 20
"""The most missing or kept files that are printed."""


class Command(HarvesterCommand):
    """Removes images; exit code 1 if files were kept because their bytes have changed, 2 for bad input."""

    usage = "album USER/ALBUM | user USER | site SITE  [--site SITE] [--dry-run]"
    description = "Remove an album, a user or a site, with the files that nothing else uses"
    min_args = max_args = 2

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add the two options of the command."""
        super().add_options(parser)
        parser.add_argument("--site", help="the site of the user or album, if several sites have that name")
        parser.add_argument("--dry-run", action="store_true", help="only print what would be removed")

    def execute(self, args: list[str], opts: argparse.Namespace) -> int:
        """Complete a removal that was interrupted, then remove."""
        from harvester.errors import UsageProblem
        from harvester.maintenance.delete_files import delete_removed_files
        from harvester.maintenance.remove import preview_removal, removal_command, remove_from_catalogue
        from harvester.text import count_noun

        kind, text = args
        if kind not in KINDS or (kind == "site" and opts.site):
            raise self.misuse(args)
        with self.collection(locked=not opts.dry_run) as (paths, catalogue):
            if opts.dry_run:
                print(preview_removal(catalogue, kind, text, opts.site).message(dry_run=True))
                return 0
            earlier = delete_removed_files(catalogue, paths)
            if earlier.commands:
                print(f"Completed an interrupted removal: {count_noun(earlier.files, 'file')}.")
                _print_problems(earlier)
            try:
                summary = remove_from_catalogue(catalogue, paths, kind, text, opts.site)
            except UsageProblem:
                if removal_command(kind, text, opts.site) not in earlier.commands:
                    raise
                return int(bool(earlier.skipped))  # this is the removal that was interrupted
            print(summary.message(dry_run=False))
            deleted = delete_removed_files(catalogue, paths)
        print(f"Removed {count_noun(deleted.files, 'file')}.")
        _print_problems(deleted)
        return int(bool(earlier.skipped or deleted.skipped))


def _print_problems(result: "DeleteResult") -> None:
    print_messages([f"{path}: missing." for path in result.missing], FILES_SHOWN)
    print_messages([f"{path}: left: {reason}." for path, reason in result.skipped.items()], FILES_SHOWN)
