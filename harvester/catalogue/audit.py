"""Catalogue queries for `scrapy verify`, read in pieces so that memory stays bounded."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, exists, func, or_, select, text

from harvester.catalogue.schema import blobs, images, placements
from harvester.catalogue.sql import starts_with
from harvester.imaging.types import FINGERPRINT_VERSION, NO_FINGERPRINT

ROWS_PER_PAGE = 2000
"""Number of rows read at a time."""

SHA256_PREFIXES = tuple(f"{number:02x}" for number in range(256))
"""The folders of the blob store; together they hold every sha256."""


@dataclass(frozen=True)
class OutputFile:
    """An output file as recorded. `sha256` and `ext` describe the image's blob, `file_sha256` the output file."""

    row: int
    image: int
    collection: int
    file: str
    file_sha256: str | None
    sha256: str | None
    ext: str | None


def find_damage(connection: Connection) -> list[str]:
    """Problems that the database finds in its own file; empty for databases other than SQLite."""
    if connection.dialect.name != "sqlite":
        return []
    lines = connection.execute(text("PRAGMA quick_check(10)")).scalars().all()
    return [line for line in lines if line != "ok"]


def count_files(connection: Connection) -> int:
    """The number of recorded blobs and output files."""
    output_files_query = select(func.count()).select_from(placements).where(placements.c.file.is_not(None))
    blobs_query = select(func.count()).select_from(blobs)
    return int(connection.execute(output_files_query).scalar_one()) + int(connection.execute(blobs_query).scalar_one())


def find_recorded_blobs(connection: Connection, prefix: str) -> dict[str, str]:
    """The recorded blobs of one folder: sha256 -> extension."""
    query = select(blobs.c.sha256, blobs.c.ext).where(starts_with(blobs.c.sha256, prefix))
    return {row.sha256: row.ext for row in connection.execute(query)}


def find_outdated_blobs(connection: Connection, prefix: str) -> set[str]:
    """Blobs of one folder with another fingerprint version or without coefficients, as a set of sha256."""
    is_outdated = or_(blobs.c.fingerprint_version != FINGERPRINT_VERSION, blobs.c.coefficients.is_(None))
    query = select(blobs.c.sha256).where(
        starts_with(blobs.c.sha256, prefix), blobs.c.fingerprint_version != NO_FINGERPRINT, is_outdated
    )
    return set(connection.execute(query).scalars())


def find_referenced_blobs(connection: Connection, prefix: str) -> set[str]:
    """Blobs of one folder that an image refers to, as a set of sha256."""
    return set(
        connection.execute(select(images.c.sha256).where(starts_with(images.c.sha256, prefix)).distinct()).scalars()
    )


def has_blob(connection: Connection, sha256: str) -> bool:
    """Whether a blob is recorded."""
    return connection.execute(select(blobs.c.ext).where(blobs.c.sha256 == sha256)).first() is not None


def iter_output_files(connection: Connection) -> Iterator[list[OutputFile]]:
    """Every output file that the catalogue records, in pages."""
    query = _output_files_query().where(placements.c.file.is_not(None)).order_by(placements.c.id).limit(ROWS_PER_PAGE)
    last_row = 0
    while page := [OutputFile(**row._mapping) for row in connection.execute(query.where(placements.c.id > last_row))]:
        connection.rollback()  # SQLite's log cannot be emptied behind a reader
        yield page
        last_row = page[-1].row


def output_files_of_blob(connection: Connection, sha256: str) -> list[OutputFile]:
    """The output files of one blob."""
    query = _output_files_query().where(images.c.sha256 == sha256, placements.c.file.is_not(None))
    return [OutputFile(**row._mapping) for row in connection.execute(query)]


def _output_files_query() -> Select[Any]:
    return (
        select(
            placements.c.id.label("row"),
            placements.c.image_id.label("image"),
            placements.c.collection_id.label("collection"),
            placements.c.file,
            placements.c.file_sha256,
            images.c.sha256,
            blobs.c.ext,
        )
        .join(images, images.c.id == placements.c.image_id)
        .outerjoin(blobs, blobs.c.sha256 == images.c.sha256)
    )


def find_done_without_files(connection: Connection) -> list[tuple[int, str]]:
    """(row, key) of images that are done but lack their bytes or an output file."""
    has_missing_file = exists().where(placements.c.image_id == images.c.id, placements.c.file.is_(None))
    query = select(images.c.id, images.c.key).where(
        images.c.status == "done", or_(images.c.sha256.is_(None), has_missing_file)
    )
    return [(row.id, row.key) for row in connection.execute(query.order_by(images.c.id))]


def find_known_names(connection: Connection, collection: int, names: Sequence[str]) -> set[str]:
    """The subset of these file names (without extension) that are recorded in a collection."""
    query = select(placements.c.name).where(placements.c.collection_id == collection, placements.c.name.in_(names))
    return set(connection.execute(query).scalars())
