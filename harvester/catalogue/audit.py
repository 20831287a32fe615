"""What `scrapy verify` asks of the catalogue: in pieces, so that memory does not grow with it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, exists, func, or_, select, text

from harvester.catalogue.queries import begins
from harvester.catalogue.schema import blobs, images, sightings
from harvester.imaging.values import NO_FINGERPRINT, RECIPE

PAGE = 2000
"""Rows read at a time."""

PREFIXES = tuple(f"{number:02x}" for number in range(256))
"""The folders of the blob store; together they hold every sha256."""


@dataclass(frozen=True)
class Copy:
    """A named copy as the catalogue knows it. `sha256` and `ext` are of the image's blob, `file_sha256` of the copy."""

    row: int
    image: int
    collection: int
    file: str
    file_sha256: str | None
    sha256: str | None
    ext: str | None


def damage(connection: Connection) -> list[str]:
    """What the database itself finds wrong with its file; only SQLite is asked."""
    if connection.dialect.name != "sqlite":
        return []
    said = connection.execute(text("PRAGMA quick_check(10)")).scalars().all()
    return [line for line in said if line != "ok"]


def how_much(connection: Connection) -> int:
    """How many blobs and named copies the catalogue knows."""
    named = select(func.count()).select_from(sightings).where(sightings.c.file.is_not(None))
    stored = select(func.count()).select_from(blobs)
    return int(connection.execute(named).scalar_one()) + int(connection.execute(stored).scalar_one())


def recorded(connection: Connection, prefix: str) -> dict[str, str]:
    """sha256 -> extension of every recorded blob of a folder."""
    found = select(blobs.c.sha256, blobs.c.ext).where(begins(blobs.c.sha256, prefix))
    return {row.sha256: row.ext for row in connection.execute(found)}


def outdated(connection: Connection, prefix: str) -> set[str]:
    """Every sha256 of a folder that was decoded under another recipe, or whose coefficients are not known."""
    earlier = or_(blobs.c.recipe != RECIPE, blobs.c.coefficients.is_(None))
    found = select(blobs.c.sha256).where(begins(blobs.c.sha256, prefix), blobs.c.recipe != NO_FINGERPRINT, earlier)
    return set(connection.execute(found).scalars())


def wanted(connection: Connection, prefix: str) -> set[str]:
    """Every sha256 of a folder that an image refers to."""
    return set(connection.execute(select(images.c.sha256).where(begins(images.c.sha256, prefix)).distinct()).scalars())


def is_known(connection: Connection, sha256: str) -> bool:
    """Whether a blob is recorded by now."""
    return connection.execute(select(blobs.c.ext).where(blobs.c.sha256 == sha256)).first() is not None


def copies(connection: Connection) -> Iterator[list[Copy]]:
    """Every named copy that is said to be there, in pages."""
    found = _copies().where(sightings.c.file.is_not(None)).order_by(sightings.c.id).limit(PAGE)
    last = 0
    while page := [Copy(**row._mapping) for row in connection.execute(found.where(sightings.c.id > last))]:
        connection.rollback()  # SQLite's log cannot be emptied behind a reader
        yield page
        last = page[-1].row


def copies_of(connection: Connection, sha256: str) -> list[Copy]:
    """The named copies of one blob."""
    found = _copies().where(images.c.sha256 == sha256, sightings.c.file.is_not(None))
    return [Copy(**row._mapping) for row in connection.execute(found)]


def _copies() -> Select[Any]:
    return (
        select(
            sightings.c.id.label("row"),
            sightings.c.image_id.label("image"),
            sightings.c.collection_id.label("collection"),
            sightings.c.file,
            sightings.c.file_sha256,
            images.c.sha256,
            blobs.c.ext,
        )
        .join(images, images.c.id == sightings.c.image_id)
        .outerjoin(blobs, blobs.c.sha256 == images.c.sha256)
    )


def unfounded(connection: Connection) -> list[tuple[int, str]]:
    """(row, key) of images called done that have no bytes, or a name without its file."""
    nameless = exists().where(sightings.c.image_id == images.c.id, sightings.c.file.is_(None))
    found = select(images.c.id, images.c.key).where(images.c.status == "done", or_(images.c.sha256.is_(None), nameless))
    return [(row.id, row.key) for row in connection.execute(found.order_by(images.c.id))]


def published(connection: Connection, collection: int, names: Sequence[str]) -> set[str]:
    """Those of the file names (without extension) that the catalogue has promised in a collection."""
    found = select(sightings.c.name).where(sightings.c.collection_id == collection, sightings.c.name.in_(names))
    return set(connection.execute(found).scalars())
