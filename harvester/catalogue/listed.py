"""Everything of one kind in the catalogue, row by row: users, albums, images, runs. Times in seconds since 1970."""

from array import array
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, Select, case, cast, func, literal, null, select

from harvester.catalogue import tags, tagtree
from harvester.catalogue.queries import chunks
from harvester.catalogue.schema import (
    album_images,
    albums,
    blobs,
    collections,
    images,
    owners,
    runs,
    sightings,
    tag_log,
)

PAGE = 2000
"""Images read at a time, where all are."""

Row = dict[str, Any]

_OF_IMAGE = ("id", "key", "url", "page", "author", "status", "reason", "detail", "promised_at", "finished_at",
             "sha256", "bytes", "animated")  # fmt: skip
_OF_BLOB = ("ext", "format", "width", "height", "frames")

_MEASURES: list[ColumnElement[Any]] = [
    func.count(images.c.id).label("images"),
    func.sum(case((images.c.status == "failed", 1), else_=0)).label("failed"),
    func.sum(case((images.c.animated, 1), else_=0)).label("animated"),
    cast(func.coalesce(func.sum(images.c.bytes), 0), BigInteger).label("bytes"),  # PostgreSQL's sum is a decimal
    func.min(images.c.bytes).label("least"),
    func.max(images.c.bytes).label("most"),
]
_ADDED = ("images", "failed", "animated", "bytes")


def users(connection: Connection) -> Iterator[Row]:
    """Who keeps albums; where nobody does, the authors of the images. An image counts once for each."""
    yield from _rows(connection, _keepers())
    yield from _rows(connection, _authors())


def _keepers() -> Select[Any]:
    kept = select(albums.c.owner_id, album_images.c.image_id).join(album_images, album_images.c.album_id == albums.c.id)
    had = kept.distinct().subquery()
    sums = select(had.c.owner_id, *_MEASURES).join(images, images.c.id == had.c.image_id).group_by(had.c.owner_id)
    of_each = sums.subquery()
    number = select(func.count()).where(albums.c.owner_id == owners.c.id).scalar_subquery().label("albums")
    told = [owners.c.site, owners.c.key, owners.c.name, owners.c.listed_at, owners.c.finished_at, number]
    counted = [func.coalesce(of_each.c[name], 0).label(name) for name in _ADDED]
    found = select(*told, *counted, of_each.c.least, of_each.c.most)
    found = found.select_from(owners.outerjoin(of_each, of_each.c.owner_id == owners.c.id))
    return found.order_by(owners.c.site, owners.c.id)


def _authors() -> Select[Any]:
    """First in the order of the index, so that no image is sorted; then what an author has in several folders."""
    author, collection = images.c.author, images.c.collection_id
    sums = select(author, collection, *_MEASURES).where(author.is_not(None)).group_by(author, collection).subquery()
    never = [null().label("listed_at"), null().label("finished_at"), literal(0).label("albums")]
    added = [cast(func.sum(sums.c[name]), BigInteger).label(name) for name in _ADDED]
    ends = [func.min(sums.c.least).label("least"), func.max(sums.c.most).label("most")]
    told = [collections.c.site, literal("").label("key"), sums.c.author.label("name")]
    found = select(*told, *never, *added, *ends).join(sums, sums.c.collection_id == collections.c.id)
    found = found.where(collections.c.site.not_in(select(owners.c.site)))
    return found.group_by(collections.c.site, sums.c.author).order_by(collections.c.site, sums.c.author)


def albums_of_all(connection: Connection) -> Iterator[Row]:
    """Every album, by user and in the order in which they were first listed."""
    told = [owners.c.site, owners.c.key.label("user"), owners.c.name.label("user_name"), albums.c.key, albums.c.name]
    told += [albums.c.kind, albums.c.pages, albums.c.read_at, albums.c.finished_at]
    found = select(*told, *_MEASURES).select_from(
        albums.join(owners, owners.c.id == albums.c.owner_id)
        .outerjoin(album_images, album_images.c.album_id == albums.c.id)
        .outerjoin(images, images.c.id == album_images.c.image_id)
    )
    grouped = found.group_by(albums.c.id, owners.c.id, *told)
    yield from _rows(connection, grouped.order_by(owners.c.site, owners.c.id, albums.c.id))


def runs_of_all(connection: Connection) -> Iterator[Row]:
    """Every crawl, the first one first."""
    found = select(runs, collections.c.site, collections.c.directory).join(collections)
    yield from _rows(connection, found.order_by(runs.c.id))


def images_of_all(connection: Connection, wanted: Sequence[ColumnElement[bool]]) -> Iterator[Row]:
    """Every image that fits, with its bytes, names, albums and tags."""
    told = [*(images.c[name] for name in _OF_IMAGE), collections.c.site, *(blobs.c[name] for name in _OF_BLOB)]
    joined = images.join(collections, collections.c.id == images.c.collection_id)
    found = select(*told).select_from(joined.outerjoin(blobs, blobs.c.sha256 == images.c.sha256))
    columns, tree = [column.name for column in told], tags.tree(connection)
    for rows in _pages(connection, wanted):
        page = connection.execute(found.where(_among(images.c.id, rows)).order_by(images.c.id)).all()
        named, placed = _names(connection, rows), _places(connection, rows)
        tagged = _tags(connection, rows, tree) if tree else {}
        connection.rollback()  # SQLite's log cannot be emptied behind a reader
        for row in page:
            told_of_it = dict(zip(columns, row, strict=True))
            told_of_it["names"] = named.get(row.id, [])
            told_of_it["albums"] = placed.get(row.id, [])
            told_of_it["tags"] = tagged.get(row.sha256, [])
            yield told_of_it


def _pages(connection: Connection, wanted: Sequence[ColumnElement[bool]]) -> Iterator[Sequence[int]]:
    """The images (rows) that fit, some at a time; where all do, ranges of rows that there may be.

    The rules are asked once: that reads an index, or of each image as little as is in the question. Eight bytes of
    memory for each image that fits.
    """
    if wanted:
        found = select(images.c.id).where(*wanted).order_by(images.c.id).execution_options(yield_per=PAGE)
        yield from chunks(array("q", connection.execute(found).scalars()))
    else:
        last = connection.execute(select(func.max(images.c.id))).scalar() or 0
        yield from (range(first, first + PAGE) for first in range(1, last + 1, PAGE))


def _among(row: ColumnElement[int], rows: Sequence[int]) -> ColumnElement[bool]:
    return row.between(rows[0], rows[-1]) if isinstance(rows, range) else row.in_(list(rows))


def _names(connection: Connection, rows: Sequence[int]) -> dict[int, list[str]]:
    found = select(sightings.c.image_id, func.coalesce(sightings.c.file, sightings.c.name))
    return _lists(connection, found.where(_among(sightings.c.image_id, rows)).order_by(sightings.c.id))


def _places(connection: Connection, rows: Sequence[int]) -> dict[int, list[str]]:
    joined = album_images.join(albums).join(owners)
    found = select(album_images.c.image_id, owners.c.name + "/" + albums.c.name).select_from(joined)
    there = found.where(_among(album_images.c.image_id, rows))
    return _lists(connection, there.order_by(album_images.c.album_id))


def _tags(connection: Connection, rows: Sequence[int], tree: tagtree.Tree) -> dict[str, list[str]]:
    """By picture, the paths of its tags: on each, the latest word counts."""
    pictures = select(images.c.sha256).where(_among(images.c.id, rows))
    said = select(tag_log.c.sha256, tag_log.c.tag_id, tags.LATEST).where(tag_log.c.sha256.in_(pictures))
    found: dict[str, list[str]] = {}
    for sha, number, latest in sorted(connection.execute(said.group_by(tag_log.c.sha256, tag_log.c.tag_id)).all()):
        if number in tree and latest // 2 > tree[number].since and latest % 2:
            found.setdefault(sha, []).append(tagtree.path(tree, number))
    return found


def _lists(connection: Connection, found: Select[Any]) -> dict[int, list[str]]:
    lists: dict[int, list[str]] = {}
    for row, text in connection.execute(found):
        lists.setdefault(row, []).append(text)
    return lists


def _rows(connection: Connection, found: Select[Any]) -> Iterator[Row]:
    for row in connection.execute(found.execution_options(yield_per=5000)):
        yield dict(row._mapping)
