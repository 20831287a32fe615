"""Tags: a log that only grows, and the tree and the tagged pictures that follow from it."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import count

from sqlalchemy import Connection, func, insert, select

from harvester.catalogue.queries import chunks
from harvester.catalogue.schema import tag_log
from harvester.catalogue.writer import now


@dataclass(frozen=True)
class Tag:
    """A tag as it is now; `since` is the log entry that made it, `parent` is None at the top."""

    name: str
    parent: int | None
    since: int


def tree(connection: Connection) -> dict[int, Tag]:
    """The tags there are, by number, parents before the children made later."""
    found: dict[int, Tag] = {}
    changes = select(tag_log).where(tag_log.c.action.not_in(("apply", "clear"))).order_by(tag_log.c.id)
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


def tagged(connection: Connection) -> set[tuple[int, str]]:
    """Which tag is on which picture (sha256) now."""
    on_pictures = tag_log.c.action.in_(("apply", "clear"))
    latest = select(func.max(tag_log.c.id)).where(on_pictures).group_by(tag_log.c.tag_id, tag_log.c.sha256)
    held = select(tag_log).where(tag_log.c.id.in_(latest), tag_log.c.action == "apply")
    since = {number: tag.since for number, tag in tree(connection).items()}
    rows = connection.execute(held)
    return {(row.tag_id, row.sha256) for row in rows if row.tag_id in since and row.id > since[row.tag_id]}


def add(connection: Connection, origin: str, name: str, parent: int | None = None, wish: int | None = None) -> int:
    """A new tag; returns its number: `wish` where it is free, otherwise the smallest free one from 1.

    The caller sees to it that the name is free in the whole tree.
    """
    taken = tree(connection)
    number = wish if wish is not None and wish not in taken else next(n for n in count(1) if n not in taken)
    values = {"action": "add", "tag_id": number, "name": name, "parent_id": parent}
    connection.execute(insert(tag_log).values(at=now(), origin=origin, **values))
    return number


def apply(connection: Connection, origin: str, pictures: Iterable[tuple[int, str]]) -> int:
    """Put tags on pictures, (tag, sha256) each; those that are there already are not logged again. Returns how many."""
    new = sorted(set(pictures) - tagged(connection))
    at = now()
    rows = [{"at": at, "origin": origin, "action": "apply", "tag_id": tag, "sha256": sha} for tag, sha in new]
    for chunk in chunks(rows):
        connection.execute(insert(tag_log), chunk)
    return len(rows)
