"""The table of look-alikes: what was found, and what is left of it when blobs go. The caller opens and commits."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, CompoundSelect, Connection, delete, literal_column, or_, select, union

from harvester.catalogue.facts import insert_new
from harvester.catalogue.queries import begins, chunks
from harvester.catalogue.schema import blobs, compared, pairs, searches

INVERSE = {"rotate-90": "rotate-270", "rotate-270": "rotate-90"}
"""Turns that are not their own inverse."""


class Pair(NamedTuple):
    """Two blobs (sha256, `first` < `second`), the method that finds them alike, and the bits in which they differ.

    `orientation` says how the first has to be turned to look like the second; it is empty where both are upright.
    """

    first: str
    second: str
    method: str
    orientation: str
    score: int


def pair(one: str, other: str, method: str, orientation: str, score: int) -> Pair:
    """In its one right order."""
    if one < other:
        return Pair(one, other, method, orientation, score)
    return Pair(other, one, method, INVERSE.get(orientation, orientation), score)


def in_force() -> ColumnElement[bool]:
    """Only what finished searches found counts."""
    return pairs.c.search_id.not_in(select(searches.c.id).where(searches.c.finished_at.is_(None)))


def add(connection: Connection, search: int, found: Sequence[Pair]) -> None:
    """Note what a search found; what is known already stays as it is."""
    insert_new(connection, pairs, [{**one._asdict(), "search_id": search} for one in found])


def all_links(connection: Connection) -> Iterator[tuple[str, str]]:
    """Both ends of every pair, once for all methods."""
    found = select(pairs.c.first, pairs.c.second).where(in_force()).distinct()
    yield from connection.execute(found.execution_options(yield_per=10_000))


def paired() -> CompoundSelect[tuple[str]]:
    """The sha256 of every blob in a pair. In order, so that SQLite merges two indexes and sorts no texts."""
    return union(select(pairs.c.first), select(pairs.c.second)).order_by("first")


def are_paired(connection: Connection) -> ColumnElement[bool]:
    """Whether a blob is in a pair; SQLite is made to read the blobs in the order in which they lie in the file."""
    there = blobs.c.sha256.in_(paired())
    if connection.dialect.name != "sqlite":
        return there
    row: ColumnElement[int] = literal_column("rowid")
    return row.in_(select(row).select_from(blobs).where(there))


def pairs_of(connection: Connection, sha256s: Sequence[str]) -> list[Pair]:
    """Every pair that one of these blobs is in."""
    found: dict[Pair, None] = {}
    for chunk in chunks(sha256s):
        near = or_(pairs.c.first.in_(chunk), pairs.c.second.in_(chunk))
        rows = connection.execute(select(*_columns()).where(near, in_force()))
        found.update((Pair(**row._mapping), None) for row in rows)
    return list(found)


def beginning(connection: Connection, start: str) -> list[str]:
    """Paired blobs whose sha256 begins so, two at most."""
    ends = (pairs.c.first, pairs.c.second)
    found = union(*(select(end).where(begins(end, start), in_force()) for end in ends))
    return list(connection.execute(found.limit(2)).scalars())


def _columns() -> Sequence[Any]:
    return [pairs.c[name] for name in Pair._fields]


def forget(connection: Connection, sha256s: Sequence[str]) -> None:
    """Blobs leave their groups, because their bytes go: to be called while the table `blobs` still knows them.

    A group of two is none any more, a larger one goes on without them. What was decided stays in the log: verdicts of
    the others hold, but for a `skip` in favour of pictures that have all gone (see `harvester.catalogue.verdicts`).
    """
    for chunk in chunks(sha256s):
        for sha256 in _paired(connection, chunk):
            heirs = list(_inherited(connection, sha256))
            connection.execute(delete(pairs).where(or_(pairs.c.first == sha256, pairs.c.second == sha256)))
            insert_new(connection, pairs, heirs)
        connection.execute(delete(compared).where(compared.c.sha256.in_(chunk)))


def _paired(connection: Connection, sha256s: Sequence[str]) -> list[str]:
    first = select(pairs.c.first).where(pairs.c.first.in_(sha256s))
    second = select(pairs.c.second).where(pairs.c.second.in_(sha256s))
    return list(connection.execute(first.union(second)).scalars())


def _inherited(connection: Connection, sha256: str) -> Iterator[Mapping[str, Any]]:
    """Of blobs with equal hashes only one is paired with the others; when it goes, the next takes its place."""
    found = select(pairs).where(or_(pairs.c.first == sha256, pairs.c.second == sha256))
    rows = connection.execute(found.order_by(pairs.c.first, pairs.c.second)).all()
    alike = _equally_animated(connection, sha256, [_other(row, sha256) for row in rows if not row.score])
    heir_of: dict[str, str] = {}
    for row in rows:
        if row.score == 0 and not row.orientation and _other(row, sha256) in alike:
            heir_of.setdefault(row.method, _other(row, sha256))
    for row in rows:
        heir, other = heir_of.get(row.method), _other(row, sha256)
        if heir and heir != other:
            orientation = row.orientation if row.first == sha256 else INVERSE.get(row.orientation, row.orientation)
            made = pair(heir, other, row.method, orientation, row.score)
            yield {**made._asdict(), "search_id": row.search_id}


def _other(row: Any, sha256: str) -> str:
    return str(row.second if row.first == sha256 else row.first)


def _equally_animated(connection: Connection, sha256: str, others: Sequence[str]) -> set[str]:
    """Those to which the same limits apply."""
    same: dict[str, bool] = {}
    for chunk in chunks([sha256, *others]):
        found = select(blobs.c.sha256, blobs.c.animated).where(blobs.c.sha256.in_(chunk))
        same.update((row.sha256, row.animated) for row in connection.execute(found))
    return {other for other in others if other in same and same[other] == same.get(sha256, same[other])}
