"""What was done to the tags, and taking back the last of it: by new entries that bring back the state before."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select

from harvester.catalogue import tags
from harvester.catalogue.schema import tag_changes, tag_log
from harvester.catalogue.tags import Tag

FINAL = "remove"
"""The origin of changes that are not taken back: the pictures are gone."""


@dataclass(frozen=True)
class Change:
    """One command's change; `done` tells each thing done to a tag, or to how many pictures. Times since 1970."""

    id: int
    at: int
    origin: str
    undoes: int | None
    undone: bool
    done: list[str]


def last(connection: Connection) -> int | None:
    """The latest change that can be taken back: no undoing, and not taken back already."""
    undone = select(tag_changes.c.undoes).where(tag_changes.c.undoes.is_not(None))
    found = select(func.max(tag_changes.c.id)).where(tag_changes.c.undoes.is_(None), tag_changes.c.origin != FINAL)
    return connection.execute(found.where(tag_changes.c.id.not_in(undone))).scalar()


def undo(connection: Connection, change: int, undone: int) -> int:
    """Log, as a change, whatever brings back tags and pictures as they were before another; returns the entries.

    Pictures that were removed since do not get their tags back.
    """
    first = connection.execute(select(func.min(tag_log.c.id)).where(tag_log.c.change_id == undone)).scalar_one()
    before, after = tags.tree(connection, first), tags.tree(connection)
    entries = _tree(connection, change, before, after)
    for number, tag in before.items():
        if number in after:
            entries += _pictures(connection, change, undone, number)
        else:  # it is there again, under a new entry, with no pictures yet
            had = tags.having(number, tag, first).subquery()
            entries += tags.apply(connection, change, number, _left(select(had.c.sha256), undone))
    return entries


def _tree(connection: Connection, change: int, before: dict[int, Tag], after: dict[int, Tag]) -> int:
    entries = 0
    for number in reversed(list(after)):  # below before above
        if number not in before:
            tags.log(connection, change, "delete", number)
            entries += 1
    for number, tag in before.items():
        if number not in after:
            tags.log(connection, change, "add", number, name=tag.name, parent_id=tag.parent)
            entries += 1
            continue
        if tag.name != after[number].name:
            tags.log(connection, change, "rename", number, name=tag.name)
            entries += 1
        if tag.parent != after[number].parent:
            tags.log(connection, change, "move", number, parent_id=tag.parent)
            entries += 1
    return entries


def _pictures(connection: Connection, change: int, undone: int, number: int) -> int:
    """Every entry about a picture was a change, so the opposite of it is the way back."""
    said = select(tag_log.c.sha256).where(tag_log.c.change_id == undone, tag_log.c.tag_id == number)
    cleared = tags.clear(connection, change, number, said.where(tag_log.c.action == "apply"))
    return cleared + tags.apply(connection, change, number, _left(said.where(tag_log.c.action == "clear"), undone))


def _left(pictures: tags.Pictures, undone: int) -> tags.Pictures:
    """Those that were not removed after a change."""
    entry = tag_log.alias()
    gone = select(entry.c.sha256).join(tag_changes, tag_changes.c.id == entry.c.change_id)
    column = pictures.selected_columns[0]
    return pictures.where(column.not_in(gone.where(tag_changes.c.origin == FINAL, entry.c.change_id > undone)))


def history(connection: Connection, limit: int) -> list[Change]:
    """The latest changes, newest first."""
    shown = connection.execute(select(tag_changes).order_by(tag_changes.c.id.desc()).limit(limit)).all()
    first = shown[-1].id if shown else 0
    undone = set(connection.execute(select(tag_changes.c.undoes).where(tag_changes.c.undoes >= first)).scalars())
    told = _told(connection, first)
    return [Change(row.id, row.at, row.origin, row.undoes, row.id in undone, told.get(row.id, [])) for row in shown]


def _told(connection: Connection, first: int) -> dict[int, list[str]]:
    """What each change from the first on did, in words, with the names that the tags had then."""
    names: dict[int | None, str] = {}
    entries: dict[int, list[Any]] = {}
    for row in connection.execute(select(tag_log).where(tag_log.c.sha256.is_(None)).order_by(tag_log.c.id)):
        entries.setdefault(row.change_id, []).append(row)
    pictures: dict[int, list[Any]] = {}
    grouped = (tag_log.c.change_id, tag_log.c.action, tag_log.c.tag_id)
    on_pictures = tag_log.c.action.in_(("apply", "clear"))
    counted = select(*grouped, func.count().label("pictures")).where(tag_log.c.change_id >= first, on_pictures)
    for row in connection.execute(counted.group_by(*grouped).order_by(*grouped)):
        pictures.setdefault(row.change_id, []).append(row)
    told: dict[int, list[str]] = {}
    for change in sorted(entries.keys() | pictures.keys()):
        words = [_on_tag(row, names) for row in entries.get(change, ())]
        told[change] = words + [_on_pictures(row, names) for row in pictures.get(change, ())]
    return told


def _on_tag(row: Any, names: dict[int | None, str]) -> str:
    before = names.get(row.tag_id, "")
    if row.name is not None:
        names[row.tag_id] = row.name
    above = f"below {names.get(row.parent_id)}" if row.parent_id is not None else "at the top"
    words = {"add": f"{row.name} {above}", "rename": f"{before} to {row.name}", "move": f"{before} {above}"}
    return f"{row.action} {words.get(row.action, before)}"


def _on_pictures(row: Any, names: dict[int | None, str]) -> str:
    return f"{row.action} {names.get(row.tag_id)}: {row.pictures:,} picture(s)"
