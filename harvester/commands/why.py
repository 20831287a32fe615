"""`scrapy why`: the whole story of an image."""

import argparse
import sys
from typing import Any, ClassVar

from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError


class Command(ScrapyCommand):
    """Prints where each image was seen, when it was asked for, what came of it; exit code 1 when nothing is found."""

    requires_project = True
    requires_crawler_process = False
    default_settings: ClassVar[dict[str, Any]] = {"LOG_ENABLED": False}

    def syntax(self) -> str:
        """How it is called."""
        return "URL|ID|SHA256|FILE …"

    def short_desc(self) -> str:
        """One line for `scrapy`."""
        return "Tell the whole story of an image: seen where, asked when, stored as, or why not"

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Exit code 2 for bad input."""
        from harvester.console import exit_code

        if not args or any(arg.startswith("--") or not arg for arg in args):
            raise UsageError(f"expected what names an image: {self.syntax()}", print_help=False)
        self.exitcode = exit_code(lambda: self._tell(args))

    def _tell(self, args: list[str]) -> int:
        from harvester.catalogue.lookup import dossiers
        from harvester.catalogue.trouble import told_plainly
        from harvester.console import collection
        from harvester.text import printable
        from harvester.upkeep.addresses import images_of
        from harvester.upkeep.story import story

        assert self.settings is not None
        unknown = 0
        with (
            collection(self.settings) as (places, catalogue),
            told_plainly(catalogue),
            catalogue.connect() as connection,
        ):
            for arg in args:
                found = dossiers(connection, list(images_of(connection, places, arg)))
                if not found:
                    unknown += 1
                    print(f"{printable(arg)}: the catalogue knows no such image.", file=sys.stderr)  # noqa: T201
                if len(found) > 1:
                    print(f"{printable(arg)}: {len(found):,} images\n")  # noqa: T201
                for dossier in found:
                    lines = (f"{what:<10}  {printable(told)}" for what, told in story(dossier, places))
                    print("\n".join(lines), end="\n\n")  # noqa: T201
        return int(unknown > 0)
