"""Catalogue queries for crawls and reports; they only read."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from sqlalchemy import Connection, func, select

from harvester.catalogue.schema import accounts, blobs, collections, images, placements
from harvester.catalogue.sql import chunks
from harvester.items import Collection, DatasetPosition


@dataclass(frozen=True)
class PendingImage:
    """One pending image. `sha256` is set if the bytes are known and only output files are missing.

    By placement row: `names` has file names without extension, `previous_sha256s` the digests of files written earlier.
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
    previous_sha256s: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class StatusCount:
    """The number of images of one collection with the same status and reason."""

    collection: int
    site: str
    directory: str
    status: str
    reason: str
    images: int


def find_collection(connection: Connection, site: str, directory: str) -> tuple[int, Collection] | None:
    """The row of a collection and the collection; None if there is none."""
    query = select(collections).where(collections.c.site == site, collections.c.directory == directory)
    row = connection.execute(query).one_or_none()
    return None if row is None else (row.id, _collection_from_row(row))


def _collection_from_row(row: Any) -> Collection:
    return Collection(row.site, row.directory, row.format, row.layout)


def all_collections(connection: Connection) -> dict[int, Collection]:
    """Every collection by its row."""
    rows = connection.execute(select(collections).order_by(collections.c.id))
    return {row.id: _collection_from_row(row) for row in rows}


def source_digest(connection: Connection, collection: int) -> str | None:
    """The sha256 of the source whose images were last being recorded."""
    query = select(collections.c.discovering).where(collections.c.id == collection)
    return cast("str | None", connection.execute(query).scalar_one())


def unfinished_collections(connection: Connection) -> list[Collection]:
    """Collections whose discovered images are not all recorded, because a run was stopped early."""
    query = select(collections).where(collections.c.discovering.is_distinct_from(collections.c.discovered_from))
    return [_collection_from_row(row) for row in connection.execute(query)]


def accounts_by_user(connection: Connection, collection: int) -> dict[int, str]:
    """The account of each user number of a collection."""
    query = select(accounts.c.user_index, accounts.c.acct).where(accounts.c.collection_id == collection)
    return {row.user_index: row.acct for row in connection.execute(query)}


def keys_by_name(connection: Connection, collection: int, names: Sequence[str]) -> dict[str, str]:
    """The names that are taken, each with the key of the image that has it."""
    keys: dict[str, str] = {}
    for chunk in chunks(names):
        query = (
            select(placements.c.name, images.c.key)
            .join(images, images.c.id == placements.c.image_id)
            .where(placements.c.collection_id == collection, placements.c.name.in_(chunk))
        )
        keys.update((name, key) for name, key in connection.execute(query))
    return keys


def pending_hosts(connection: Connection, collection: int) -> dict[str, int]:
    """For each host with pending images, the first pending row."""
    query = (
        select(images.c.host, func.min(images.c.id).label("first"))
        .where(images.c.collection_id == collection, images.c.status == "pending")
        .group_by(images.c.host)
    )
    return {row.host: row.first for row in connection.execute(query)}


def images_with_status(connection: Connection, rows: Sequence[int], status: str) -> set[int]:
    """Those of the images that are in a status."""
    fitting: set[int] = set()
    for chunk in chunks(rows):
        query = select(images.c.id).where(images.c.id.in_(chunk), images.c.status == status)
        fitting.update(connection.execute(query).scalars())
    return fitting


def count_pending(connection: Connection, collection: int) -> int:
    """The number of pending images of a collection."""
    query = select(func.count()).where(images.c.collection_id == collection, images.c.status == "pending")
    return int(connection.execute(query).scalar_one())


def has_more_pending_than(connection: Connection, collection: int, number: int) -> bool:
    """Whether more than `number` images are pending, without counting further."""
    pending_query = select(images.c.id).where(images.c.collection_id == collection, images.c.status == "pending")
    count_query = select(func.count()).select_from(pending_query.limit(number + 1).subquery())
    return int(connection.execute(count_query).scalar_one()) > number


def pending_images(
    connection: Connection, collection: int, host: str, after_row: int, limit: int
) -> list[PendingImage]:
    """Pending images of one host in row order, at most `limit`, starting after row `after_row`."""
    query = (
        select(images, blobs.c.ext)
        .outerjoin(blobs, blobs.c.sha256 == images.c.sha256)
        .where(images.c.collection_id == collection, images.c.status == "pending")
        .where(images.c.host == host, images.c.id > after_row)
        .order_by(images.c.id)
        .limit(limit)
    )
    rows = connection.execute(query).all()
    placements_by_image = _unpublished_placements(connection, [row.id for row in rows])
    return [_pending_image(row, placements_by_image.get(row.id, [])) for row in rows]


def _pending_image(row: Any, placement_rows: list[Any]) -> PendingImage:
    return PendingImage(
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
        names={placement.id: placement.name for placement in placement_rows},
        previous_sha256s={placement.id: placement.file_sha256 for placement in placement_rows if placement.file_sha256},
    )


def _unpublished_placements(connection: Connection, rows: Sequence[int]) -> dict[int, list[Any]]:
    query = select(placements.c.image_id, placements.c.id, placements.c.name, placements.c.file_sha256)
    placements_by_image: dict[int, list[Any]] = {}
    for chunk in chunks(rows):
        chunk_query = query.where(placements.c.image_id.in_(chunk), placements.c.file.is_(None)).order_by(
            placements.c.id
        )
        for row in connection.execute(chunk_query):
            placements_by_image.setdefault(row.image_id, []).append(row)
    return placements_by_image


def count_by_status(connection: Connection, collection: int | None = None) -> list[StatusCount]:
    """The number of images by collection, status and reason."""
    query = (
        select(images.c.collection_id, images.c.status, images.c.reason, func.count())
        .group_by(images.c.collection_id, images.c.status, images.c.reason)
        .order_by(images.c.collection_id)
    )
    if collection is not None:
        query = query.where(images.c.collection_id == collection)
    collection_by_row = all_collections(connection)
    return [
        StatusCount(row, collection_by_row[row].site, collection_by_row[row].directory, status, reason, number)
        for row, status, reason, number in connection.execute(query)
    ]


def iter_positions(connection: Connection, collection: int) -> Iterable[Any]:
    """(user, post, URL number, URL, status, reason, detail, file) of every image with a position, in that order."""
    query = (
        select(
            placements.c.user_index,
            placements.c.post_index,
            placements.c.url_index,
            func.coalesce(images.c.url, images.c.key),
            images.c.status,
            images.c.reason,
            images.c.detail,
            placements.c.file,
        )
        .join(images, images.c.id == placements.c.image_id)
        .where(placements.c.collection_id == collection, placements.c.user_index.is_not(None))
        .order_by(placements.c.user_index, placements.c.post_index, placements.c.url_index)
    )
    return connection.execute(query.execution_options(yield_per=5000))


def next_post_by_user(connection: Connection, collection: int) -> dict[int, int]:
    """The number of the next post, for each user number that has a picture."""
    query = (
        select(placements.c.user_index, func.max(placements.c.post_index))
        .where(placements.c.collection_id == collection, placements.c.user_index.is_not(None))
        .group_by(placements.c.user_index)
    )
    return {user: last_post + 1 for user, last_post in connection.execute(query)}


def positions_by_key(connection: Connection, collection: int, keys: Sequence[str]) -> dict[str, DatasetPosition]:
    """The first position of each of these images that has one, by key."""
    positions: dict[str, DatasetPosition] = {}
    for chunk in chunks(keys):
        query = (
            select(images.c.key, placements.c.user_index, placements.c.post_index, placements.c.url_index)
            .join(placements, placements.c.image_id == images.c.id)
            .where(images.c.collection_id == collection, images.c.key.in_(chunk), placements.c.user_index.is_not(None))
            .order_by(placements.c.id)
        )
        for key, *numbers in connection.execute(query):
            positions.setdefault(key, DatasetPosition(*numbers))
    return positions
