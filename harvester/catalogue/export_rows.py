"""Rows for exports: the images that fit, in the order of an export, and all that belongs to them."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, func, select

from harvester.catalogue.duplicates import verdicts
from harvester.catalogue.schema import (
    album_images,
    albums,
    blobs,
    collections,
    generation,
    images,
    placements,
    site_users,
    source_tags,
)
from harvester.catalogue.sql import chunks

_BATCH_SIZE = 500


def iter_in_export_order(connection: Connection, conditions: Sequence[ColumnElement[bool]]) -> Iterator[Row[Any]]:
    """(id, collection_id, sha256, status, wished) of the images that fit, `wished` where a verdict keeps the place.

    Every image once, at the first of its places in albums: by user, album and position, then those in no album.
    """
    yield from connection.execute(_ordered_query(conditions).execution_options(yield_per=_BATCH_SIZE))


def iter_images(connection: Connection, image_ids: Sequence[int]) -> Iterator[Row[Any]]:
    """Rows of `images` with the site and the directory of their collection."""
    return _iter_chunked(connection, _images_query(), images.c.id, image_ids)


def iter_blobs(connection: Connection, sha256s: Sequence[str]) -> Iterator[Row[Any]]:
    """Rows of `blobs`."""
    return _iter_chunked(connection, select(blobs), blobs.c.sha256, sha256s)


def iter_twins(connection: Connection, sha256s: Sequence[str], limit: int) -> Iterator[Row[Any]]:
    """Like `iter_images`: the first images of each of these bytes, at most `limit` of each."""
    rank = func.row_number().over(partition_by=images.c.sha256, order_by=images.c.id).label("rank")
    for chunk in chunks(sha256s):
        ranked = select(images.c.id, rank).where(images.c.sha256.in_(chunk)).subquery()
        query = _images_query().join(ranked, ranked.c.id == images.c.id).where(ranked.c.rank <= limit)
        yield from connection.execute(query.order_by(images.c.id))


def iter_generation(connection: Connection, image_ids: Sequence[int]) -> Iterator[Row[Any]]:
    """How images were generated, as far as their source says."""
    return _iter_chunked(connection, select(generation), generation.c.image_id, image_ids)


def iter_album_entries(connection: Connection, image_ids: Sequence[int]) -> Iterator[Row[Any]]:
    """Rows of `album_images` with the names of album and owner; places that a verdict keeps come first."""
    kept, is_kept = _kept_placements()
    query = (
        select(album_images, albums.c.name.label("album"), site_users.c.name.label("owner"))
        .join(albums, albums.c.id == album_images.c.album_id)
        .join(site_users, site_users.c.id == albums.c.owner_id)
        .outerjoin(kept, is_kept)
        .order_by(kept.c.image_id.is_(None), albums.c.owner_id, albums.c.id, album_images.c.position)
    )
    return _iter_chunked(connection, query, album_images.c.image_id, image_ids)


def iter_placements(connection: Connection, image_ids: Sequence[int]) -> Iterator[Row[Any]]:
    """The names of images in their collections."""
    return _iter_chunked(connection, select(placements).order_by(placements.c.id), placements.c.image_id, image_ids)


def iter_source_tags(connection: Connection, image_ids: Sequence[int]) -> Iterator[Row[Any]]:
    """The tags that sources gave images."""
    return _iter_chunked(connection, select(source_tags), source_tags.c.image_id, image_ids)


def _iter_chunked(connection: Connection, query: Select[Any], column: Any, values: Sequence[Any]) -> Iterator[Row[Any]]:
    for chunk in chunks(values):
        yield from connection.execute(query.where(column.in_(chunk)))


def _images_query() -> Select[Any]:
    return select(images, collections.c.site, collections.c.directory).join(collections)


def _kept_placements() -> tuple[Any, ColumnElement[bool]]:
    """The places in albums that a verdict keeps, and the condition that joins them to `album_images`."""
    kept = verdicts.kept_placements().subquery()
    return kept, and_(kept.c.image_id == album_images.c.image_id, kept.c.album_id == album_images.c.album_id)


def _ordered_query(conditions: Sequence[ColumnElement[bool]]) -> Select[Any]:
    kept, is_kept = _kept_placements()
    kept_by_verdict = kept.c.image_id.is_not(None)
    rank = func.row_number().over(
        partition_by=album_images.c.image_id, order_by=(kept_by_verdict.desc(), albums.c.owner_id, albums.c.id)
    )
    ranked_entries = (
        select(album_images.c.image_id, album_images.c.position, albums.c.owner_id, albums.c.id.label("album_id"),
               kept_by_verdict.label("wished"), rank.label("place"))
        .join(albums, albums.c.id == album_images.c.album_id)
        .outerjoin(kept, is_kept)
        .subquery()
    )  # fmt: skip
    is_first = and_(ranked_entries.c.image_id == images.c.id, ranked_entries.c.place == 1)
    order = (
        ranked_entries.c.owner_id.is_(None),
        ranked_entries.c.owner_id,
        ranked_entries.c.album_id,
        ranked_entries.c.position,
        images.c.id,
    )
    query = select(images.c.id, images.c.collection_id, images.c.sha256, images.c.status, ranked_entries.c.wished)
    return query.outerjoin(ranked_entries, is_first).where(*conditions).order_by(*order)
