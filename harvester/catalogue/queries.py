"""Every question asked of the catalogue. Nothing here changes anything."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from sqlalchemy import ColumnElement, Connection, and_, func, select, true

from harvester.catalogue.schema import accounts, blobs, collections, images, sightings
from harvester.items import Collection

T = TypeVar("T")

CHUNK = 500
"""How many values go into one IN list; every database takes that many."""

EVERYWHERE = select(collections.c.id)
"""Every collection. To be asked for in so many words, where an index that begins with the collection is to be used."""


@dataclass(frozen=True)
class Owed:
    """One image still to be had; `sha256` is set where the bytes are known and only names are owed.

    `names` and `formers` by sighting row: the file name without extension; the sha256 of what we wrote there before.
    """

    row: int
    key: str
    url: str
    host: str
    page: str | None
    author: str | None
    alt: str | None
    metadata: dict[str, Any]
    attempts: int
    sha256: str | None
    ext: str | None
    names: dict[int, str]
    formers: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Count:
    """How many images of one collection share a status and a reason."""

    collection: int
    site: str
    directory: str
    status: str
    reason: str
    images: int


def chunks(values: Sequence[T], size: int = CHUNK) -> Iterator[Sequence[T]]:
    """The values in pieces of `size`."""
    for start in range(0, len(values), size):
        yield values[start : start + size]


def find_collection(connection: Connection, site: str, directory: str) -> tuple[int, Collection] | None:
    """A collection and its row, or None."""
    found = select(collections).where(collections.c.site == site, collections.c.directory == directory)
    row = connection.execute(found).one_or_none()
    return None if row is None else (row.id, _collection(row))


def _collection(row: Any) -> Collection:
    return Collection(row.site, row.directory, row.format, row.layout)


def all_collections(connection: Connection) -> dict[int, Collection]:
    """Every collection by its row."""
    rows = connection.execute(select(collections).order_by(collections.c.id))
    return {row.id: _collection(row) for row in rows}


def promising(connection: Connection, collection: int) -> str | None:
    """The sha256 of the source whose promises were last begun to be recorded."""
    found = select(collections.c.promising).where(collections.c.id == collection)
    return cast("str | None", connection.execute(found).scalar_one())


def unfinished(connection: Connection) -> list[Collection]:
    """Collections whose promises have not all been recorded: a run was stopped early."""
    found = select(collections).where(collections.c.promising.is_distinct_from(collections.c.promised))
    return [_collection(row) for row in connection.execute(found)]


def acct_of(connection: Connection, collection: int) -> dict[int, str]:
    """Which account each user number of a collection means."""
    found = select(accounts.c.user_index, accounts.c.acct).where(accounts.c.collection_id == collection)
    return {row.user_index: row.acct for row in connection.execute(found)}


def key_of_name(connection: Connection, collection: int, names: Sequence[str]) -> dict[str, str]:
    """For those of the names that are taken: the key of the image that has it."""
    taken: dict[str, str] = {}
    for chunk in chunks(names):
        found = (
            select(sightings.c.name, images.c.key)
            .join(images, images.c.id == sightings.c.image_id)
            .where(sightings.c.collection_id == collection, sightings.c.name.in_(chunk))
        )
        taken.update((name, key) for name, key in connection.execute(found))
    return taken


def owing_hosts(connection: Connection, collection: int) -> dict[str, int]:
    """For each host from which something is owed, its first owed row."""
    found = (
        select(images.c.host, func.min(images.c.id).label("first"))
        .where(images.c.collection_id == collection, images.c.status == "pending")
        .group_by(images.c.host)
    )
    return {row.host: row.first for row in connection.execute(found)}


def owed_count(connection: Connection, collection: int) -> int:
    """How many images of a collection are owed."""
    found = select(func.count()).where(images.c.collection_id == collection, images.c.status == "pending")
    return int(connection.execute(found).scalar_one())


def owes_more_than(connection: Connection, collection: int, number: int) -> bool:
    """Whether more images than that are owed; counts no further."""
    owed = select(images.c.id).where(images.c.collection_id == collection, images.c.status == "pending")
    found = select(func.count()).select_from(owed.limit(number + 1).subquery())
    return int(connection.execute(found).scalar_one()) > number


def owed(connection: Connection, collection: int, host: str, after: int, limit: int) -> list[Owed]:
    """Images owed from one host, in the order of their rows, beginning behind row `after`."""
    found = (
        select(images, blobs.c.ext)
        .outerjoin(blobs, blobs.c.sha256 == images.c.sha256)
        .where(images.c.collection_id == collection, images.c.status == "pending")
        .where(images.c.host == host, images.c.id > after)
        .order_by(images.c.id)
        .limit(limit)
    )
    rows = connection.execute(found).all()
    names = _unpublished(connection, [row.id for row in rows])
    return [_owed(row, names.get(row.id, [])) for row in rows]


def _owed(row: Any, sighted: list[Any]) -> Owed:
    return Owed(
        row=row.id,
        key=row.key,
        url=row.url or row.key,
        host=row.host,
        page=row.page,
        author=row.author,
        alt=row.alt,
        metadata=row.metadata or {},
        attempts=row.attempts,
        sha256=row.sha256,
        ext=row.ext,
        names={sighting.id: sighting.name for sighting in sighted},
        formers={sighting.id: sighting.file_sha256 for sighting in sighted if sighting.file_sha256},
    )


def _unpublished(connection: Connection, rows: Sequence[int]) -> dict[int, list[Any]]:
    found = select(sightings.c.image_id, sightings.c.id, sightings.c.name, sightings.c.file_sha256)
    names: dict[int, list[Any]] = {}
    for chunk in chunks(rows):
        wanted = found.where(sightings.c.image_id.in_(chunk), sightings.c.file.is_(None)).order_by(sightings.c.id)
        for row in connection.execute(wanted):
            names.setdefault(row.image_id, []).append(row)
    return names


def counts(connection: Connection, collection: int | None = None) -> list[Count]:
    """How many images there are by collection, status and reason."""
    found = (
        select(images.c.collection_id, images.c.status, images.c.reason, func.count())
        .group_by(images.c.collection_id, images.c.status, images.c.reason)
        .order_by(images.c.collection_id)
    )
    if collection is not None:
        found = found.where(images.c.collection_id == collection)
    known = all_collections(connection)
    return [
        Count(row, known[row].site, known[row].directory, status, reason, number)
        for row, status, reason, number in connection.execute(found)
    ]


def positions(connection: Connection, collection: int) -> Iterable[Any]:
    """(user, post, url number, URL, status, reason, detail, file) of every named image, in the order of the numbers."""
    found = (
        select(
            sightings.c.user_index,
            sightings.c.post_index,
            sightings.c.url_index,
            func.coalesce(images.c.url, images.c.key),
            images.c.status,
            images.c.reason,
            images.c.detail,
            sightings.c.file,
        )
        .join(images, images.c.id == sightings.c.image_id)
        .where(sightings.c.collection_id == collection, sightings.c.user_index.is_not(None))
        .order_by(sightings.c.user_index, sightings.c.post_index, sightings.c.url_index)
    )
    return connection.execute(found.execution_options(yield_per=5000))


def begins(column: Any, digits: str) -> ColumnElement[bool]:
    """Whether a sha256 begins with these hex digits, so that an index is of use; every one does with none."""
    return true() if not digits else and_(column >= digits, column < digits + "g")  # g comes behind every hex digit
