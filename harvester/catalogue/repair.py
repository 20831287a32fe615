"""Catalogue repairs after a kill, a disk failure or an edit by hand.

Each function is one part of a caller's transaction.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, and_, delete, or_, select, update

from harvester.catalogue.duplicates import pairs
from harvester.catalogue.schema import blobs, images, placements, runs
from harvester.catalogue.source_facts import UNKNOWN_SIZES, update_sizes
from harvester.catalogue.sql import chunks, insert_new, now
from harvester.reasons import NEVER_RETRIED


def mark_killed_runs(connection: Connection, collection: int) -> int:
    """Mark runs without an end as killed; return how many. The caller makes sure that none of them is alive."""
    is_unfinished = and_(runs.c.collection_id == collection, runs.c.outcome.is_(None))
    return connection.execute(update(runs).where(is_unfinished).values(outcome="killed")).rowcount


def refetch(connection: Connection, rows: Sequence[int]) -> None:
    """Make these images pending without bytes, so that they are fetched and published again."""
    for chunk in chunks(rows):
        connection.execute(update(placements).where(placements.c.image_id.in_(chunk)).values(file=None))
        values = {"status": "pending", "reason": "", "detail": "", "sha256": None, "finished_at": None}
        connection.execute(update(images).where(images.c.id.in_(chunk)).values(**values, **UNKNOWN_SIZES))


def rename_again(connection: Connection, rows: Sequence[int]) -> None:
    """Make the images of these placements (rows) pending, so that their output files are made again from the blobs."""
    for chunk in chunks(rows):
        connection.execute(update(placements).where(placements.c.id.in_(chunk)).values(file=None))
        image_ids = select(placements.c.image_id).where(placements.c.id.in_(chunk))
        values = {"status": "pending", "reason": "", "detail": ""}
        connection.execute(update(images).where(images.c.id.in_(image_ids)).values(**values))


def blob_lost(connection: Connection, sha256: str) -> int:
    """Delete a lost blob and make its images pending again; return how many."""
    rows = list(connection.execute(select(images.c.id).where(images.c.sha256 == sha256)).scalars())
    refetch(connection, rows)
    delete_blob(connection, sha256)
    return len(rows)


def delete_blob(connection: Connection, sha256: str) -> None:
    """Delete the row of a blob and its comparisons; if the bytes come back, they are compared again."""
    pairs.forget_blobs(connection, [sha256])
    connection.execute(delete(blobs).where(blobs.c.sha256 == sha256))


def add_found_blob(connection: Connection, row: Mapping[str, Any]) -> None:
    """Record a blob that was found on disk; a known blob keeps the time when it was stored."""
    stored_at = connection.execute(select(blobs.c.stored_at).where(blobs.c.sha256 == row["sha256"])).scalar()
    delete_blob(connection, row["sha256"])  # a row with another extension, or of an earlier version
    insert_new(connection, blobs, [{**row, "stored_at": now() if stored_at is None else stored_at}])
    update_sizes(connection, row["sha256"])


def filter_retryable(connection: Connection, rows: Sequence[int]) -> list[int]:
    """The subset of these images (rows) for which another attempt can change the result."""
    retryable: list[int] = []
    for chunk in chunks(rows):
        is_settled = or_(images.c.status != "pending", images.c.sha256.is_not(None))
        query = select(images.c.id).where(images.c.id.in_(chunk), images.c.reason.not_in(NEVER_RETRIED), is_settled)
        retryable += connection.execute(query).scalars()
    return retryable
