"""`scrapy tag …`: manage a tree of tags on images; every change is logged and can be undone."""

import argparse
import io
import json
import sys
from typing import TYPE_CHECKING

from harvester.cli import ANY_NUMBER, RULES, HarvesterCommand, add_rules, print_error, read_rules

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from harvester.catalogue.selection import Selection
    from harvester.storage.paths import DataPaths

ACTIONS = {
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
"""Action -> its arguments."""

CHANGES_SHOWN = 50
"""The most changes that `history` prints."""


class Command(HarvesterCommand):
    """Runs one of the tag actions; exit code 1 if no picture matches or some are unknown, 2 for bad input."""

    usage = f"{'|'.join(ACTIONS)} …"
    description = "Tag images by album, by rule or by a list of sha256 on stdin; edit the tree of tags"
    min_args, max_args = 1, ANY_NUMBER

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add the rules of `apply` and `clear`, and the option of `list` and `history`."""
        super().add_options(parser)
        add_rules(parser, "for apply and clear: images", [name for name in RULES if name != "status"])
        parser.add_argument("--json", action="store_true", help="for list and history: print JSON")

    def expected(self, args: list[str]) -> str:
        """Name what the action takes."""
        return f"scrapy tag {args[0]} {ACTIONS[args[0]]}".strip() if args and args[0] in ACTIONS else self.usage

    def execute(self, args: list[str], opts: argparse.Namespace) -> int:
        """Print the tags, the history, or what was changed."""
        action, *arguments = args
        selection = read_rules(opts)
        if not _is_valid(action, arguments, selection, as_json=opts.json):
            raise self.misuse(args)
        complaints: list[str] = []
        with self.collection() as (paths, catalogue), catalogue.begin() as connection:
            if action in ("apply", "clear"):
                output = _tag_pictures(connection, paths, action, arguments, selection, complaints)
            elif action == "list":
                output = _format_tags(connection, as_json=opts.json)
            elif action == "history":
                output = _format_history(connection, as_json=opts.json)
            else:
                output = _change_tags(connection, action, arguments)
        print(output)
        for complaint in complaints:
            print_error(complaint)
        return int(bool(complaints))


def _is_valid(action: str, arguments: list[str], selection: "Selection", *, as_json: bool) -> bool:
    """Whether the action takes these arguments and options."""
    if action in ("apply", "clear"):
        return not as_json and (len(arguments) == 1 if selection else len(arguments) == 2 and arguments[1] == "-")
    argument_counts = {"add": 1, "rename": 2, "move": 2, "delete": 1, "list": 0, "undo": 0, "history": 0}
    return (
        argument_counts.get(action) == len(arguments)
        and not selection
        and (action in ("list", "history") or not as_json)
    )


def _change_tags(connection: "Connection", action: str, arguments: list[str]) -> str:
    from harvester.maintenance import tagging

    functions: dict[str, Callable[..., str]] = {
        "add": tagging.add_tag, "rename": tagging.rename_tag, "move": tagging.move_tag, "delete": tagging.delete_tag,
        "undo": tagging.undo_change,
    }  # fmt: skip
    return functions[action](connection, *arguments)


def _tag_pictures(
    connection: "Connection",
    paths: "DataPaths",
    action: str,
    arguments: list[str],
    selection: "Selection",
    complaints: list[str],
) -> str:
    from harvester.catalogue.selection import selected_pictures
    from harvester.maintenance import tagging

    if selection:
        matching, unknown = selected_pictures(connection, paths, selection), 0
    else:
        if isinstance(sys.stdin, io.TextIOWrapper):
            sys.stdin.reconfigure(errors="backslashreplace")  # the rest of a CSV line may contain any bytes
        matching, unknown = tagging.read_picture_list(connection, sys.stdin)
    if unknown:
        complaints.append(f"The collection has no image for {unknown:,} of the given sha256.")
    if connection.execute(matching.limit(1)).first() is None:
        complaints.append("No image matches.")
    return (tagging.apply_tag if action == "apply" else tagging.clear_tag)(connection, arguments[0], matching)


def _format_tags(connection: "Connection", *, as_json: bool) -> str:
    from harvester.reporting.tags import format_tag, read_tag_rows
    from harvester.text import escape_control_chars

    rows = [vars(tag) for tag in read_tag_rows(connection)]
    if as_json:
        return json.dumps(rows, indent=2)
    return "\n".join(escape_control_chars(format_tag(tag)) for tag in rows) or "No tags yet."


def _format_history(connection: "Connection", *, as_json: bool) -> str:
    from harvester.catalogue.tags.tag_undo import list_changes
    from harvester.text import escape_control_chars, format_time

    changes = list_changes(connection, CHANGES_SHOWN)
    if as_json:
        return json.dumps([vars(change) for change in changes], indent=2)
    lines = []
    for change in changes:
        undo_text = f"undo of change {change.undoes}: " if change.undoes else ""
        undone_text = " (undone)" if change.undone else ""
        text = (
            f"{change.id}  {format_time(change.at)}  {change.origin}  {undo_text}{'; '.join(change.done)}{undone_text}"
        )
        lines.append(escape_control_chars(text))
    return "\n".join(lines)
