"""`scrapy verdict`: what a person says of pictures that look alike. Nothing is deleted by it."""

import argparse
from typing import TYPE_CHECKING, Any, ClassVar

from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

    from harvester.duplicates.deciding import Said


class Command(ScrapyCommand):
    """Lists the groups that wait, shows one, decides, takes back; exit code 1 where nothing is left to take back."""

    requires_project = True
    requires_crawler_process = False
    default_settings: ClassVar[dict[str, Any]] = {"LOG_ENABLED": False}

    def syntax(self) -> str:
        """How it is called."""
        return "[GROUP [--keep SHA …] [--skip SHA …] [--false [SHA …]]] | --undo | --history"

    def short_desc(self) -> str:
        """One line for `scrapy`."""
        return "Decide which look-alikes to keep, hide or tell apart; without GROUP: what waits for that"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """What is said, and two ways to look at what was said."""
        super().add_options(parser)
        few: dict[str, Any] = {"nargs": "+", "action": "extend", "metavar": "SHA", "default": []}
        parser.add_argument("--keep", help="show these, even if repeated", **few)
        parser.add_argument("--skip", help="hide these from exports, in favour of those that are kept", **few)
        parser.add_argument(
            "--false",
            nargs="*",
            metavar="SHA",
            help="these are not the same as the others; alone: all that are not named",
        )
        parser.add_argument("--undo", action="store_true", help="take the last decision back")
        parser.add_argument("--history", action="store_true", help="print every decision")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Exit code 2 for bad input."""
        from harvester.console import exit_code
        from harvester.duplicates.deciding import Said

        alone = opts.false is not None and not opts.false
        said = Said({"keep": opts.keep, "skip": opts.skip, "false": opts.false or []}, rest_false=alone)
        unknown = [arg for arg in args if arg.startswith("-") or not arg]
        if unknown or len(args) > 1 or (said and not args) or bool(args) + opts.undo + opts.history > 1:
            raise UsageError(f"expected: scrapy verdict {self.syntax()}", print_help=False)
        self.exitcode = exit_code(lambda: self._answer(args, said, undo=opts.undo, history=opts.history))

    def _answer(self, args: list[str], said: "Said", *, undo: bool, history: bool) -> int:
        from harvester.catalogue.trouble import told_plainly
        from harvester.console import collection
        from harvester.duplicates.told import history as told
        from harvester.locks import lock_verdicts

        assert self.settings is not None
        with collection(self.settings) as (places, catalogue):
            if undo or said:
                self._lock = lock_verdicts(places)  # until the end of the process
            with told_plainly(catalogue), catalogue.begin() as connection:
                if history:
                    lines = list(told(connection))
                elif undo:
                    lines = list(_undo(connection))
                else:
                    lines = list(_group(connection, args[0], said) if args else _waiting(connection))
        print("\n".join(lines) or "No decision was made yet.")  # noqa: T201
        return int(undo and not lines)


def _waiting(connection: "Connection") -> "Iterator[str]":
    from harvester.duplicates.groups import DECIDED, groups
    from harvester.duplicates.told import heading

    found = groups(connection)
    waiting = [group for group in found if group.state != DECIDED]
    yield from map(heading, waiting)
    yield f"{len(waiting):,} of {len(found):,} groups wait for a decision"


def _group(connection: "Connection", start: str, said: "Said") -> "Iterator[str]":
    from harvester.duplicates.deciding import decide, find
    from harvester.duplicates.told import description

    group = find(connection, start)
    yield from description(connection, decide(connection, group, said) if said else group)


def _undo(connection: "Connection") -> "Iterator[str]":
    from harvester.catalogue import verdicts
    from harvester.duplicates.deciding import ORIGIN
    from harvester.duplicates.told import taken_back

    decision = verdicts.undo(connection, ORIGIN)
    if decision is not None:
        yield from taken_back(connection, decision)
