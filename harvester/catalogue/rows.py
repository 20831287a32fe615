"""Users, albums, images and runs of the catalogue, row by row. Times are in seconds since 1970."""

from array import array
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, Select, case, cast, func, literal, null, select

from harvester.catalogue.schema import (
    album_images,
    albums,
    blobs,
    collections,
    images,
    placements,
    runs,
    site_users,
    tag_log,
)
from harvester.catalogue.sql import chunks
from harvester.catalogue.tags import tag_assignment, tag_tree

IMAGES_PER_PAGE = 2000
"""Number of image rows read at a time."""

Row = dict[str, Any]

_IMAGE_COLUMNS = ("id", "key", "url", "page", "author", "status", "reason", "detail", "discovered_at", "finished_at",
             "sha256", "bytes", "animated")  # fmt: skip
_BLOB_COLUMNS = ("ext", "format", "width", "height", "frames")

_AGGREGATES: list[ColumnElement[Any]] = [
    func.count(images.c.id).label("images"),
    func.sum(case((images.c.status == "failed", 1), else_=0)).label("failed"),
    func.sum(case((images.c.animated, 1), else_=0)).label("animated"),
    cast(func.coalesce(func.sum(images.c.bytes), 0), BigInteger).label("bytes"),  # PostgreSQL's sum is a decimal
    func.min(images.c.bytes).label("least"),
    func.max(images.c.bytes).label("most"),
]
_SUMMED_COLUMNS = ("images", "failed", "animated", "bytes")


def iter_users(connection: Connection) -> Iterator[Row]:
    """Site users who keep albums and, for sites without albums, the authors. An image counts once for each of them."""
    yield from _iter_rows(connection, _album_owners_query())
    yield from _iter_rows(connection, _authors_query())


def _album_owners_query() -> Select[Any]:
    entries_query = select(albums.c.owner_id, album_images.c.image_id).join(
        album_images, album_images.c.album_id == albums.c.id
    )
    owner_images = entries_query.distinct().subquery()
    totals_query = (
        select(owner_images.c.owner_id, *_AGGREGATES)
        .join(images, images.c.id == owner_images.c.image_id)
        .group_by(owner_images.c.owner_id)
    )
    totals = totals_query.subquery()
    album_count = select(func.count()).where(albums.c.owner_id == site_users.c.id).scalar_subquery().label("albums")
    columns = [site_users.c[name] for name in ("site", "key", "name", "listed_at", "finished_at")]
    sum_columns = [func.coalesce(totals.c[name], 0).label(name) for name in _SUMMED_COLUMNS]
    query = select(*columns, album_count, *sum_columns, totals.c.least, totals.c.most)
    query = query.select_from(site_users.outerjoin(totals, totals.c.owner_id == site_users.c.id))
    return query.order_by(site_users.c.site, site_users.c.id)


def _authors_query() -> Select[Any]:
    """The authors with their totals.

    Summed first by author and collection, in index order, so that no image is sorted; then over the collections.
    """
    author, collection = images.c.author, images.c.collection_id
    totals = select(author, collection, *_AGGREGATES).where(author.is_not(None)).group_by(author, collection).subquery()
    empty_columns = [null().label("listed_at"), null().label("finished_at"), literal(0).label("albums")]
    sum_columns = [cast(func.sum(totals.c[name]), BigInteger).label(name) for name in _SUMMED_COLUMNS]
    extreme_columns = [func.min(totals.c.least).label("least"), func.max(totals.c.most).label("most")]
    columns = [collections.c.site, literal("").label("key"), totals.c.author.label("name")]
    query = select(*columns, *empty_columns, *sum_columns, *extreme_columns).join(
        totals, totals.c.collection_id == collections.c.id
    )
    query = query.where(collections.c.site.not_in(select(site_users.c.site)))
    return query.group_by(collections.c.site, totals.c.author).order_by(collections.c.site, totals.c.author)


def iter_albums(connection: Connection) -> Iterator[Row]:
    """Every album, by site user and in the order in which it was first listed."""
    columns = [
        site_users.c.site,
        site_users.c.key.label("user"),
        site_users.c.name.label("user_name"),
        albums.c.key,
        albums.c.name,
    ]
    columns += [albums.c.kind, albums.c.pages, albums.c.read_at, albums.c.finished_at]
    query = select(*columns, *_AGGREGATES).select_from(
        albums.join(site_users, site_users.c.id == albums.c.owner_id)
        .outerjoin(album_images, album_images.c.album_id == albums.c.id)
        .outerjoin(images, images.c.id == album_images.c.image_id)
    )
    grouped_query = query.group_by(albums.c.id, site_users.c.id, *columns)
    yield from _iter_rows(connection, grouped_query.order_by(site_users.c.site, site_users.c.id, albums.c.id))


def iter_runs(connection: Connection) -> Iterator[Row]:
    """Every crawl, oldest first."""
    query = select(runs, collections.c.site, collections.c.directory).join(collections)
    yield from _iter_rows(connection, query.order_by(runs.c.id))


def iter_images(connection: Connection, conditions: Sequence[ColumnElement[bool]]) -> Iterator[Row]:
    """Every image that meets the conditions, with its blob, names, albums and tags."""
    selected_columns = [
        *(images.c[name] for name in _IMAGE_COLUMNS),
        collections.c.site,
        *(blobs.c[name] for name in _BLOB_COLUMNS),
    ]
    tables = images.join(collections, collections.c.id == images.c.collection_id)
    query = select(*selected_columns).select_from(tables.outerjoin(blobs, blobs.c.sha256 == images.c.sha256))
    column_names, tree = [column.name for column in selected_columns], tag_assignment.load_tree(connection)
    for rows in _row_pages(connection, conditions):
        image_rows = connection.execute(query.where(_is_among(images.c.id, rows)).order_by(images.c.id)).all()
        names_by_image, albums_by_image = _names_by_image(connection, rows), _albums_by_image(connection, rows)
        tags_by_sha256 = _tags_by_sha256(connection, rows, tree) if tree else {}
        connection.rollback()  # so that SQLite can empty its log
        for row in image_rows:
            image = dict(zip(column_names, row, strict=True))
            image["names"] = names_by_image.get(row.id, [])
            image["albums"] = albums_by_image.get(row.id, [])
            image["tags"] = tags_by_sha256.get(row.sha256, [])
            yield image


def _row_pages(connection: Connection, conditions: Sequence[ColumnElement[bool]]) -> Iterator[Sequence[int]]:
    """The rows of the images that meet the conditions, in pages; without conditions, ranges of possible rows.

    The conditions are evaluated once, on an index or on few columns. This takes eight bytes of memory for each image.
    """
    if conditions:
        query = (
            select(images.c.id).where(*conditions).order_by(images.c.id).execution_options(yield_per=IMAGES_PER_PAGE)
        )
        yield from chunks(array("q", connection.execute(query).scalars()))
    else:
        last_row = connection.execute(select(func.max(images.c.id))).scalar() or 0
        yield from (
            range(first_row, first_row + IMAGES_PER_PAGE) for first_row in range(1, last_row + 1, IMAGES_PER_PAGE)
        )


def _is_among(row: ColumnElement[int], rows: Sequence[int]) -> ColumnElement[bool]:
    return row.between(rows[0], rows[-1]) if isinstance(rows, range) else row.in_(list(rows))


def _names_by_image(connection: Connection, rows: Sequence[int]) -> dict[int, list[str]]:
    query = select(placements.c.image_id, func.coalesce(placements.c.file, placements.c.name))
    return _group_by_row(connection, query.where(_is_among(placements.c.image_id, rows)).order_by(placements.c.id))


def _albums_by_image(connection: Connection, rows: Sequence[int]) -> dict[int, list[str]]:
    tables = album_images.join(albums).join(site_users)
    query = select(album_images.c.image_id, site_users.c.name + "/" + albums.c.name).select_from(tables)
    page_query = query.where(_is_among(album_images.c.image_id, rows))
    return _group_by_row(connection, page_query.order_by(album_images.c.album_id))


def _tags_by_sha256(connection: Connection, rows: Sequence[int], tree: tag_tree.TagTree) -> dict[str, list[str]]:
    """The tag paths of each picture, by sha256; the latest log entry for each tag counts."""
    sha256_query = select(images.c.sha256).where(_is_among(images.c.id, rows))
    query = select(tag_log.c.sha256, tag_log.c.tag_id, tag_assignment.LATEST_ENTRY).where(
        tag_log.c.sha256.in_(sha256_query)
    )
    paths: dict[str, list[str]] = {}
    for sha256, tag_id, latest in sorted(connection.execute(query.group_by(tag_log.c.sha256, tag_log.c.tag_id)).all()):
        if tag_id in tree and latest // 2 > tree[tag_id].since and latest % 2:
            paths.setdefault(sha256, []).append(tag_tree.tag_path(tree, tag_id))
    return paths


def _group_by_row(connection: Connection, query: Select[Any]) -> dict[int, list[str]]:
    texts_by_row: dict[int, list[str]] = {}
    for row, text in connection.execute(query):
        texts_by_row.setdefault(row, []).append(text)
    return texts_by_row


def _iter_rows(connection: Connection, query: Select[Any]) -> Iterator[Row]:
    for row in connection.execute(query.execution_options(yield_per=5000)):
        yield dict(row._mapping)
