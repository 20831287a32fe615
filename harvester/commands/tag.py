"""`scrapy tag …`: a tree of tags on pictures, every change logged and taken back by `undo`."""

import argparse
import io
import json
import sys
from typing import TYPE_CHECKING, Any, ClassVar

from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from harvester.catalogue.selection import Selection
    from harvester.places import Places

WORDS = {
    "add": "TAG|PARENT/TAG",
    "rename": "TAG NAME",
    "move": "TAG PARENT|/",
    "delete": "TAG",
    "apply": "TAG -|RULE …",
    "clear": "TAG -|RULE …",
    "list": "[--json]",
    "undo": "",
    "history": "[--json]",
}
"""What follows each word."""

RULES = {
    "site": "pictures of this site",
    "collection": "pictures whose named copies are in this folder",
    "author": "pictures of this author",
    "album": "pictures of an album: USER/ALBUM, by names or numbers",
    "source_tag": "pictures to which the source gives this tag",
    "tag": "pictures that have this tag of ours",
}
"""Rules for pictures; every one that is given must fit."""

SHOWN = 50
"""Changes that `history` tells."""


class Command(ScrapyCommand):
    """Exit code 1 when the pictures named are none, or some of them are unknown; 2 for bad input."""

    requires_project = True
    requires_crawler_process = False
    default_settings: ClassVar[dict[str, Any]] = {"LOG_ENABLED": False}

    def syntax(self) -> str:
        """How it is called."""
        return "|".join(WORDS) + " …"

    def short_desc(self) -> str:
        """One line for `scrapy`."""
        return "Tag pictures: by album, by rule, or by a list of sha256 on stdin"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """The rules, and one option of `list` and `history`."""
        super().add_options(parser)
        for name, meaning in RULES.items():
            parser.add_argument(f"--{name.replace('_', '-')}", help=f"of apply and clear: {meaning}")
        parser.add_argument("--json", action="store_true", help="of list and history: print JSON")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Exit code 2 for bad input."""
        from harvester.catalogue.selection import Selection
        from harvester.console import exit_code

        word, rest = (args[0], args[1:]) if args else ("", [])
        wanted = Selection(**{name: getattr(opts, name) for name in RULES})
        if not _fits(word, rest, wanted, as_json=opts.json):
            forms = [f"scrapy tag {word} {WORDS[word]}"] if word in WORDS else [self.syntax()]
            raise UsageError(f"expected {forms[0].strip()}", print_help=False)
        self.exitcode = exit_code(lambda: self._do(word, rest, wanted, as_json=opts.json))

    def _do(self, word: str, rest: list[str], wanted: "Selection", *, as_json: bool) -> int:
        from harvester.catalogue.trouble import told_plainly
        from harvester.console import collection, complain

        assert self.settings is not None
        complaints: list[str] = []
        with collection(self.settings) as (places, catalogue), told_plainly(catalogue), catalogue.begin() as connection:
            if word in ("apply", "clear"):
                told = _mark(connection, places, word, rest, wanted, complaints)
            elif word == "list":
                told = _listed(connection, as_json=as_json)
            elif word == "history":
                told = _history(connection, as_json=as_json)
            else:
                told = _change(connection, word, rest)
        print(told)  # noqa: T201
        for complaint in complaints:
            complain(complaint)
        return int(bool(complaints))


def _fits(word: str, rest: list[str], wanted: "Selection", *, as_json: bool) -> bool:
    """Whether that many words and these options belong to the word."""
    if any(not text or text.startswith("--") for text in rest):
        return False
    if word in ("apply", "clear"):
        return not as_json and (len(rest) == 1 if wanted else len(rest) == 2 and rest[1] == "-")
    numbers = {"add": 1, "rename": 2, "move": 2, "delete": 1, "list": 0, "undo": 0, "history": 0}
    return numbers.get(word) == len(rest) and not wanted and (word in ("list", "history") or not as_json)


def _change(connection: "Connection", word: str, rest: list[str]) -> str:
    from harvester.upkeep import tagging

    does: dict[str, Callable[..., str]] = {
        "add": tagging.add, "rename": tagging.rename, "move": tagging.move, "delete": tagging.delete,
        "undo": tagging.undo,
    }  # fmt: skip
    return does[word](connection, *rest)


def _mark(
    connection: "Connection", places: "Places", word: str, rest: list[str], wanted: "Selection", complaints: list[str]
) -> str:
    from harvester.catalogue.selection import pictures
    from harvester.upkeep import tagging

    if wanted:
        found, unknown = pictures(connection, places, wanted), 0
    else:
        if isinstance(sys.stdin, io.TextIOWrapper):
            sys.stdin.reconfigure(errors="backslashreplace")  # the rest of a line of CSV may be anything
        found, unknown = tagging.known(connection, sys.stdin)
    if unknown:
        complaints.append(f"Of {unknown:,} of the list the collection has no picture.")
    if connection.execute(found.limit(1)).first() is None:
        complaints.append("No picture is named by that.")
    return (tagging.apply if word == "apply" else tagging.clear)(connection, rest[0], found)


def _listed(connection: "Connection", *, as_json: bool) -> str:
    from harvester.export.tagged import line, tagged
    from harvester.text import printable

    found = [vars(tag) for tag in tagged(connection)]
    if as_json:
        return json.dumps(found, indent=2)
    return "\n".join(printable(line(tag)) for tag in found) or "NO TAGS CREATED"


def _history(connection: "Connection", *, as_json: bool) -> str:
    from harvester.catalogue.tagundo import history
    from harvester.export.units import moment
    from harvester.text import printable

    changes = history(connection, SHOWN)
    if as_json:
        return json.dumps([vars(change) for change in changes], indent=2)
    lines = []
    for change in changes:
        back = f"undo of change {change.undoes}: " if change.undoes else ""
        taken = " (taken back)" if change.undone else ""
        told = f"{change.id}  {moment(change.at)}  {change.origin}  {back}{'; '.join(change.done)}{taken}"
        lines.append(printable(told))
    return "\n".join(lines)
