"""History of tag changes, and undo by new log entries that restore the earlier state."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select

from harvester.catalogue.schema import tag_changes, tag_log
from harvester.catalogue.tags import tag_assignment
from harvester.catalogue.tags.tag_assignment import Tag
from harvester.text import count_noun

REMOVAL_ORIGIN = "remove"
"""The origin of changes that cannot be undone, because the pictures are gone."""


@dataclass(frozen=True)
class TagChange:
    """The change made by one command; `done` describes each action. `at` is in seconds since 1970."""

    id: int
    at: int
    origin: str
    undoes: int | None
    undone: bool
    done: list[str]


def last_undoable(connection: Connection) -> int | None:
    """The latest change that can be undone: neither an undo itself nor already undone; None if there is none."""
    undone_query = select(tag_changes.c.undoes).where(tag_changes.c.undoes.is_not(None))
    query = select(func.max(tag_changes.c.id)).where(
        tag_changes.c.undoes.is_(None), tag_changes.c.origin != REMOVAL_ORIGIN
    )
    return connection.execute(query.where(tag_changes.c.id.not_in(undone_query))).scalar()


def undo_change(connection: Connection, change: int, undone_change: int) -> int:
    """Log, as `change`, the entries that restore the state before `undone_change`; return how many.

    Pictures that were removed since then do not get their tags back.
    """
    first_entry = connection.execute(
        select(func.min(tag_log.c.id)).where(tag_log.c.change_id == undone_change)
    ).scalar_one()
    before, after = tag_assignment.load_tree(connection, first_entry), tag_assignment.load_tree(connection)
    entry_count = _restore_tree(connection, change, before, after)
    for number, tag in before.items():
        if number in after:
            entry_count += _restore_pictures(connection, change, undone_change, number)
        else:  # the tag exists again, under a new entry, with no pictures yet
            had_tag = tag_assignment.pictures_with_tag(number, tag, first_entry).subquery()
            entry_count += tag_assignment.apply_tag(
                connection, change, number, _not_removed_since(select(had_tag.c.sha256), undone_change)
            )
    return entry_count


def _restore_tree(connection: Connection, change: int, before: dict[int, Tag], after: dict[int, Tag]) -> int:
    entry_count = 0
    for number in reversed(list(after)):  # children before parents
        if number not in before:
            tag_assignment.append(connection, change, "delete", number)
            entry_count += 1
    for number, tag in before.items():
        if number not in after:
            tag_assignment.append(connection, change, "add", number, name=tag.name, parent_id=tag.parent)
            entry_count += 1
            continue
        if tag.name != after[number].name:
            tag_assignment.append(connection, change, "rename", number, name=tag.name)
            entry_count += 1
        if tag.parent != after[number].parent:
            tag_assignment.append(connection, change, "move", number, parent_id=tag.parent)
            entry_count += 1
    return entry_count


def _restore_pictures(connection: Connection, change: int, undone_change: int, number: int) -> int:
    """Restore the pictures of one tag: every entry about a picture changed it, so its opposite restores it."""
    query = select(tag_log.c.sha256).where(tag_log.c.change_id == undone_change, tag_log.c.tag_id == number)
    cleared_count = tag_assignment.clear_tag(connection, change, number, query.where(tag_log.c.action == "apply"))
    return cleared_count + tag_assignment.apply_tag(
        connection, change, number, _not_removed_since(query.where(tag_log.c.action == "clear"), undone_change)
    )


def _not_removed_since(pictures: tag_assignment.PictureQuery, undone_change: int) -> tag_assignment.PictureQuery:
    """The subset of these pictures that were not removed after a change."""
    entry = tag_log.alias()
    removed = select(entry.c.sha256).join(tag_changes, tag_changes.c.id == entry.c.change_id)
    column = pictures.selected_columns[0]
    return pictures.where(
        column.not_in(removed.where(tag_changes.c.origin == REMOVAL_ORIGIN, entry.c.change_id > undone_change))
    )


def list_changes(connection: Connection, limit: int) -> list[TagChange]:
    """The latest changes, newest first."""
    rows = connection.execute(select(tag_changes).order_by(tag_changes.c.id.desc()).limit(limit)).all()
    first_change = rows[-1].id if rows else 0
    undone_changes = set(
        connection.execute(select(tag_changes.c.undoes).where(tag_changes.c.undoes >= first_change)).scalars()
    )
    descriptions = _descriptions_by_change(connection, first_change)
    return [
        TagChange(row.id, row.at, row.origin, row.undoes, row.id in undone_changes, descriptions.get(row.id, []))
        for row in rows
    ]


def _descriptions_by_change(connection: Connection, first_change: int) -> dict[int, list[str]]:
    """Descriptions of each change from `first_change` on, with the names that the tags had then."""
    names: dict[int | None, str] = {}
    tag_rows: dict[int, list[Any]] = {}
    for row in connection.execute(select(tag_log).where(tag_log.c.sha256.is_(None)).order_by(tag_log.c.id)):
        tag_rows.setdefault(row.change_id, []).append(row)
    picture_rows: dict[int, list[Any]] = {}
    group_columns = (tag_log.c.change_id, tag_log.c.action, tag_log.c.tag_id)
    on_pictures = tag_log.c.action.in_(("apply", "clear"))
    query = select(*group_columns, func.count().label("pictures")).where(
        tag_log.c.change_id >= first_change, on_pictures
    )
    for row in connection.execute(query.group_by(*group_columns).order_by(*group_columns)):
        picture_rows.setdefault(row.change_id, []).append(row)
    descriptions: dict[int, list[str]] = {}
    for change in sorted(tag_rows.keys() | picture_rows.keys()):
        lines = [_describe_tag_entry(row, names) for row in tag_rows.get(change, ())]
        descriptions[change] = lines + [_describe_picture_entry(row, names) for row in picture_rows.get(change, ())]
    return descriptions


def _describe_tag_entry(row: Any, names: dict[int | None, str]) -> str:
    old_name = names.get(row.tag_id, "")
    if row.name is not None:
        names[row.tag_id] = row.name
    place = f"below {names.get(row.parent_id)}" if row.parent_id is not None else "at the top level"
    details = {"add": f"{row.name} {place}", "rename": f"{old_name} to {row.name}", "move": f"{old_name} {place}"}
    return f"{row.action} {details.get(row.action, old_name)}"


def _describe_picture_entry(row: Any, names: dict[int | None, str]) -> str:
    return f"{row.action} {names.get(row.tag_id)}: {count_noun(row.pictures, 'image')}"
