"""What goes when an album, a user or a site is removed: chosen and counted, nothing is changed.

The chosen images and blobs are kept in tables of the connection only, until the end of the transaction or the next
choice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    MetaData,
    Select,
    String,
    Table,
    delete,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
)
from sqlalchemy.schema import CreateTable

from harvester.catalogue.schema import album_images, albums, blobs, collections, images, owners, sightings

_temporary_metadata = MetaData()
_image_table = Table(
    "going_images", _temporary_metadata, Column("id", BigInteger, primary_key=True), prefixes=["TEMPORARY"]
)
_blob_table = Table(
    "going_blobs", _temporary_metadata, Column("sha256", String(64), primary_key=True), prefixes=["TEMPORARY"]
)


@dataclass(frozen=True)
class RemovalScope:
    """What is to go: an album of an owner (rows), all an owner keeps, all of an author at a site, or the site.

    `queries` are the listings that led to an owner's pictures.
    """

    site: str
    album: int | None = None
    owner: int | None = None
    author: str | None = None
    queries: Sequence[str] = ()

    @property
    def is_whole_site(self) -> bool:
        """Whether nothing narrows it down."""
        return self.owner is None and self.author is None


@dataclass(frozen=True)
class RemovalSummary:
    """What goes: places in albums and names in folders, images, blobs and their bytes, named copies on disk."""

    occurrences: int
    images: int
    blobs: int
    bytes: int
    output_files: int

    def message(self, *, dry_run: bool) -> str:
        """For a person."""
        return (
            f"{self.occurrences:,} occurrence(s) of {self.images:,} image(s){' would' if dry_run else ''} go, with "
            f"{self.blobs:,} blob(s) of {self.bytes:,} bytes that nothing else has and "
            f"{self.output_files:,} named copies."
        )


def select_for_removal(connection: Connection, scope: RemovalScope) -> RemovalSummary:
    """Find out what goes. An image stays that another album has, or a folder; a blob stays that another image has."""
    for table in (_image_table, _blob_table):
        connection.execute(CreateTable(table, if_not_exists=True))
        connection.execute(delete(table))
    connection.execute(insert(_image_table).from_select(["id"], _images_in_scope(scope)))
    others = images.alias()
    is_shared = exists().where(others.c.sha256 == images.c.sha256, others.c.id.not_in(select(_image_table.c.id)))
    orphans = (
        select(images.c.sha256)
        .where(images.c.id.in_(selected_images()), images.c.sha256.is_not(None), ~is_shared)
        .distinct()
    )
    connection.execute(insert(_blob_table).from_select(["sha256"], orphans))
    blobs_query = select(func.count(), func.coalesce(func.sum(blobs.c.bytes), 0)).where(
        blobs.c.sha256.in_(selected_blobs())
    )
    blob_count, blob_bytes = connection.execute(blobs_query).one()
    names_query = select(func.count()).where(sightings.c.image_id.in_(selected_images()))
    occurrences_query = select(func.count()).where(selected_placements(scope))
    return RemovalSummary(
        occurrences=_count(connection, occurrences_query) + _count(connection, names_query),
        images=_count(connection, select(func.count()).select_from(_image_table)),
        blobs=blob_count,
        bytes=int(blob_bytes),
        output_files=_count(connection, names_query.where(sightings.c.file.is_not(None))),
    )


def _images_in_scope(scope: RemovalScope) -> Select[Any]:
    of_site = images.c.collection_id.in_(collections_in_scope(scope))
    if scope.is_whole_site:
        return select(images.c.id).where(of_site)
    if scope.author is not None:
        return select(images.c.id).where(of_site, images.c.author == scope.author)
    other_entries = album_images.alias()
    in_other_album = exists().where(
        other_entries.c.image_id == album_images.c.image_id, other_entries.c.album_id.not_in(albums_in_scope(scope))
    )
    has_file_name = exists().where(sightings.c.image_id == album_images.c.image_id)
    query = select(album_images.c.image_id).where(album_images.c.album_id.in_(albums_in_scope(scope)))
    return query.where(~in_other_album, ~has_file_name).distinct()


def collections_in_scope(scope: RemovalScope) -> Select[Any]:
    """The collections of the site."""
    return select(collections.c.id).where(collections.c.site == scope.site)


def albums_in_scope(scope: RemovalScope) -> Select[Any]:
    """The albums that go."""
    if scope.album is not None:
        return select(albums.c.id).where(albums.c.id == scope.album)
    if scope.owner is not None:
        return select(albums.c.id).where(albums.c.owner_id == scope.owner)
    of_site = select(owners.c.id).where(owners.c.site == scope.site)
    return select(albums.c.id).where(albums.c.owner_id.in_(of_site), literal(scope.is_whole_site))


def selected_placements(scope: RemovalScope) -> Any:
    """Which rows of `album_images` go."""
    return or_(album_images.c.album_id.in_(albums_in_scope(scope)), album_images.c.image_id.in_(selected_images()))


def selected_images() -> Select[Any]:
    """The rows of the chosen images."""
    return select(_image_table.c.id)


def selected_blobs() -> Select[Any]:
    """The sha256 of the chosen blobs."""
    return select(_blob_table.c.sha256)


def _count(connection: Connection, query: Select[Any]) -> int:
    return int(connection.execute(query).scalar_one())
