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

from harvester.catalogue.schema import blobs, images, tag_changes, tag_log
from harvester.catalogue.sql import insert_new, now

PictureQuery = Select[tuple[str]]
"""A question whose answer is one column: the sha256 of pictures."""


LATEST_ENTRY = func.max(2 * tag_log.c.id + case((tag_log.c.action == "apply", 1), else_=0))
"""Of entries on a picture: twice the number of the latest one, and one more where it puts the tag on."""


@dataclass(frozen=True)
class Tag:
    """A tag as it is now; `since` is the log entry that made it, `parent` is None at the top."""

    name: str
    parent: int | None
    since: int


def load_tree(connection: Connection, before: int | None = None) -> dict[int, Tag]:
    """The tags there are by number, or those that there were before a log entry, in the order they were made in."""
    tags_by_number: dict[int, Tag] = {}
    query = select(tag_log).where(tag_log.c.sha256.is_(None)).order_by(tag_log.c.id)
    if before is not None:
        query = query.where(tag_log.c.id < before)
    for row in connection.execute(query):
        if row.action == "add":
            tags_by_number[row.tag_id] = Tag(row.name, row.parent_id, row.id)
        elif row.action == "rename":
            tags_by_number[row.tag_id] = Tag(
                row.name, tags_by_number[row.tag_id].parent, tags_by_number[row.tag_id].since
            )
        elif row.action == "move":
            tags_by_number[row.tag_id] = Tag(
                tags_by_number[row.tag_id].name, row.parent_id, tags_by_number[row.tag_id].since
            )
        else:
            del tags_by_number[row.tag_id]
    return tags_by_number


def pictures_with_tag(number: int, tag: Tag, before: int | None = None) -> PictureQuery:
    """The pictures that have a tag, now or before a log entry: on each, the latest word about it counts."""
    query = select(tag_log.c.sha256).where(tag_log.c.tag_id == number, tag_log.c.sha256.is_not(None))
    query = query.where(tag_log.c.id > tag.since)
    if before is not None:
        query = query.where(tag_log.c.id < before)
    return query.group_by(tag_log.c.sha256).having(LATEST_ENTRY % 2 == 1)


def stored_pictures(pictures: PictureQuery) -> PictureQuery:
    """Those of the pictures that there is a blob of."""
    return select(blobs.c.sha256).where(blobs.c.sha256.in_(pictures))


def count_pictures(connection: Connection, pictures: PictureQuery) -> int:
    """How many they are."""
    return int(connection.execute(select(func.count()).select_from(pictures.subquery())).scalar_one())


def sum_tagged_pictures(connection: Connection, number: int, tag: Tag) -> tuple[int, int]:
    """How many pictures have a tag, and their bytes."""
    tagged = pictures_with_tag(number, tag).subquery()
    picture_bytes = select(func.max(images.c.bytes)).where(images.c.sha256 == tagged.c.sha256).scalar_subquery()
    query = select(func.count(), func.coalesce(func.sum(picture_bytes), 0)).select_from(tagged)
    pictures, total_bytes = connection.execute(query).one()
    return pictures, int(total_bytes)


def lock_tags(connection: Connection) -> None:
    """From here to the end of the transaction nobody else changes the tags; waits for who does.

    In SQLite a transaction that has read cannot wait for another writer any more: it fails at its first write.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("LOCK TABLE tag_changes IN EXCLUSIVE MODE"))
    else:
        connection.execute(delete(tag_changes).where(false()))  # SQLite has one writer at a time, from its first write


def begin_change(connection: Connection, origin: str, undoes: int | None = None) -> int:
    """Open a change; from here to the end of the transaction nobody else changes the tags."""
    lock_tags(connection)
    primary_key = connection.execute(
        insert(tag_changes).values(at=now(), origin=origin, undoes=undoes)
    ).inserted_primary_key
    assert primary_key is not None
    return int(primary_key[0])


def close_change(connection: Connection, change: int) -> bool:
    """End a change; False, and nothing is left of it, where it changed nothing."""
    if connection.execute(select(tag_log.c.id).where(tag_log.c.change_id == change).limit(1)).first() is not None:
        return True
    connection.execute(delete(tag_changes).where(tag_changes.c.id == change))
    return False


def add_tag(
    connection: Connection, change: int, name: str, parent: int | None = None, preferred_number: int | None = None
) -> int:
    """A new tag; returns its number: `wish` where it is free, otherwise the smallest free one from 1.

    The caller sees to it that the name is free in the whole tree.
    """
    known_tags = load_tree(connection)
    number = (
        preferred_number
        if preferred_number is not None and preferred_number not in known_tags
        else next(candidate for candidate in count(1) if candidate not in known_tags)
    )
    append(connection, change, "add", number, name=name, parent_id=parent)
    return number


def append(connection: Connection, change: int, action: str, number: int, **values: object) -> None:
    """Write what was done to a tag."""
    connection.execute(insert(tag_log).values(change_id=change, action=action, tag_id=number, **values))


def apply_tag(connection: Connection, change: int, number: int, pictures: PictureQuery) -> int:
    """Put a tag on pictures; those that have it already are not logged again. Returns how many are."""
    tagged = pictures_with_tag(number, load_tree(connection)[number])
    return _append_for_pictures(connection, change, "apply", number, except_(pictures, tagged).subquery())


def clear_tag(connection: Connection, change: int, number: int, pictures: PictureQuery) -> int:
    """Take a tag off those of the pictures that have it. Returns how many had."""
    tagged = pictures_with_tag(number, load_tree(connection)[number])
    return _append_for_pictures(connection, change, "clear", number, intersect(pictures, tagged).subquery())


def clear_all_tags(connection: Connection, change: int, pictures: PictureQuery) -> None:
    """Take every tag off pictures that go, also tags that were on them before: undoing brings none of them back."""
    query = select(literal(change), literal("clear"), tag_log.c.tag_id, tag_log.c.sha256).distinct()
    statement = insert(tag_log).from_select(_LOG_COLUMNS, query.where(tag_log.c.sha256.in_(pictures)))
    connection.execute(statement)


def _append_for_pictures(connection: Connection, change: int, action: str, number: int, pictures: Subquery) -> int:
    """One entry for each of the pictures, by one statement. Returns how many."""
    query = select(literal(change), literal(action), literal(number), pictures.c.sha256).order_by(pictures.c.sha256)
    return connection.execute(insert(tag_log).from_select(_LOG_COLUMNS, query)).rowcount


def from_list(connection: Connection, sha256s: Iterable[str]) -> PictureQuery:
    """A question that these pictures are the answer to, however many; they are written down for this connection."""
    connection.execute(CreateTable(_picture_table, if_not_exists=True))
    connection.execute(delete(_picture_table))
    remaining: Iterator[str] = iter(sha256s)
    while batch := list(islice(remaining, _INSERT_BATCH_SIZE)):
        insert_new(connection, _picture_table, [{"sha256": sha256} for sha256 in batch])
    return select(_picture_table.c.sha256)


_picture_table = Table("picked", MetaData(), Column("sha256", String(64), primary_key=True), prefixes=["TEMPORARY"])
_LOG_COLUMNS = ["change_id", "action", "tag_id", "sha256"]
_INSERT_BATCH_SIZE = 10_000
