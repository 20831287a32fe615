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

_own = MetaData()
_going = Table("going_images", _own, Column("id", BigInteger, primary_key=True), prefixes=["TEMPORARY"])
_lost = Table("going_blobs", _own, Column("sha256", String(64), primary_key=True), prefixes=["TEMPORARY"])


@dataclass(frozen=True)
class Scope:
    """What is to go: an album of an owner (rows), all an owner keeps, all of an author at a site, or the site.

    `queries` are the listings that led to an owner's pictures.
    """

    site: str
    album: int | None = None
    owner: int | None = None
    author: str | None = None
    queries: Sequence[str] = ()

    @property
    def whole_site(self) -> bool:
        """Whether nothing narrows it down."""
        return self.owner is None and self.author is None


@dataclass(frozen=True)
class Toll:
    """What goes: places in albums and names in folders, images, blobs and their bytes, named copies on disk."""

    occurrences: int
    images: int
    blobs: int
    bytes: int
    copies: int

    def sentence(self, *, dry: bool) -> str:
        """For a person."""
        return (
            f"{self.occurrences:,} occurrence(s) of {self.images:,} image(s){' would' if dry else ''} go, with "
            f"{self.blobs:,} blob(s) of {self.bytes:,} bytes that nothing else has and {self.copies:,} named copies."
        )


def choose(connection: Connection, scope: Scope) -> Toll:
    """Find out what goes. An image stays that another album has, or a folder; a blob stays that another image has."""
    for table in (_going, _lost):
        connection.execute(CreateTable(table, if_not_exists=True))
        connection.execute(delete(table))
    connection.execute(insert(_going).from_select(["id"], _images(scope)))
    others = images.alias()
    staying = exists().where(others.c.sha256 == images.c.sha256, others.c.id.not_in(select(_going.c.id)))
    orphans = (
        select(images.c.sha256)
        .where(images.c.id.in_(going_images()), images.c.sha256.is_not(None), ~staying)
        .distinct()
    )
    connection.execute(insert(_lost).from_select(["sha256"], orphans))
    stored = select(func.count(), func.coalesce(func.sum(blobs.c.bytes), 0)).where(blobs.c.sha256.in_(going_blobs()))
    number, size = connection.execute(stored).one()
    named = select(func.count()).where(sightings.c.image_id.in_(going_images()))
    placed = select(func.count()).where(places_of(scope))
    return Toll(
        occurrences=_number(connection, placed) + _number(connection, named),
        images=_number(connection, select(func.count()).select_from(_going)),
        blobs=number,
        bytes=int(size),
        copies=_number(connection, named.where(sightings.c.file.is_not(None))),
    )


def _images(scope: Scope) -> Select[Any]:
    of_site = images.c.collection_id.in_(collections_of(scope))
    if scope.whole_site:
        return select(images.c.id).where(of_site)
    if scope.author is not None:
        return select(images.c.id).where(of_site, images.c.author == scope.author)
    other = album_images.alias()
    elsewhere = exists().where(other.c.image_id == album_images.c.image_id, other.c.album_id.not_in(albums_of(scope)))
    named = exists().where(sightings.c.image_id == album_images.c.image_id)
    listed = select(album_images.c.image_id).where(album_images.c.album_id.in_(albums_of(scope)))
    return listed.where(~elsewhere, ~named).distinct()


def collections_of(scope: Scope) -> Select[Any]:
    """The collections of the site."""
    return select(collections.c.id).where(collections.c.site == scope.site)


def albums_of(scope: Scope) -> Select[Any]:
    """The albums that go."""
    if scope.album is not None:
        return select(albums.c.id).where(albums.c.id == scope.album)
    if scope.owner is not None:
        return select(albums.c.id).where(albums.c.owner_id == scope.owner)
    of_site = select(owners.c.id).where(owners.c.site == scope.site)
    return select(albums.c.id).where(albums.c.owner_id.in_(of_site), literal(scope.whole_site))


def places_of(scope: Scope) -> Any:
    """Which rows of `album_images` go."""
    return or_(album_images.c.album_id.in_(albums_of(scope)), album_images.c.image_id.in_(going_images()))


def going_images() -> Select[Any]:
    """The rows of the chosen images."""
    return select(_going.c.id)


def going_blobs() -> Select[Any]:
    """The sha256 of the chosen blobs."""
    return select(_lost.c.sha256)


def _number(connection: Connection, question: Select[Any]) -> int:
    return int(connection.execute(question).scalar_one())
