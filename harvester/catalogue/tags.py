"""Tags: a log that only grows, and the tree and the tagged pictures that follow from it.

What is written in one transaction for one command is one change, which can be taken back as a whole.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import count, islice

from sqlalchemy import (
    Column,
    Connection,
    MetaData,
    Select,
    String,
    Subquery,
    Table,
    case,
    delete,
    except_,
    false,
    func,
    insert,
    intersect,
    literal,
    select,
    text,
)
from sqlalchemy.schema import CreateTable

from harvester.catalogue.facts import insert_new
from harvester.catalogue.schema import tag_changes, tag_log
from harvester.catalogue.writer import now

Pictures = Select[tuple[str]]
"""A question whose answer is one column: the sha256 of pictures."""


LATEST = func.max(2 * tag_log.c.id + case((tag_log.c.action == "apply", 1), else_=0))
"""Of entries on a picture: twice the number of the latest one, and one more where it puts the tag on."""


@dataclass(frozen=True)
class Tag:
    """A tag as it is now; `since` is the log entry that made it, `parent` is None at the top."""

    name: str
    parent: int | None
    since: int


def tree(connection: Connection, before: int | None = None) -> dict[int, Tag]:
    """The tags there are by number, or those that there were before a log entry, in the order they were made in."""
    found: dict[int, Tag] = {}
    changes = select(tag_log).where(tag_log.c.sha256.is_(None)).order_by(tag_log.c.id)
    if before is not None:
        changes = changes.where(tag_log.c.id < before)
    for row in connection.execute(changes):
        if row.action == "add":
            found[row.tag_id] = Tag(row.name, row.parent_id, row.id)
        elif row.action == "rename":
            found[row.tag_id] = Tag(row.name, found[row.tag_id].parent, found[row.tag_id].since)
        elif row.action == "move":
            found[row.tag_id] = Tag(found[row.tag_id].name, row.parent_id, found[row.tag_id].since)
        else:
            del found[row.tag_id]
    return found


def having(number: int, tag: Tag, before: int | None = None) -> Pictures:
    """The pictures that have a tag, now or before a log entry: on each, the latest word about it counts."""
    said = select(tag_log.c.sha256).where(tag_log.c.tag_id == number, tag_log.c.sha256.is_not(None))
    said = said.where(tag_log.c.id > tag.since)
    if before is not None:
        said = said.where(tag_log.c.id < before)
    return said.group_by(tag_log.c.sha256).having(LATEST % 2 == 1)


def hold(connection: Connection) -> None:
    """From here to the end of the transaction nobody else changes the tags; waits for who does.

    In SQLite a transaction that has read cannot wait for another writer any more: it fails at its first write.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("LOCK TABLE tag_changes IN EXCLUSIVE MODE"))
    else:
        connection.execute(delete(tag_changes).where(false()))  # SQLite has one writer at a time, from its first write


def begin(connection: Connection, origin: str, undoes: int | None = None) -> int:
    """Open a change; from here to the end of the transaction nobody else changes the tags."""
    hold(connection)
    made = connection.execute(insert(tag_changes).values(at=now(), origin=origin, undoes=undoes)).inserted_primary_key
    assert made is not None
    return int(made[0])


def close(connection: Connection, change: int) -> bool:
    """End a change; False, and nothing is left of it, where it changed nothing."""
    if connection.execute(select(tag_log.c.id).where(tag_log.c.change_id == change).limit(1)).first() is not None:
        return True
    connection.execute(delete(tag_changes).where(tag_changes.c.id == change))
    return False


def add(connection: Connection, change: int, name: str, parent: int | None = None, wish: int | None = None) -> int:
    """A new tag; returns its number: `wish` where it is free, otherwise the smallest free one from 1.

    The caller sees to it that the name is free in the whole tree.
    """
    taken = tree(connection)
    number = wish if wish is not None and wish not in taken else next(n for n in count(1) if n not in taken)
    log(connection, change, "add", number, name=name, parent_id=parent)
    return number


def log(connection: Connection, change: int, action: str, number: int, **values: object) -> None:
    """Write what was done to a tag."""
    connection.execute(insert(tag_log).values(change_id=change, action=action, tag_id=number, **values))


def apply(connection: Connection, change: int, number: int, pictures: Pictures) -> int:
    """Put a tag on pictures; those that have it already are not logged again. Returns how many are."""
    held = having(number, tree(connection)[number])
    return _log_pictures(connection, change, "apply", number, except_(pictures, held).subquery())


def clear(connection: Connection, change: int, number: int, pictures: Pictures) -> int:
    """Take a tag off those of the pictures that have it. Returns how many had."""
    held = having(number, tree(connection)[number])
    return _log_pictures(connection, change, "clear", number, intersect(pictures, held).subquery())


def forget(connection: Connection, change: int, pictures: Pictures) -> None:
    """Take every tag off pictures that go, also tags that were on them before: undoing brings none of them back."""
    ever = select(literal(change), literal("clear"), tag_log.c.tag_id, tag_log.c.sha256).distinct()
    insert_them = insert(tag_log).from_select(_COLUMNS, ever.where(tag_log.c.sha256.in_(pictures)))
    connection.execute(insert_them)


def _log_pictures(connection: Connection, change: int, action: str, number: int, pictures: Subquery) -> int:
    """One entry for each of the pictures, by one statement. Returns how many."""
    rows = select(literal(change), literal(action), literal(number), pictures.c.sha256).order_by(pictures.c.sha256)
    return connection.execute(insert(tag_log).from_select(_COLUMNS, rows)).rowcount


def picked(connection: Connection, shas: Iterable[str]) -> Pictures:
    """A question that these pictures are the answer to, however many; they are written down for this connection."""
    connection.execute(CreateTable(_picked, if_not_exists=True))
    connection.execute(delete(_picked))
    rest: Iterator[str] = iter(shas)
    while batch := list(islice(rest, _AT_ONCE)):
        insert_new(connection, _picked, [{"sha256": sha} for sha in batch])
    return select(_picked.c.sha256)


_picked = Table("picked", MetaData(), Column("sha256", String(64), primary_key=True), prefixes=["TEMPORARY"])
_COLUMNS = ["change_id", "action", "tag_id", "sha256"]
_AT_ONCE = 10_000
