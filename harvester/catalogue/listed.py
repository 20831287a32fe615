"""Everything of one kind in the catalogue, row by row: users, albums, images, runs. Times in seconds since 1970."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, Select, case, cast, func, literal, null, select

from harvester.catalogue import tags, tagtree
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
"""Images read at a time."""

Row = dict[str, Any]

_MEASURES: list[ColumnElement[Any]] = [
    func.count().label("images"),
    func.sum(case((images.c.status == "failed", 1), else_=0)).label("failed"),
    func.coalesce(func.sum(case((blobs.c.animated, 1), else_=0)), 0).label("animated"),
    cast(func.coalesce(func.sum(blobs.c.bytes), 0), BigInteger).label("bytes"),  # PostgreSQL's sum is a decimal
    func.min(blobs.c.bytes).label("least"),
    func.max(blobs.c.bytes).label("most"),
]


def users(connection: Connection) -> Iterator[Row]:
    """Who keeps albums; where nobody does, the authors of the images. An image counts once for each."""
    kept = select(albums.c.owner_id, album_images.c.image_id, func.count(albums.c.id.distinct()).label("albums"))
    kept = kept.join(album_images, album_images.c.album_id == albums.c.id)
    had = kept.group_by(albums.c.owner_id, album_images.c.image_id).subquery()
    number = select(func.count()).where(albums.c.owner_id == owners.c.id).scalar_subquery()
    told = [owners.c.site, owners.c.key, owners.c.name, owners.c.listed_at, owners.c.finished_at]
    measured = [*_MEASURES[1:], func.count(images.c.id).label("images")]
    keepers = select(*told, number.label("albums"), *measured).select_from(
        owners.outerjoin(had, had.c.owner_id == owners.c.id)
        .outerjoin(images, images.c.id == had.c.image_id)
        .outerjoin(blobs, blobs.c.sha256 == images.c.sha256)
    )
    yield from _rows(connection, keepers.group_by(owners.c.id, *told).order_by(owners.c.site, owners.c.id))
    author = [collections.c.site, literal("").label("key"), images.c.author.label("name")]
    never = [null().label("listed_at"), null().label("finished_at"), literal(0).label("albums")]
    authors = select(*author, *never, *_MEASURES).select_from(
        images.join(collections, collections.c.id == images.c.collection_id).outerjoin(
            blobs, blobs.c.sha256 == images.c.sha256
        )
    )
    others = authors.where(collections.c.site.not_in(select(owners.c.site)), images.c.author.is_not(None))
    grouped = others.group_by(collections.c.site, images.c.author)
    yield from _rows(connection, grouped.order_by(collections.c.site, images.c.author))


def albums_of_all(connection: Connection) -> Iterator[Row]:
    """Every album, by user and in the order in which they were first listed."""
    told = [owners.c.site, owners.c.key.label("user"), owners.c.name.label("user_name"), albums.c.key, albums.c.name]
    told += [albums.c.kind, albums.c.pages, albums.c.read_at, albums.c.finished_at]
    measured = [*_MEASURES[1:], func.count(images.c.id).label("images")]
    found = select(*told, *measured).select_from(
        albums.join(owners, owners.c.id == albums.c.owner_id)
        .outerjoin(album_images, album_images.c.album_id == albums.c.id)
        .outerjoin(images, images.c.id == album_images.c.image_id)
        .outerjoin(blobs, blobs.c.sha256 == images.c.sha256)
    )
    grouped = found.group_by(albums.c.id, owners.c.id, *told)
    yield from _rows(connection, grouped.order_by(owners.c.site, owners.c.id, albums.c.id))


def runs_of_all(connection: Connection) -> Iterator[Row]:
    """Every crawl, the first one first."""
    found = select(runs, collections.c.site, collections.c.directory).join(collections)
    yield from _rows(connection, found.order_by(runs.c.id))


def images_of_all(connection: Connection, wanted: Sequence[ColumnElement[bool]]) -> Iterator[Row]:
    """Every image that fits, with its bytes, names, albums and tags."""
    names = ("ext", "format", "width", "height", "bytes", "animated", "frames")
    told = [*images.c, collections.c.site, *(blobs.c[name] for name in names)]
    joined = images.join(collections, collections.c.id == images.c.collection_id)
    found = select(*told).select_from(joined.outerjoin(blobs, blobs.c.sha256 == images.c.sha256)).where(*wanted)
    tree, last = tags.tree(connection), 0
    while page := connection.execute(found.where(images.c.id > last).order_by(images.c.id).limit(PAGE)).all():
        last = page[-1].id
        within = images.c.id.between(page[0].id, last)
        named, placed = _names(connection, within), _places(connection, within)
        tagged = _tags(connection, {row.sha256 for row in page if row.sha256}, tree) if tree else {}
        connection.rollback()  # SQLite's log cannot be emptied behind a reader
        for row in page:
            beside = {"names": named.get(row.id, []), "albums": placed.get(row.id, [])}
            yield {**row._mapping, **beside, "tags": tagged.get(row.sha256, [])}


def _names(connection: Connection, within: ColumnElement[bool]) -> dict[int, list[str]]:
    found = select(sightings.c.image_id, func.coalesce(sightings.c.file, sightings.c.name))
    return _lists(connection, found.join(images).where(within).order_by(sightings.c.id))


def _places(connection: Connection, within: ColumnElement[bool]) -> dict[int, list[str]]:
    joined = album_images.join(images).join(albums).join(owners)
    found = select(album_images.c.image_id, owners.c.name + "/" + albums.c.name).select_from(joined)
    return _lists(connection, found.where(within).order_by(album_images.c.album_id))


def _tags(connection: Connection, shas: set[str], tree: tagtree.Tree) -> dict[str, list[str]]:
    """By picture, the paths of its tags: on each, the latest word counts."""
    latest: dict[tuple[int, str], str] = {}
    listed = sorted(shas)
    for start in range(0, len(listed), 500):
        said = select(tag_log.c.id, tag_log.c.tag_id, tag_log.c.sha256, tag_log.c.action)
        said = said.where(tag_log.c.sha256.in_(listed[start : start + 500])).order_by(tag_log.c.id)
        for row in connection.execute(said):
            if row.tag_id in tree and row.id > tree[row.tag_id].since:
                latest[row.tag_id, row.sha256] = row.action
    found: dict[str, list[str]] = {}
    for (number, sha), action in sorted(latest.items()):
        if action == "apply":
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
