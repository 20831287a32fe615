"""Records of searches for near-duplicates.

Each function is one part of a caller's transaction.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    delete,
    exists,
    func,
    insert,
    select,
    update,
)

from harvester.catalogue.schema import blobs, dedupe_runs, dedupe_state, pairs
from harvester.catalogue.sql import now

HASHES = ("phash", "dhash", "average", "whash")


class DedupeRun(NamedTuple):
    """A finished search: the fingerprint version that it compared, and its limits as stored."""

    fingerprint_version: int
    limits: Mapping[str, Any]


def last_finished_run(connection: Connection) -> DedupeRun | None:
    """The latest finished search; None if there is none."""
    query = select(dedupe_runs.c.fingerprint_version, dedupe_runs.c.limits).where(
        dedupe_runs.c.finished_at.is_not(None)
    )
    row = connection.execute(query.order_by(dedupe_runs.c.id.desc()).limit(1)).one_or_none()
    return None if row is None else DedupeRun(row.fingerprint_version, row.limits)


def begin_dedupe_run(connection: Connection, fingerprint_version: int, limits: Mapping[str, Any]) -> int:
    """Begin a search; return its row. Delete pairs of killed searches and of other fingerprint versions.

    This search takes over the blobs of killed searches, so that pixels they decoded are not decoded again.
    """
    result = connection.execute(
        insert(dedupe_runs).values(fingerprint_version=fingerprint_version, limits=dict(limits), started_at=now())
    )
    assert result.inserted_primary_key is not None
    row = int(result.inserted_primary_key[0])
    is_killed = and_(dedupe_runs.c.finished_at.is_(None), dedupe_runs.c.id != row)
    killed_runs = select(dedupe_runs.c.id).where(is_killed)
    outdated_runs = select(dedupe_runs.c.id).where(dedupe_runs.c.fingerprint_version != fingerprint_version)
    connection.execute(delete(dedupe_state).where(dedupe_state.c.run_id.in_(outdated_runs)))
    connection.execute(update(dedupe_state).where(dedupe_state.c.run_id.in_(killed_runs)).values(run_id=row))
    for useless_runs in (killed_runs, outdated_runs):
        connection.execute(delete(pairs).where(pairs.c.run_id.in_(useless_runs)))
    connection.execute(delete(dedupe_runs).where(is_killed))
    return row


def finish_dedupe_run(connection: Connection, run: int, limits: Mapping[str, Any]) -> None:
    """Finish a search, so that its pairs count, and delete the pairs beyond its limits."""
    for condition in _beyond_limits(limits):
        connection.execute(delete(pairs).where(condition))
    connection.execute(update(dedupe_runs).where(dedupe_runs.c.id == run).values(finished_at=now()))


def _beyond_limits(limits: Mapping[str, Any]) -> Iterator[ColumnElement[bool]]:
    ends = (pairs.c.first, pairs.c.second)
    has_animated = exists().where(blobs.c.sha256.in_(ends), blobs.c.animated)
    for method in HASHES:
        still_limit, animated_limit = (-1 if bits is None else bits for bits in limits.get(method) or (None, None))
        yield and_(pairs.c.method == method, pairs.c.score > still_limit)
        yield and_(pairs.c.method == method, pairs.c.score > animated_limit, has_animated)
    if not limits["orientations"]:
        yield pairs.c.orientation != ""


def count_pairs_by_method(connection: Connection, run: int) -> Counter[str]:
    """The number of pairs that this search was the first to find, by method."""
    query = select(pairs.c.method, func.count()).where(pairs.c.run_id == run).group_by(pairs.c.method)
    return Counter(dict(connection.execute(query).all()))


def count_by_fingerprint_version(connection: Connection) -> Counter[int]:
    """The number of blobs by fingerprint version."""
    query = select(blobs.c.fingerprint_version, func.count()).group_by(blobs.c.fingerprint_version)
    return Counter(dict(connection.execute(query).all()))
