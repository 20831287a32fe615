"""`scrapy dedupe`: which pictures look alike, and which groups of them wait for a decision."""

import argparse
import json
from collections import Counter
from typing import TYPE_CHECKING, Any, ClassVar

from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError

if TYPE_CHECKING:
    from harvester.duplicates.groups import Group
    from harvester.duplicates.limits import Limits
    from harvester.duplicates.search import Compared

METHODS = ("phash", "dhash", "average", "whash")

SHOWN = 20
"""Groups that wait for a decision, printed one by one."""


class Command(ScrapyCommand):
    """Compares pictures that are new with all, and prints what came of it; exit code 2 for bad input."""

    requires_project = True
    requires_crawler_process = False
    default_settings: ClassVar[dict[str, Any]] = {"LOG_ENABLED": False}

    def syntax(self) -> str:
        """How it is called."""
        return "[--METHOD BITS|off] [--animated-METHOD BITS|off] [--orientations] [--json]"

    def short_desc(self) -> str:
        """One line for `scrapy`."""
        return "Find pictures that look alike; decide with scrapy verdict"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Two limits for each method."""
        super().add_options(parser)
        for method in METHODS:
            where = f"bits in which the {method} of look-alikes may differ, or off"
            parser.add_argument(f"--{method}", metavar="BITS", help=where)
            parser.add_argument(f"--animated-{method}", metavar="BITS", help=f"{where}, where either is animated")
        parser.add_argument("--orientations", action="store_true", help="find mirrored and turned copies, too")
        parser.add_argument("--json", action="store_true", help="print the numbers as JSON")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Exit code 2 for bad input, and while another search runs."""
        from harvester.console import exit_code

        if args:
            raise UsageError(f"unknown: {' '.join(args)}", print_help=False)
        self.exitcode = exit_code(lambda: self._search(opts))

    def _search(self, opts: argparse.Namespace) -> int:
        from harvester.blobs import BlobStore
        from harvester.catalogue.searches import exact_duplicates
        from harvester.catalogue.trouble import told_plainly
        from harvester.console import collection
        from harvester.duplicates.groups import groups
        from harvester.duplicates.limits import limits
        from harvester.duplicates.search import search
        from harvester.imaging.decode import set_pixel_limit
        from harvester.locks import DedupeLock
        from harvester.options import adoption_options

        assert self.settings is not None
        wanted = limits(_given(opts, ""), _given(opts, "animated_"), orientations=opts.orientations)
        pixels = adoption_options(self.settings).limits
        set_pixel_limit(pixels.max_pixels)
        with collection(self.settings) as (places, catalogue):
            lock = DedupeLock(places)
            try:
                with told_plainly(catalogue):
                    compared = search(catalogue, BlobStore(places.blobs), wanted, pixels)
                    with catalogue.connect() as connection:
                        found, exact = groups(connection), exact_duplicates(connection)
            finally:
                lock.release()
        print(_json(wanted, compared, found, exact) if opts.json else _text(compared, found, exact))  # noqa: T201
        return 0


def _given(opts: argparse.Namespace, prefix: str) -> dict[str, str]:
    given = {method: getattr(opts, prefix + method) for method in METHODS}
    return {method: text for method, text in given.items() if text is not None}


def _json(limits: "Limits", compared: "Compared", groups: "list[Group]", exact: int) -> str:
    from harvester.duplicates.groups import STATES

    states = Counter(group.state for group in groups)
    told = {
        "limits": limits.as_dict(),
        "compared": {"new": compared.new, "known": compared.known},
        "left_out": {"flat": compared.flat, "videos": compared.videos, "outdated": compared.outdated},
        "new_pairs": compared.pairs,
        "groups": {state: states[state] for state in STATES},
        "pictures_in_groups": sum(len(group.members) for group in groups),
        "exact_duplicates": exact,
    }
    return json.dumps(told, indent=2)


def _text(compared: "Compared", groups: "list[Group]", exact: int) -> str:
    from harvester.duplicates.groups import DECIDED, STATES
    from harvester.duplicates.told import heading

    states = Counter(group.state for group in groups)
    pairs = ", ".join(f"{number:,} by {method}" for method, number in sorted(compared.pairs.items()))
    lines = [
        f"compared    {compared.new:,} new with each other and with {compared.known:,} known",
        f"left out    {compared.flat:,} flat, {compared.videos:,} videos, {compared.outdated:,} with old fingerprints",
        f"new pairs   {pairs or 'none'}",
        f"groups      {len(groups):,}: {', '.join(f'{states[state]:,} {state}' for state in STATES)}",
        f"exact       {exact:,} images have the very same bytes as an earlier one",
    ]
    waiting = [group for group in groups if group.state != DECIDED]
    if waiting:
        lines += ["", *(heading(group) for group in waiting[:SHOWN])]
        more = f"{len(waiting) - SHOWN:,} more; " if len(waiting) > SHOWN else ""
        lines += ["", f"{more}scrapy verdict lists what waits, scrapy verdict GROUP shows a group"]
    return "\n".join(lines)
