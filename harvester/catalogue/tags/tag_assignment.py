"""Tags: an append-only log, from which the tag tree and the tagged pictures are computed.

Everything that one command writes in one transaction is one change, which can be undone as a whole.
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
"""A query with one column: the sha256 of pictures."""


LATEST_ENTRY = func.max(2 * tag_log.c.id + case((tag_log.c.action == "apply", 1), else_=0))
"""Twice the id of the latest log entry about a picture, plus one if that entry applies the tag."""


@dataclass(frozen=True)
class Tag:
    """A tag as it is now; `since` is the log entry that created it, `parent` is None at the top level."""

    name: str
    parent: int | None
    since: int


def load_tree(connection: Connection, before: int | None = None) -> dict[int, Tag]:
    """The tags by number, now or before a log entry, in the order of their creation."""
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
    """The pictures that have a tag, now or before a log entry; the latest entry for each picture counts."""
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
    """Lock the tags until the end of the transaction; wait while another process changes them.

    Call this before reading: in SQLite a transaction that has already read fails instead of waiting for a writer.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("LOCK TABLE tag_changes IN EXCLUSIVE MODE"))
    else:
        connection.execute(delete(tag_changes).where(false()))  # the first write locks SQLite


def begin_change(connection: Connection, origin: str, undoes: int | None = None) -> int:
    """Open a change and return its id; the tags are locked until the end of the transaction."""
    lock_tags(connection)
    primary_key = connection.execute(
        insert(tag_changes).values(at=now(), origin=origin, undoes=undoes)
    ).inserted_primary_key
    assert primary_key is not None
    return int(primary_key[0])


def close_change(connection: Connection, change: int) -> bool:
    """Close a change; return False and delete it if it changed nothing."""
    if connection.execute(select(tag_log.c.id).where(tag_log.c.change_id == change).limit(1)).first() is not None:
        return True
    connection.execute(delete(tag_changes).where(tag_changes.c.id == change))
    return False


def add_tag(
    connection: Connection, change: int, name: str, parent: int | None = None, preferred_number: int | None = None
) -> int:
    """Add a tag; return its number: `preferred_number` if that is free, otherwise the smallest free number from 1.

    The caller makes sure that no tag in the whole tree has this name.
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
    """Append a log entry about a tag."""
    connection.execute(insert(tag_log).values(change_id=change, action=action, tag_id=number, **values))


def apply_tag(connection: Connection, change: int, number: int, pictures: PictureQuery) -> int:
    """Apply a tag to the pictures that do not have it yet; return how many these are."""
    tagged = pictures_with_tag(number, load_tree(connection)[number])
    return _append_for_pictures(connection, change, "apply", number, except_(pictures, tagged).subquery())


def clear_tag(connection: Connection, change: int, number: int, pictures: PictureQuery) -> int:
    """Remove a tag from the pictures that have it; return how many these are."""
    tagged = pictures_with_tag(number, load_tree(connection)[number])
    return _append_for_pictures(connection, change, "clear", number, intersect(pictures, tagged).subquery())


def clear_all_tags(connection: Connection, change: int, pictures: PictureQuery) -> None:
    """Clear every tag that pictures being removed have or ever had, so that undo brings none of them back."""
    query = select(literal(change), literal("clear"), tag_log.c.tag_id, tag_log.c.sha256).distinct()
    statement = insert(tag_log).from_select(_LOG_COLUMNS, query.where(tag_log.c.sha256.in_(pictures)))
    connection.execute(statement)


def _append_for_pictures(connection: Connection, change: int, action: str, number: int, pictures: Subquery) -> int:
    """Append one log entry for each picture, in one statement; return how many."""
    query = select(literal(change), literal(action), literal(number), pictures.c.sha256).order_by(pictures.c.sha256)
    return connection.execute(insert(tag_log).from_select(_LOG_COLUMNS, query)).rowcount


def from_list(connection: Connection, sha256s: Iterable[str]) -> PictureQuery:
    """A query that returns these pictures, however many; they are kept in a temporary table of the connection."""
    connection.execute(CreateTable(_picture_table, if_not_exists=True))
    connection.execute(delete(_picture_table))
    remaining: Iterator[str] = iter(sha256s)
    while batch := list(islice(remaining, _INSERT_BATCH_SIZE)):
        insert_new(connection, _picture_table, [{"sha256": sha256} for sha256 in batch])
    return select(_picture_table.c.sha256)


_picture_table = Table("picked", MetaData(), Column("sha256", String(64), primary_key=True), prefixes=["TEMPORARY"])
_LOG_COLUMNS = ["change_id", "action", "tag_id", "sha256"]
_INSERT_BATCH_SIZE = 10_000
