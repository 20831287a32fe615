"""`scrapy verdict`: decisions on near-duplicates; it deletes nothing."""

import argparse
from typing import TYPE_CHECKING, Any

from harvester.cli import HarvesterCommand

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

    from harvester.duplicates.decide import DecisionInput


class Command(HarvesterCommand):
    """Lists undecided groups, shows one, records and undoes decisions; exit code 1 if there is nothing to undo."""

    usage = "[GROUP [--keep SHA …] [--skip SHA …] [--not-duplicate [SHA …]]] | --undo | --history"
    description = "Decide about near-duplicates: keep, skip or not a duplicate; without GROUP, list undecided groups"
    max_args = 1

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add the options for decisions, undo and history."""
        super().add_options(parser)
        list_option: dict[str, Any] = {"nargs": "+", "action": "extend", "metavar": "SHA", "default": []}
        parser.add_argument("--keep", help="keep these, even if repeated", **list_option)
        parser.add_argument("--skip", help="skip these in exports, in favour of those that are kept", **list_option)
        parser.add_argument(
            "--not-duplicate",
            nargs="*",
            metavar="SHA",
            help="these are not duplicates of the others; without SHA, all images that are not named",
        )
        parser.add_argument("--undo", action="store_true", help="undo the last decision")
        parser.add_argument("--history", action="store_true", help="print every decision")

    def execute(self, args: list[str], opts: argparse.Namespace) -> int:
        """Record or undo a decision, or print."""
        from harvester.duplicates.decide import DecisionInput
        from harvester.duplicates.describe import history_lines
        from harvester.storage.locks import lock_verdicts

        prefixes = {"keep": opts.keep, "skip": opts.skip, "false": opts.not_duplicate or []}
        decision = DecisionInput(prefixes, rest_not_duplicate=opts.not_duplicate == [])
        if (decision and not args) or len(args) + opts.undo + opts.history > 1:
            raise self.misuse(args)
        with self.collection() as (paths, catalogue):
            if opts.undo or decision:
                self._lock = lock_verdicts(paths)  # until the end of the process
            with catalogue.begin() as connection:
                if opts.history:
                    lines = list(history_lines(connection))
                elif opts.undo:
                    lines = list(_undo_last(connection))
                else:
                    lines = list(_show_group(connection, args[0], decision) if args else _list_undecided(connection))
        print("\n".join(lines) or "No decisions yet.")
        return int(opts.undo and not lines)


def _list_undecided(connection: "Connection") -> "Iterator[str]":
    from harvester.duplicates.describe import summary_line
    from harvester.duplicates.groups import DECIDED, find_groups
    from harvester.text import count_noun

    all_groups = find_groups(connection)
    undecided = [group for group in all_groups if group.state != DECIDED]
    yield from map(summary_line, undecided)
    yield f"{len(undecided):,} of {count_noun(len(all_groups), 'group')} undecided."


def _show_group(connection: "Connection", start: str, decision: "DecisionInput") -> "Iterator[str]":
    from harvester.duplicates.decide import decide_group, find_group
    from harvester.duplicates.describe import describe_group

    group = find_group(connection, start)
    yield from describe_group(connection, decide_group(connection, group, decision) if decision else group)


def _undo_last(connection: "Connection") -> "Iterator[str]":
    from harvester.catalogue.duplicates import verdicts
    from harvester.duplicates.decide import ORIGIN
    from harvester.duplicates.describe import undo_message

    decision = verdicts.undo_decision(connection, ORIGIN)
    if decision is not None:
        yield from undo_message(connection, decision)
