"""`scrapy dedupe`: find near-duplicates, and list the groups that wait for a decision."""

import argparse
import json
from collections import Counter
from typing import TYPE_CHECKING, Any, ClassVar

from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError

if TYPE_CHECKING:
    from harvester.duplicates.groups import Group
    from harvester.duplicates.limits import MatchLimits
    from harvester.duplicates.search import SearchResult

METHODS = ("phash", "dhash", "average", "whash")

GROUPS_SHOWN = 20
"""The most undecided groups that are printed."""


class Command(ScrapyCommand):
    """Compares new pictures with all pictures and prints the result; exit code 2 for bad input."""

    requires_project = True
    requires_crawler_process = False
    default_settings: ClassVar[dict[str, Any]] = {"LOG_ENABLED": False}

    def syntax(self) -> str:
        """The arguments of the command, for its help."""
        return "[--METHOD BITS|off] [--animated-METHOD BITS|off] [--orientations] [--json]"

    def short_desc(self) -> str:
        """The line in the list of commands."""
        return "Find near-duplicates; decide about them with scrapy verdict"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add two limits for each method, and the other options."""
        super().add_options(parser)
        for method in METHODS:
            help_text = f"bits in which the {method} of near-duplicates may differ, or off"
            parser.add_argument(f"--{method}", metavar="BITS", help=help_text)
            parser.add_argument(f"--animated-{method}", metavar="BITS", help=f"{help_text}, where either is animated")
        parser.add_argument("--orientations", action="store_true", help="also find mirrored and rotated copies")
        parser.add_argument("--json", action="store_true", help="print the numbers as JSON")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Run the command; exit code 2 for bad input, and while another search runs."""
        from harvester.cli import run_command

        if args:
            raise UsageError(f"unknown: {' '.join(args)}", print_help=False)
        self.exitcode = run_command(lambda: self._search(opts))

    def _search(self, opts: argparse.Namespace) -> int:
        from harvester.catalogue.db_errors import translate_db_errors
        from harvester.catalogue.duplicates.searches import count_exact_duplicates
        from harvester.cli import open_collection
        from harvester.duplicates.groups import find_groups
        from harvester.duplicates.limits import parse_limits
        from harvester.duplicates.search import find_duplicates
        from harvester.imaging.decode import set_pixel_limit
        from harvester.imaging.settings import blob_import_options
        from harvester.storage.blobs import BlobStore
        from harvester.storage.locks import DedupeLock

        assert self.settings is not None
        search_limits = parse_limits(
            _given_limits(opts, ""), _given_limits(opts, "animated_"), orientations=opts.orientations
        )
        pixel_limits = blob_import_options(self.settings).limits
        set_pixel_limit(pixel_limits.max_pixels)
        with open_collection(self.settings) as (places, catalogue):
            lock = DedupeLock(places)
            try:
                with translate_db_errors(catalogue):
                    result = find_duplicates(catalogue, BlobStore(places.blobs), search_limits, pixel_limits)
                    with catalogue.connect() as connection:
                        found_groups, exact_count = find_groups(connection), count_exact_duplicates(connection)
            finally:
                lock.release()
        print(  # noqa: T201
            _format_json(search_limits, result, found_groups, exact_count)
            if opts.json
            else _format_text(result, found_groups, exact_count)
        )
        return 0


def _given_limits(opts: argparse.Namespace, prefix: str) -> dict[str, str]:
    values = {method: getattr(opts, prefix + method) for method in METHODS}
    return {method: text for method, text in values.items() if text is not None}


def _format_json(limits: "MatchLimits", result: "SearchResult", groups: "list[Group]", exact_count: int) -> str:
    from harvester.duplicates.groups import STATES

    states = Counter(group.state for group in groups)
    report = {
        "limits": limits.as_dict(),
        "compared": {"new": result.new, "known": result.known},
        "left_out": {"low_detail": result.low_detail, "videos": result.videos, "outdated": result.outdated},
        "new_pairs": result.pairs,
        "groups": {state: states[state] for state in STATES},
        "pictures_in_groups": sum(len(group.members) for group in groups),
        "exact_duplicates": exact_count,
    }
    return json.dumps(report, indent=2)


def _format_text(result: "SearchResult", groups: "list[Group]", exact_count: int) -> str:
    from harvester.duplicates.describe import summary_line
    from harvester.duplicates.groups import DECIDED, STATES
    from harvester.text import count_noun

    states = Counter(group.state for group in groups)
    pairs = ", ".join(f"{number:,} by {method}" for method, number in sorted(result.pairs.items()))
    mutual = "" if result.new == 1 else " each other and"
    lines = [
        f"compared    {count_noun(result.new, 'new picture')} with{mutual} {result.known:,} known",
        f"left out    {result.low_detail:,} low-detail, {count_noun(result.videos, 'video')}, "
        f"{result.outdated:,} with old fingerprints",
        f"new pairs   {pairs or 'none'}",
        f"groups      {len(groups):,}: {', '.join(f'{states[state]:,} {state}' for state in STATES)}",
        f"exact       {count_noun(exact_count, 'image')} with the same bytes as an earlier one",
    ]
    undecided = [group for group in groups if group.state != DECIDED]
    if undecided:
        lines += ["", *(summary_line(group) for group in undecided[:GROUPS_SHOWN])]
        more = f"{len(undecided) - GROUPS_SHOWN:,} more; " if len(undecided) > GROUPS_SHOWN else ""
        lines += ["", f"{more}scrapy verdict lists the undecided groups, scrapy verdict GROUP shows a group"]
    return "\n".join(lines)
