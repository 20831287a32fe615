"""`scrapy forget`: make images pending again, so that the next crawl fetches them again."""

import argparse
from typing import Any, ClassVar

from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError


class Command(ScrapyCommand):
    """Makes images pending again, without their known bytes; touches no file. Exit code 1 if nothing is found."""

    requires_project = True
    requires_crawler_process = False
    default_settings: ClassVar[dict[str, Any]] = {"LOG_ENABLED": False}

    def syntax(self) -> str:
        """The arguments of the command, for its help."""
        return "[URL|ID|SHA256|FILE …] [--site SITE] [--reason REASON] [--dry-run]"

    def short_desc(self) -> str:
        """The line in the list of commands."""
        return "Forget the outcome of images, so that the next crawl fetches them again"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add the rules that can be given besides addresses; an image must match all of them."""
        super().add_options(parser)
        parser.add_argument("--site", help="images of this site only")
        parser.add_argument("--reason", help="images with this reason only: a word of docs/reasons.md")
        parser.add_argument("--dry-run", action="store_true", help="only print the number of images")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Run the command; exit code 2 for bad input, and while another process uses the collection."""
        from harvester.cli import run_command

        if any(arg.startswith("--") or not arg for arg in args):
            raise UsageError(f"unknown: {' '.join(args)}", print_help=False)
        if not args and not opts.site and not opts.reason:
            raise UsageError(f"expected the images to forget: {self.syntax()}", print_help=False)
        self.exitcode = run_command(lambda: self._forget(args, opts.site, opts.reason, dry=opts.dry_run))

    def _forget(self, args: list[str], site: str | None, reason: str | None, *, dry: bool) -> int:
        from harvester.cli import open_collection, print_message
        from harvester.errors import UsageProblem
        from harvester.maintenance.find_images import forget_images
        from harvester.reasons import REASONS

        if reason is not None and reason not in REASONS:
            raise UsageProblem(f"--reason {reason}: must be one of {', '.join(REASONS)}.")
        assert self.settings is not None
        with open_collection(self.settings, "" if dry else "scrapy forget") as (places, catalogue):
            result = forget_images(catalogue, places, args, site=site, reason=reason, dry=dry)
        for text in result.unknown:
            print_message(f"{text}: no such image in the catalogue.")
        print(result.message(dry=dry))  # noqa: T201
        return int(bool(result.unknown) or not result.images)
