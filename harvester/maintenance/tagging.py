"""Tag commands: add, rename, move, delete, apply, clear and undo.

Each function makes one change as part of a caller's transaction and returns a sentence about it. It raises
UsageProblem, and changes nothing, if the request cannot be fulfilled.
"""

import re
from collections.abc import Iterable, Iterator

from sqlalchemy import Connection

from harvester.catalogue.tags import tag_assignment, tag_tree, tag_undo
from harvester.errors import UsageProblem
from harvester.text import count_noun, escape_control_chars

ORIGIN = "tag"
TOP_LEVEL = "/"

_SHA256 = re.compile(r"[0-9a-f]{64}")


def add_tag(connection: Connection, text: str) -> str:
    """Add a tag, at the top level or as `PARENT/NAME`."""
    change = tag_assignment.begin_change(connection, ORIGIN)
    tree = tag_assignment.load_tree(connection)
    parent_path, _, name = text.rpartition("/")
    parent = tag_tree.find_tag(tree, parent_path) if parent_path else None
    tag_id = tag_assignment.add_tag(connection, change, tag_tree.validate_name(tree, name), parent)
    return f"Added {_describe_tag(connection, tag_id)}."


def rename_tag(connection: Connection, text: str, name: str) -> str:
    """Rename a tag; only the case may differ, too."""
    change = tag_assignment.begin_change(connection, ORIGIN)
    tree = tag_assignment.load_tree(connection)
    tag_id = tag_tree.find_tag(tree, text)
    name = tag_tree.validate_name(tree, name, tag_id)
    if name != tree[tag_id].name:
        tag_assignment.append(connection, change, "rename", tag_id, name=name)
    return _close_change(connection, change, f"{tree[tag_id].name} is now {_describe_tag(connection, tag_id)}.")


def move_tag(connection: Connection, text: str, parent_text: str) -> str:
    """Move a tag and everything below it to another parent; `/` is the top level."""
    change = tag_assignment.begin_change(connection, ORIGIN)
    tree = tag_assignment.load_tree(connection)
    tag_id = tag_tree.find_tag(tree, text)
    parent = None if parent_text == TOP_LEVEL else tag_tree.find_tag(tree, parent_text)
    tag_tree.check_move(tree, tag_id, parent)
    if parent != tree[tag_id].parent:
        tag_assignment.append(connection, change, "move", tag_id, parent_id=parent)
    return _close_change(connection, change, f"Moved: {_describe_tag(connection, tag_id)}.")


def delete_tag(connection: Connection, text: str) -> str:
    """Delete a tag without children, and take it off every picture."""
    change = tag_assignment.begin_change(connection, ORIGIN)
    tree = tag_assignment.load_tree(connection)
    tag_id = tag_tree.find_tag(tree, text)
    if children := tag_tree.children(tree, tag_id):
        names = ", ".join(tree[child].name for child in children)
        raise UsageProblem(f"{tree[tag_id].name} has tags below it ({names}); delete or move them first.")
    picture_count = tag_assignment.count_pictures(connection, tag_assignment.pictures_with_tag(tag_id, tree[tag_id]))
    tag_assignment.append(connection, change, "delete", tag_id)
    return f"Deleted {tag_tree.tag_path(tree, tag_id)} ({tag_id}); {count_noun(picture_count, 'image')} had it."


def apply_tag(connection: Connection, text: str, pictures: tag_assignment.PictureQuery) -> str:
    """Apply a tag to pictures."""
    change, tag_id = (
        tag_assignment.begin_change(connection, ORIGIN),
        tag_tree.find_tag(tag_assignment.load_tree(connection), text),
    )
    new_count = tag_assignment.apply_tag(connection, change, tag_id, pictures)
    return _close_change(
        connection, change, f"{_describe_tag(connection, tag_id)} is on {count_noun(new_count, 'more image')}."
    )


def clear_tag(connection: Connection, text: str, pictures: tag_assignment.PictureQuery) -> str:
    """Remove a tag from pictures."""
    change, tag_id = (
        tag_assignment.begin_change(connection, ORIGIN),
        tag_tree.find_tag(tag_assignment.load_tree(connection), text),
    )
    cleared_count = tag_assignment.clear_tag(connection, change, tag_id, pictures)
    return _close_change(
        connection, change, f"{_describe_tag(connection, tag_id)} is off {count_noun(cleared_count, 'image')}."
    )


def undo_change(connection: Connection) -> str:
    """Undo the last change that is not undone, as a whole."""
    last_change = tag_undo.last_undoable(connection)
    if last_change is None:
        raise UsageProblem("There is nothing to undo.")
    change = tag_assignment.begin_change(connection, ORIGIN, last_change)
    entries = tag_undo.undo_change(connection, change, last_change)
    entries_text = count_noun(entries, "new entry", "new entries")
    return f"Undid change {last_change} by {entries_text}; scrapy tag history shows it."


def read_picture_list(connection: Connection, lines: Iterable[str]) -> tuple[tag_assignment.PictureQuery, int]:
    """The stored pictures that lines name by sha256, the first word of each; and the number of pictures without a blob.

    The lines may be CSV, such as those of `scrapy show images --csv`.
    """
    listed = tag_assignment.from_list(connection, _parse_sha256s(lines))
    tag_assignment.lock_tags(connection)  # what follows reads, and a change shall follow it
    stored = tag_assignment.stored_pictures(listed)
    listed_count, stored_count = (tag_assignment.count_pictures(connection, pictures) for pictures in (listed, stored))
    return stored, listed_count - stored_count


def _parse_sha256s(lines: Iterable[str]) -> Iterator[str]:
    for line_number, line in enumerate(lines, 1):
        word = line.partition(",")[0].split(maxsplit=1)[:1]
        if not word or word == ["sha256"]:  # a row of an image without bytes; the headings of scrapy show
            continue
        if not _SHA256.fullmatch(word[0].lower()):
            raise UsageProblem(f"Line {line_number} of the list is not a sha256: {escape_control_chars(word[0][:80])}.")
        yield word[0].lower()


def _describe_tag(connection: Connection, tag_id: int) -> str:
    return f"{tag_tree.tag_path(tag_assignment.load_tree(connection), tag_id)} ({tag_id})"


def _close_change(connection: Connection, change: int, sentence: str) -> str:
    return sentence if tag_assignment.close_change(connection, change) else f"{sentence} Nothing changed."
