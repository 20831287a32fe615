"""`scrapy remove album|user|site …`: out of the catalogue and off the disk, but for what others still have."""

import argparse
import sys
from typing import Any, ClassVar

from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError

KINDS = ("album", "user", "site")

SHOWN = 20
"""Files told in full that were not there or were left."""


class Command(ScrapyCommand):
    """Exit code 1 when files were left because their bytes are not as they were written, 2 for bad input."""

    requires_project = True
    requires_crawler_process = False
    default_settings: ClassVar[dict[str, Any]] = {"LOG_ENABLED": False}

    def syntax(self) -> str:
        """How it is called."""
        return "album USER/ALBUM | user USER | site SITE  [--site SITE] [--dry-run]"

    def short_desc(self) -> str:
        """One line for `scrapy`."""
        return "Remove an album, a user or a site, with the bytes that nothing else has"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Two options besides Scrapy's own."""
        super().add_options(parser)
        parser.add_argument("--site", help="the user or album of this site, where several have one of that name")
        parser.add_argument("--dry-run", action="store_true", help="only say what would go")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Exit code 2 for bad input and while another process is at work."""
        from harvester.console import exit_code

        named = len(args) == 2 and args[0] in KINDS and bool(args[1]) and not args[1].startswith("--")
        if not named or (args[0] == "site" and opts.site):
            raise UsageError(f"expected {self.syntax()}", print_help=False)
        self.exitcode = exit_code(lambda: self._remove(args[0], args[1], opts.site, dry=opts.dry_run))

    def _remove(self, kind: str, text: str, site: str | None, *, dry: bool) -> int:
        from harvester.console import collection
        from harvester.errors import BadInput
        from harvester.upkeep.removedfiles import sweep_removed
        from harvester.upkeep.removing import preview, remove

        assert self.settings is not None
        with collection(self.settings, "" if dry else "scrapy remove") as (places, catalogue):
            if dry:
                print(preview(catalogue, kind, text, site).sentence(dry=True))  # noqa: T201
                return 0
            former = sweep_removed(catalogue, places)
            if former.files:
                print(f"A removal that was stopped is complete: {former.files:,} files.")  # noqa: T201
            try:
                toll = remove(catalogue, places, kind, text, site)
            except BadInput:
                if not former.files:
                    raise
                return 0  # the very removal that was stopped
            print(toll.sentence(dry=False))  # noqa: T201
            swept = sweep_removed(catalogue, places)
        print(f"{swept.files:,} files removed.")  # noqa: T201
        _warn("was not there", swept.missing)
        _warn("left: its bytes are not those that were written", swept.left)
        return int(bool(swept.left))


def _warn(what: str, paths: list[str]) -> None:
    from harvester.text import printable

    for path in paths[:SHOWN]:
        print(f"{printable(path)}: {what}.", file=sys.stderr)  # noqa: T201
    if len(paths) > SHOWN:
        print(f"… and {len(paths) - SHOWN:,} more.", file=sys.stderr)  # noqa: T201
