"""Tables of `scrapy show`: columns, rows and line format of each subject."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection

from harvester.catalogue import rows
from harvester.catalogue.selection import Selection, selection_conditions
from harvester.duplicates.describe import verdict_label
from harvester.duplicates.groups import find_groups
from harvester.reporting.tags import format_tag, read_tag_rows
from harvester.storage.paths import DataPaths
from harvester.text import count_noun, escape_control_chars, format_bytes, format_number, format_time

Row = dict[str, Any]


@dataclass(frozen=True)
class ShowTable:
    """One subject of `scrapy show`. Only images use the selection that `read_rows` takes."""

    columns: Sequence[str]
    read_rows: Callable[[Connection, DataPaths, Selection], Iterator[Row]]
    format_row: Callable[[Row], str]
    empty_message: str


def _format_measures(row: Row) -> str:
    counts = f"{count_noun(row['images'], 'image')} / {row['failed']:,} failed / {row['animated']:,} animated"
    text = f"{counts}, {format_bytes(row['bytes'])}"
    if row["least"] is None:
        return text
    return f"{text}, min {format_bytes(row['least'])}, max {format_bytes(row['most'])}"


def _format_user(row: Row) -> str:
    albums_text = (
        f", {count_noun(row['albums'], 'album')}, read {format_time(row['finished_at'])}" if row["key"] else ""
    )
    return f"{row['site']} {row['key'] or '-'}: {row['name']} ({_format_measures(row)}{albums_text})"


def _format_album(row: Row) -> str:
    read_at = format_time(row["read_at"]) if row["read_at"] is not None else "pending"
    measures = (
        f"{_format_measures(row)} / {count_noun(row['pages'], 'page')} / {read_at}"
        if row["kind"] == "pictures"
        else row["kind"]
    )
    return f"{row['site']} {row['user']}/{row['key']}: {row['user_name']}/{row['name']} ({measures})"


def _format_image(row: Row) -> str:
    place = " or ".join([*row["names"], *row["albums"]]) or row["url"] or row["key"]
    state = row["status"] if not row["reason"] else f"{row['status']} ({row['reason']})"
    if row["width"] is None:
        return f"{row['sha256'] or '-'}: {place}, {state}"
    pixels = f"{format_number(row['width'] * row['height'])} ({row['width']}, {row['height']})"
    tags_text = f" => {{{', '.join(row['tags'])}}}" if row["tags"] else ""
    return f"{row['sha256']}: {place}, {pixels}{' animated' if row['animated'] else ''}, {state}{tags_text}"


def _format_group(row: Row) -> str:
    properties = f"{row['width']} × {row['height']}, {row['bytes']:,} bytes, {row['format']}"
    return f"{row['group']} {row['state']}: {verdict_label(row['verdict'])} {row['sha256']}, {properties}"


def _format_run(row: Row) -> str:
    end_text = f"ended {format_time(row['finished_at'])}: {row['outcome'] or 'running or killed'}"
    counts = ", ".join(f"{number:,} {word}" for word, number in (row["counts"] or {}).items())
    return (
        f"{row['id']}: {row['site']} into {row['directory']}, {format_time(row['started_at'])}, {end_text} ({counts})"
    )


def _group_rows(connection: Connection, _places: DataPaths, _selection: Selection) -> Iterator[Row]:
    for group in find_groups(connection):
        name, state = group.name, group.state
        for member in group.members:
            yield {
                "group": name, "state": state, "verdict": member.verdict, "sha256": member.sha256, "ext": member.ext,
                "format": member.format, "width": member.width, "height": member.height, "bytes": member.bytes,
                "animated": member.animated,
            }  # fmt: skip


_SIZE_COLUMNS = ("images", "failed", "animated", "bytes", "least", "most")
_BLOB_COLUMNS = ("sha256", "ext", "format", "width", "height", "bytes", "animated")

TABLES: dict[str, ShowTable] = {
    "users": ShowTable(
        ("site", "key", "name", "albums", *_SIZE_COLUMNS, "listed_at", "finished_at"),
        lambda connection, _places, _wanted: rows.iter_users(connection), _format_user, "No users yet.",
    ),
    "albums": ShowTable(
        ("site", "user", "user_name", "key", "name", "kind", *_SIZE_COLUMNS, "pages", "read_at", "finished_at"),
        lambda connection, _places, _wanted: rows.iter_albums(connection), _format_album, "No albums yet.",
    ),
    "tags": ShowTable(
        ("id", "name", "parent", "path", "depth", "images", "bytes"),
        lambda connection, _places, _wanted: (asdict(tag) for tag in read_tag_rows(connection)),
        format_tag, "No tags yet.",
    ),
    "images": ShowTable(
        ("sha256", "id", "site", "key", "url", "page", "author", "status", "reason", "detail", *_BLOB_COLUMNS[1:],
         "frames", "names", "albums", "tags", "discovered_at", "finished_at"),
        lambda connection, places, wanted: rows.iter_images(
            connection, selection_conditions(connection, places, wanted)
        ),
        _format_image, "No images.",
    ),
    "groups": ShowTable(("group", "state", "verdict", *_BLOB_COLUMNS), _group_rows, _format_group, "No groups yet."),
    "runs": ShowTable(
        ("id", "site", "directory", "arguments", "version", "started_at", "finished_at", "outcome", "counts"),
        lambda connection, _places, _wanted: rows.iter_runs(connection), _format_run, "No runs yet.",
    ),
}  # fmt: skip


def format_lines(table: ShowTable, rows: Iterator[Row]) -> Iterator[str]:
    """The rows as text, one line each, or a sentence if there are none."""
    has_rows = False
    for row in rows:
        has_rows = True
        yield escape_control_chars(table.format_row(row))
    if not has_rows:
        yield table.empty_message
