"""Pairs of near-duplicates, and their upkeep when blobs are deleted.

Each function is one part of a caller's transaction.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, CompoundSelect, Connection, delete, literal_column, or_, select, union

from harvester.catalogue.schema import blobs, dedupe_runs, dedupe_state, pairs
from harvester.catalogue.sql import chunks, insert_new, starts_with

INVERSE_ROTATIONS = {"rotate-90": "rotate-270", "rotate-270": "rotate-90"}
"""Rotations that are not their own inverse."""


class Pair(NamedTuple):
    """Two near-duplicate blobs (sha256, `first` < `second`), the method that matches them, and their distance in bits.

    `orientation` says how to transform the first so that it looks like the second; it is empty if both are upright.
    """

    first: str
    second: str
    method: str
    orientation: str
    score: int


def make_pair(first: str, second: str, method: str, orientation: str, score: int) -> Pair:
    """Build a pair in canonical order."""
    if first < second:
        return Pair(first, second, method, orientation, score)
    return Pair(second, first, method, INVERSE_ROTATIONS.get(orientation, orientation), score)


def from_finished_runs() -> ColumnElement[bool]:
    """The condition that a pair was found by a finished search."""
    return pairs.c.run_id.not_in(select(dedupe_runs.c.id).where(dedupe_runs.c.finished_at.is_(None)))


def add_pairs(connection: Connection, run: int, new_pairs: Sequence[Pair]) -> None:
    """Add the pairs that a search found; known pairs stay as they are."""
    insert_new(connection, pairs, [{**new_pair._asdict(), "run_id": run} for new_pair in new_pairs])


def iter_links(connection: Connection) -> Iterator[tuple[str, str]]:
    """Both members of every pair, once for all methods."""
    query = select(pairs.c.first, pairs.c.second).where(from_finished_runs()).distinct()
    yield from connection.execute(query.execution_options(yield_per=10_000))


def paired_blobs() -> CompoundSelect[tuple[str]]:
    """The sha256 of every blob in a pair, in order, so that SQLite merges two indexes and sorts nothing."""
    return union(select(pairs.c.first), select(pairs.c.second)).order_by("first")


def is_paired(connection: Connection) -> ColumnElement[bool]:
    """The condition that a blob is in a pair, written so that SQLite reads the blobs in storage order."""
    condition = blobs.c.sha256.in_(paired_blobs())
    if connection.dialect.name != "sqlite":
        return condition
    rowid: ColumnElement[int] = literal_column("rowid")
    return rowid.in_(select(rowid).select_from(blobs).where(condition))


def pairs_of(connection: Connection, sha256s: Sequence[str]) -> list[Pair]:
    """Every pair that contains one of these blobs."""
    unique_pairs: dict[Pair, None] = {}
    for chunk in chunks(sha256s):
        is_member = or_(pairs.c.first.in_(chunk), pairs.c.second.in_(chunk))
        rows = connection.execute(select(*_pair_columns()).where(is_member, from_finished_runs()))
        unique_pairs.update((Pair(**row._mapping), None) for row in rows)
    return list(unique_pairs)


def paired_with_prefix(connection: Connection, prefix: str) -> list[str]:
    """Paired blobs whose sha256 starts with this prefix, at most two."""
    columns = (pairs.c.first, pairs.c.second)
    query = union(*(select(column).where(starts_with(column, prefix), from_finished_runs()) for column in columns))
    return list(connection.execute(query.limit(2)).scalars())


def _pair_columns() -> Sequence[Any]:
    return [pairs.c[name] for name in Pair._fields]


def forget_blobs(connection: Connection, sha256s: Sequence[str]) -> None:
    """Take blobs out of their groups before they are deleted; call this while the table `blobs` still has them.

    A group of two ends; a larger one continues without them. Decisions stay in the log, and verdicts on the other
    members hold, except a `skip` in favour of pictures that are all deleted (see `verdicts.py`).
    """
    for chunk in chunks(sha256s):
        for sha256 in _paired_among(connection, chunk):
            replacements = list(_replacement_pairs(connection, sha256))
            connection.execute(delete(pairs).where(or_(pairs.c.first == sha256, pairs.c.second == sha256)))
            insert_new(connection, pairs, replacements)
        connection.execute(delete(dedupe_state).where(dedupe_state.c.sha256.in_(chunk)))


def _paired_among(connection: Connection, sha256s: Sequence[str]) -> list[str]:
    first = select(pairs.c.first).where(pairs.c.first.in_(sha256s))
    second = select(pairs.c.second).where(pairs.c.second.in_(sha256s))
    return list(connection.execute(first.union(second)).scalars())


def _replacement_pairs(connection: Connection, sha256: str) -> Iterator[Mapping[str, Any]]:
    """Pairs that replace those of a deleted blob.

    Of blobs with equal hashes only one is paired with other blobs; if it is deleted, the next takes its place.
    """
    query = select(pairs).where(or_(pairs.c.first == sha256, pairs.c.second == sha256))
    rows = connection.execute(query.order_by(pairs.c.first, pairs.c.second)).all()
    equal_blobs = _equally_animated(connection, sha256, [_other_member(row, sha256) for row in rows if not row.score])
    replacement_by_method: dict[str, str] = {}
    for row in rows:
        if row.score == 0 and not row.orientation and _other_member(row, sha256) in equal_blobs:
            replacement_by_method.setdefault(row.method, _other_member(row, sha256))
    for row in rows:
        replacement, other = replacement_by_method.get(row.method), _other_member(row, sha256)
        if replacement and replacement != other:
            orientation = (
                row.orientation if row.first == sha256 else INVERSE_ROTATIONS.get(row.orientation, row.orientation)
            )
            new_pair = make_pair(replacement, other, row.method, orientation, row.score)
            yield {**new_pair._asdict(), "run_id": row.run_id}


def _other_member(row: Any, sha256: str) -> str:
    return str(row.second if row.first == sha256 else row.first)


def _equally_animated(connection: Connection, sha256: str, others: Sequence[str]) -> set[str]:
    """The other blobs that are animated like this one, so that the same limits apply."""
    animated_by_sha256: dict[str, bool] = {}
    for chunk in chunks([sha256, *others]):
        query = select(blobs.c.sha256, blobs.c.animated).where(blobs.c.sha256.in_(chunk))
        animated_by_sha256.update((row.sha256, row.animated) for row in connection.execute(query))
    return {
        other
        for other in others
        if other in animated_by_sha256
        and animated_by_sha256[other] == animated_by_sha256.get(sha256, animated_by_sha256[other])
    }
