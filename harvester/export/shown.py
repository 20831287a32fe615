"""What `scrapy show` shows: for each subject its columns, its rows, and a row as a line for a person."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection

from harvester.catalogue import listed
from harvester.catalogue.selection import Selection, conditions
from harvester.duplicates.groups import groups
from harvester.export.tagged import line, tagged
from harvester.export.units import amount, moment, size
from harvester.places import Places
from harvester.text import printable

Row = dict[str, Any]


@dataclass(frozen=True)
class Subject:
    """One thing that can be shown. `rows` takes a connection, the places and rules, of which only images have any."""

    columns: Sequence[str]
    rows: Callable[[Connection, Places, Selection], Iterator[Row]]
    line: Callable[[Row], str]
    nothing: str


def _measured(row: Row) -> str:
    told = f"{row['images']:,} images / {row['failed']:,} failed / {row['animated']:,} animated, {size(row['bytes'])}"
    if row["least"] is None:
        return told
    return f"{told}, min {size(row['least'])}, max {size(row['most'])}"


def _user(row: Row) -> str:
    keeps = f", {row['albums']:,} albums, read {moment(row['finished_at'])}" if row["key"] else ""
    return f"{row['site']} {row['key'] or '-'}: {row['name']} ({_measured(row)}{keeps})"


def _album(row: Row) -> str:
    at = moment(row["read_at"]) if row["read_at"] is not None else "pending"
    told = f"{_measured(row)} / {row['pages']:,} pages / {at}" if row["kind"] == "pictures" else row["kind"]
    return f"{row['site']} {row['user']}/{row['key']}: {row['user_name']}/{row['name']} ({told})"


def _image(row: Row) -> str:
    where = " or ".join([*row["names"], *row["albums"]]) or row["url"] or row["key"]
    state = row["status"] if not row["reason"] else f"{row['status']} ({row['reason']})"
    if row["width"] is None:
        return f"{row['sha256'] or '-'}: {where}, {state}"
    pixels = f"{amount(row['width'] * row['height'])} ({row['width']}, {row['height']})"
    held = f" => {{{', '.join(row['tags'])}}}" if row["tags"] else ""
    return f"{row['sha256']}: {where}, {pixels}{' animated' if row['animated'] else ''}, {state}{held}"


def _group(row: Row) -> str:
    told = f"{row['width']} × {row['height']}, {row['bytes']:,} bytes, {row['format']}"
    return f"{row['group']} {row['state']}: {row['verdict']} {row['sha256']}, {told}"


def _run(row: Row) -> str:
    ended = f"ended {moment(row['finished_at'])}: {row['outcome'] or 'running, or killed'}"
    counts = ", ".join(f"{number:,} {word}" for word, number in (row["counts"] or {}).items())
    return f"{row['id']}: {row['site']} into {row['directory']}, {moment(row['started_at'])}, {ended} ({counts})"


def _groups(connection: Connection, _places: Places, _wanted: Selection) -> Iterator[Row]:
    for group in groups(connection):
        name, state = group.name, group.state
        for one in group.members:
            yield {
                "group": name, "state": state, "verdict": one.verdict, "sha256": one.sha256, "ext": one.ext,
                "format": one.format, "width": one.width, "height": one.height, "bytes": one.bytes,
                "animated": one.animated,
            }  # fmt: skip


_SIZES = ("images", "failed", "animated", "bytes", "least", "most")
_OF_BLOB = ("sha256", "ext", "format", "width", "height", "bytes", "animated")

SUBJECTS: dict[str, Subject] = {
    "users": Subject(
        ("site", "key", "name", "albums", *_SIZES, "listed_at", "finished_at"),
        lambda connection, _places, _wanted: listed.users(connection), _user, "NO USERS",
    ),
    "albums": Subject(
        ("site", "user", "user_name", "key", "name", "kind", *_SIZES, "pages", "read_at", "finished_at"),
        lambda connection, _places, _wanted: listed.albums_of_all(connection), _album, "NO ALBUMS",
    ),
    "tags": Subject(
        ("id", "name", "parent", "path", "depth", "pictures", "bytes"),
        lambda connection, _places, _wanted: (asdict(tag) for tag in tagged(connection)), line, "NO TAGS CREATED",
    ),
    "images": Subject(
        ("sha256", "id", "site", "key", "url", "page", "author", "status", "reason", "detail", *_OF_BLOB[1:], "frames",
         "names", "albums", "tags", "promised_at", "finished_at"),
        lambda connection, places, wanted: listed.images_of_all(connection, conditions(connection, places, wanted)),
        _image, "NO IMAGES",
    ),
    "groups": Subject(("group", "state", "verdict", *_OF_BLOB), _groups, _group, "NO GROUPS"),
    "runs": Subject(
        ("id", "site", "directory", "arguments", "version", "started_at", "finished_at", "outcome", "counts"),
        lambda connection, _places, _wanted: listed.runs_of_all(connection), _run, "NO RUNS",
    ),
}  # fmt: skip


def lines(subject: Subject, rows: Iterator[Row]) -> Iterator[str]:
    """For a person, one line for each row."""
    told = False
    for row in rows:
        told = True
        yield printable(subject.line(row))
    if not told:
        yield subject.nothing
