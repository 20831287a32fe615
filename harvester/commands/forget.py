"""`scrapy forget`: make images pending again, so that the next crawl fetches them again."""

import argparse

from harvester.cli import ANY_NUMBER, HarvesterCommand, print_message


class Command(HarvesterCommand):
    """Makes images pending again, without their known bytes; touches no file. Exit code 1 if nothing is found."""

    usage = "[URL|ID|SHA256|FILE …] [--site SITE] [--reason REASON] [--dry-run]"
    description = "Make images pending, so that the next crawl fetches them again"
    max_args = ANY_NUMBER

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add the rules that can be given besides addresses; an image must match all of them."""
        super().add_options(parser)
        parser.add_argument("--site", help="only images of this site")
        parser.add_argument("--reason", help="only images with this reason; docs/reasons.md lists them")
        parser.add_argument("--dry-run", action="store_true", help="only print the number of images")

    def expected(self, args: list[str]) -> str:
        """Say that some images must be named."""
        return f"the images to forget: {self.usage}"

    def execute(self, args: list[str], opts: argparse.Namespace) -> int:
        """Refuse to run while another process uses the collection, unless nothing is to be changed."""
        from harvester.errors import UsageProblem
        from harvester.maintenance.find_images import forget_images
        from harvester.reasons import REASONS

        if not args and not opts.site and not opts.reason:
            raise self.misuse(args)
        if opts.reason is not None and opts.reason not in REASONS:
            raise UsageProblem(f"--reason {opts.reason}: must be one of {', '.join(REASONS)}.")
        with self.collection(locked=not opts.dry_run) as (paths, catalogue):
            result = forget_images(catalogue, paths, args, site=opts.site, reason=opts.reason, dry=opts.dry_run)
        for text in result.unknown:
            print_message(f"{text}: no such image in the catalogue.")
        print(result.message(dry=opts.dry_run))
        return int(bool(result.unknown) or not result.images)
