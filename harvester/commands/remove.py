"""`scrapy remove album|user|site …`: out of the catalogue and off the disk, but for what others still have."""

import argparse
import sys
from typing import TYPE_CHECKING, Any, ClassVar

from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError

if TYPE_CHECKING:
    from harvester.upkeep.removedfiles import Swept

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
        from harvester.upkeep.removing import asked, preview, remove

        assert self.settings is not None
        with collection(self.settings, "" if dry else "scrapy remove") as (places, catalogue):
            if dry:
                print(preview(catalogue, kind, text, site).sentence(dry=True))  # noqa: T201
                return 0
            former = sweep_removed(catalogue, places)
            if former.asked:
                print(f"A removal that was stopped is complete: {former.files:,} files.")  # noqa: T201
                _warn(former)
            try:
                toll = remove(catalogue, places, kind, text, site)
            except BadInput:
                if asked(kind, text, site) not in former.asked:
                    raise
                return int(bool(former.left))  # the very removal that was stopped
            print(toll.sentence(dry=False))  # noqa: T201
            swept = sweep_removed(catalogue, places)
        print(f"{swept.files:,} files removed.")  # noqa: T201
        _warn(swept)
        return int(bool(former.left or swept.left))


def _warn(swept: "Swept") -> None:
    from harvester.text import printable

    for lines in ([f"{path}: was not there." for path in swept.missing],
                  [f"{path}: left: {why}." for path, why in swept.left.items()]):  # fmt: skip
        for line in lines[:SHOWN]:
            print(printable(line), file=sys.stderr)  # noqa: T201
        if len(lines) > SHOWN:
            print(f"… and {len(lines) - SHOWN:,} more.", file=sys.stderr)  # noqa: T201
