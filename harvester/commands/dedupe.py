"""`scrapy dedupe`: find near-duplicates, and list the groups that wait for a decision."""

import argparse
import json
from collections import Counter
from typing import TYPE_CHECKING

from harvester.cli import HarvesterCommand

if TYPE_CHECKING:
    from harvester.duplicates.groups import Group
    from harvester.duplicates.limits import MatchLimits
    from harvester.duplicates.search import SearchResult

METHODS = ("phash", "dhash", "average", "whash")

GROUPS_SHOWN = 20
"""The most undecided groups that are printed."""


class Command(HarvesterCommand):
    """Compares new pictures with all pictures and prints the result; exit code 2 while another search runs."""

    usage = "[--METHOD BITS|off] [--animated-METHOD BITS|off] [--orientations] [--json]"
    description = "Find near-duplicates; decide about them with scrapy verdict"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add two limits for each method, and the other options."""
        super().add_options(parser)
        for method in METHODS:
            help_text = f"largest difference in {method}, in bits, or off"
            parser.add_argument(f"--{method}", metavar="BITS", help=help_text)
            parser.add_argument(f"--animated-{method}", metavar="BITS", help=f"{help_text}; for animated images")
        parser.add_argument("--orientations", action="store_true", help="also find mirrored and rotated copies")
        parser.add_argument("--json", action="store_true", help="print the numbers as JSON")

    def execute(self, args: list[str], opts: argparse.Namespace) -> int:
        """Search, and print text or JSON."""
        from harvester.catalogue.statistics import count_same_bytes
        from harvester.duplicates.groups import find_groups
        from harvester.duplicates.limits import parse_limits
        from harvester.duplicates.search import find_duplicates
        from harvester.storage.blobs import BlobStore
        from harvester.storage.locks import DedupeLock

        limits = parse_limits(_given_limits(opts, ""), _given_limits(opts, "animated_"), orientations=opts.orientations)
        image_limits = self.stored_image_options().limits
        with self.collection() as (paths, catalogue):
            lock = DedupeLock(paths)
            try:
                result = find_duplicates(catalogue, BlobStore(paths.blobs), limits, image_limits)
                with catalogue.connect() as connection:
                    groups, (same_bytes, _) = find_groups(connection), count_same_bytes(connection)
            finally:
                lock.release()
        if opts.json:
            print(_format_json(limits, result, groups, same_bytes))
        else:
            print(_format_text(result, groups, same_bytes))
        return 0


def _given_limits(opts: argparse.Namespace, prefix: str) -> dict[str, str]:
    values = {method: getattr(opts, prefix + method) for method in METHODS}
    return {method: text for method, text in values.items() if text is not None}


def _format_json(limits: "MatchLimits", result: "SearchResult", groups: "list[Group]", same_bytes: int) -> str:
    from harvester.duplicates.groups import STATES

    states = Counter(group.state for group in groups)
    report = {
        "limits": limits.as_dict(),
        "compared": {"new": result.new, "known": result.known},
        "left_out": {"low_detail": result.low_detail, "videos": result.videos, "outdated": result.outdated},
        "new_pairs": result.pairs,
        "groups": {state: states[state] for state in STATES},
        "images_in_groups": sum(len(group.members) for group in groups),
        "same_bytes": same_bytes,
    }
    return json.dumps(report, indent=2)


def _format_text(result: "SearchResult", groups: "list[Group]", same_bytes: int) -> str:
    from harvester.duplicates.describe import summary_line
    from harvester.duplicates.groups import DECIDED, STATES
    from harvester.text import count_noun

    states = Counter(group.state for group in groups)
    pairs = ", ".join(f"{number:,} by {method}" for method, number in sorted(result.pairs.items()))
    mutual = "" if result.new == 1 else " each other and"
    lines = [
        f"compared    {count_noun(result.new, 'new image')} with{mutual} {result.known:,} known",
        f"left out    {result.low_detail:,} low-detail, {count_noun(result.videos, 'video')}, "
        f"{result.outdated:,} with old fingerprints",
        f"new pairs   {pairs or 'none'}",
        f"groups      {len(groups):,}: {', '.join(f'{states[state]:,} {state}' for state in STATES)}",
        f"exact       {count_noun(same_bytes, 'image')} with the same bytes as an earlier one",
    ]
    undecided = [group for group in groups if group.state != DECIDED]
    if undecided:
        lines += ["", *(summary_line(group) for group in undecided[:GROUPS_SHOWN])]
        more = f"{len(undecided) - GROUPS_SHOWN:,} more; " if len(undecided) > GROUPS_SHOWN else ""
        lines += ["", f"{more}scrapy verdict lists the undecided groups, scrapy verdict GROUP shows a group"]
    return "\n".join(lines)
