"""What a person does to the tags. Each function is one change: a part of a caller's transaction, told in a sentence.

Every one raises BadInput, and changes nothing, where what is asked for cannot be done.
"""

import re
from collections.abc import Iterable, Iterator

from sqlalchemy import Connection, func, select

from harvester.catalogue import tags, tagtree, tagundo
from harvester.catalogue.schema import blobs
from harvester.errors import BadInput
from harvester.text import printable

ORIGIN = "tag"
TOP = "/"

_SHA256 = re.compile(r"[0-9a-f]{64}")


def add(connection: Connection, text: str) -> str:
    """A new tag, at the top or as `PARENT/NAME`."""
    change = tags.begin(connection, ORIGIN)
    tree = tags.tree(connection)
    above, _, name = text.rpartition("/")
    parent = tagtree.find(tree, above) if above else None
    number = tags.add(connection, change, tagtree.free_name(tree, name), parent)
    return f"Added {_called(connection, number)}."


def rename(connection: Connection, text: str, name: str) -> str:
    """Another name, or the same in other capitals."""
    change = tags.begin(connection, ORIGIN)
    tree = tags.tree(connection)
    number = tagtree.find(tree, text)
    name = tagtree.free_name(tree, name, number)
    if name != tree[number].name:
        tags.log(connection, change, "rename", number, name=name)
    return _done(connection, change, f"{tree[number].name} is now {_called(connection, number)}.")


def move(connection: Connection, text: str, above: str) -> str:
    """To another parent, with all that is below it; `/` is the top."""
    change = tags.begin(connection, ORIGIN)
    tree = tags.tree(connection)
    number = tagtree.find(tree, text)
    parent = None if above == TOP else tagtree.find(tree, above)
    tagtree.free_place(tree, number, parent)
    if parent != tree[number].parent:
        tags.log(connection, change, "move", number, parent_id=parent)
    return _done(connection, change, f"Moved: {_called(connection, number)}.")


def delete(connection: Connection, text: str) -> str:
    """A tag without children, off every picture."""
    change = tags.begin(connection, ORIGIN)
    tree = tags.tree(connection)
    number = tagtree.find(tree, text)
    if below := tagtree.children(tree, number):
        names = ", ".join(tree[child].name for child in below)
        raise BadInput(f"{tree[number].name} has tags below it ({names}): delete or move them first.")
    had = count(connection, tags.having(number, tree[number]))
    tags.log(connection, change, "delete", number)
    return f"Deleted {tagtree.path(tree, number)} ({number}); {had:,} picture(s) had it."


def apply(connection: Connection, text: str, pictures: tags.Pictures) -> str:
    """A tag onto pictures."""
    change, number = tags.begin(connection, ORIGIN), tagtree.find(tags.tree(connection), text)
    new = tags.apply(connection, change, number, pictures)
    return _done(connection, change, f"{_called(connection, number)} is on {new:,} more picture(s).")


def clear(connection: Connection, text: str, pictures: tags.Pictures) -> str:
    """A tag off pictures."""
    change, number = tags.begin(connection, ORIGIN), tagtree.find(tags.tree(connection), text)
    had = tags.clear(connection, change, number, pictures)
    return _done(connection, change, f"{_called(connection, number)} is off {had:,} picture(s).")


def undo(connection: Connection) -> str:
    """The last change that is not taken back, as a whole."""
    last = tagundo.last(connection)
    if last is None:
        raise BadInput("There is nothing to take back.")
    change = tags.begin(connection, ORIGIN, last)
    entries = tagundo.undo(connection, change, last)
    return f"Taken back: change {last}, by {entries:,} new entries; scrapy tag history shows it."


def known(connection: Connection, lines: Iterable[str]) -> tuple[tags.Pictures, int]:
    """The pictures that lines name by their sha256, the first word of each; and how many there is no blob of.

    Lines of CSV, such as those of `scrapy show images --csv`, will do.
    """
    named = tags.picked(connection, _shas(lines))
    tags.hold(connection)  # what follows reads, and a change shall follow it
    stored = select(blobs.c.sha256).where(blobs.c.sha256.in_(named))
    return stored, count(connection, named) - count(connection, stored)


def count(connection: Connection, pictures: tags.Pictures) -> int:
    """How many they are."""
    return int(connection.execute(select(func.count()).select_from(pictures.subquery())).scalar_one())


def _shas(lines: Iterable[str]) -> Iterator[str]:
    for number, line in enumerate(lines, 1):
        word = line.partition(",")[0].split(maxsplit=1)[:1]
        if not word or word == ["sha256"]:  # a row of an image without bytes; the headings of scrapy show
            continue
        if not _SHA256.fullmatch(word[0].lower()):
            raise BadInput(f"Line {number} of the list is no sha256: {printable(word[0][:80])}.")
        yield word[0].lower()


def _called(connection: Connection, number: int) -> str:
    return f"{tagtree.path(tags.tree(connection), number)} ({number})"


def _done(connection: Connection, change: int, sentence: str) -> str:
    return sentence if tags.close(connection, change) else f"{sentence} It was so already."
