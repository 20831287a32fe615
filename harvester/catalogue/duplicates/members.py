"""The blobs that groups of near-duplicates consist of."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, exists, select

from harvester.catalogue.duplicates.pairs import is_paired, paired_blobs
from harvester.catalogue.schema import blobs
from harvester.catalogue.sql import chunks

BLOB_COLUMNS = ("sha256", "ext", "format", "width", "height", "bytes", "animated", "stored_at")


def iter_paired_blobs(connection: Connection) -> Iterator[Any]:
    """BLOB_COLUMNS of every blob in a pair, and whether a known generator's data was found in it."""
    return _iter_blobs(connection, is_paired(connection))


def iter_blobs(connection: Connection, sha256s: Sequence[str]) -> Iterator[Any]:
    """The same of these blobs, as far as they are there."""
    for chunk in chunks(sha256s):
        yield from _iter_blobs(connection, blobs.c.sha256.in_(chunk))


def lost_paired_blobs(connection: Connection) -> set[str]:
    """Blobs in pairs that the catalogue has no more."""
    paired = paired_blobs().subquery()
    return set(connection.execute(select(paired).where(~exists().where(blobs.c.sha256 == paired.c.first))).scalars())


def _iter_blobs(connection: Connection, condition: ColumnElement[bool]) -> Iterator[Any]:
    has_generator = blobs.c.embedded["tool"].as_string().is_not(None)  # not only a text that nobody understands
    query = select(*(blobs.c[name] for name in BLOB_COLUMNS), has_generator).where(condition)
    yield from connection.execute(query.execution_options(yield_per=5000))
