"""Blobs that searches for near-duplicates have compared.

Each function is one part of a caller's transaction.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import (
    Connection,
    Select,
    bindparam,
    case,
    func,
    insert,
    literal,
    select,
    update,
)

from harvester.catalogue.duplicates.dedupe_runs import HASHES
from harvester.catalogue.schema import blobs, dedupe_state
from harvester.catalogue.sql import chunks, starts_with

BLOBS_PER_READ = 20_000
"""Largest number of blobs read in one go; more are read by the first two digits of their sha256."""


class ComparedCounts(NamedTuple):
    """Numbers of blobs: new to a search, known before, and how many of both are low-detail."""

    new: int
    known: int
    low_detail: int


def sha256_prefixes(connection: Connection) -> list[str]:
    """The sha256 prefixes by which blobs are read; together they cover all blobs."""
    is_large = connection.execute(select(func.count()).select_from(blobs)).scalar_one() > BLOBS_PER_READ
    return [f"{number:02x}" for number in range(256)] if is_large else [""]


def register_new(connection: Connection, run: int, fingerprint_version: int, prefix: str) -> None:
    """Assign the blobs that no search has compared to this search."""
    query = select(blobs.c.sha256, literal(run)).where(blobs.c.sha256.in_(_not_compared(prefix)))
    connection.execute(
        insert(dedupe_state).from_select(
            ["sha256", "run_id"], query.where(blobs.c.fingerprint_version == fingerprint_version)
        )
    )


def _not_compared(prefix: str = "") -> Select[tuple[str]]:
    """Blobs that no search has compared, in order, so that SQLite walks two indexes side by side and reads no table."""
    all_blobs = select(blobs.c.sha256).where(starts_with(blobs.c.sha256, prefix))
    compared_blobs = select(dedupe_state.c.sha256).where(starts_with(dedupe_state.c.sha256, prefix))
    return select(all_blobs.except_(compared_blobs).order_by("sha256").subquery().c.sha256)


def not_measured(connection: Connection, prefix: str) -> Sequence[Any]:
    """sha256 and coefficients of the compared blobs that are not yet known to be low-detail or not."""
    query = select(blobs.c.sha256, blobs.c.coefficients).join(dedupe_state, dedupe_state.c.sha256 == blobs.c.sha256)
    return connection.execute(
        query.where(starts_with(dedupe_state.c.sha256, prefix), dedupe_state.c.low_detail.is_(None))
    ).all()


def record_low_detail(connection: Connection, prefix: str, sha256s: Sequence[str]) -> None:
    """Mark these blobs as low-detail and the other unmarked blobs with this prefix as not low-detail."""
    for chunk in chunks(sha256s):
        connection.execute(update(dedupe_state).where(dedupe_state.c.sha256.in_(chunk)).values(low_detail=True))
    statement = update(dedupe_state).where(
        starts_with(dedupe_state.c.sha256, prefix), dedupe_state.c.low_detail.is_(None)
    )
    connection.execute(statement.values(low_detail=False))


def count_compared(connection: Connection, run: int) -> ComparedCounts:
    """The numbers of blobs that are compared once this search has ended."""
    is_new = case((dedupe_state.c.run_id == run, 1), else_=0)
    columns = (func.count(), func.sum(is_new), func.sum(case((dedupe_state.c.low_detail, 1), else_=0)))
    total, new_count, low_detail_count = (int(number or 0) for number in connection.execute(select(*columns)).one())
    return ComparedCounts(new_count, total - new_count, low_detail_count)


def iter_fingerprints(
    connection: Connection, fingerprint_version: int, prefixes: Sequence[str], *, coefficients: bool
) -> Iterator[Sequence[Any]]:  # fmt: skip
    """sha256, hashes, animated, width, height and, if wanted, coefficients of all blobs, in no particular order.

    Plain tuples of the driver take half the time of rows. SQLite is fastest in storage order; other drivers hold the
    whole result in memory, so they are queried prefix by prefix.
    """
    column_names = ("sha256", *HASHES, "animated", "width", "height", *(["coefficients"] if coefficients else []))
    query = select(*(blobs.c[name] for name in column_names)).where(blobs.c.fingerprint_version == fingerprint_version)
    for prefix in [""] if connection.dialect.name == "sqlite" else prefixes:
        cursor = connection.execute(query.where(starts_with(blobs.c.sha256, prefix))).cursor
        while rows := cursor.fetchmany(BLOBS_PER_READ):
            yield rows


def not_compared(connection: Connection) -> list[str]:
    """Blobs that no search has compared: stored since, or with another fingerprint version."""
    return [row.sha256 for row in connection.execute(_not_compared())]


def new_in_run(connection: Connection, run: int) -> list[str]:
    """The blobs that are new to a search, as sha256."""
    return list(connection.execute(select(dedupe_state.c.sha256).where(dedupe_state.c.run_id == run)).scalars())


def low_detail(connection: Connection) -> list[str]:
    """The blobs with too little detail to compare, as sha256."""
    return list(connection.execute(select(dedupe_state.c.sha256).where(dedupe_state.c.low_detail)).scalars())


def blob_files(connection: Connection, sha256s: Sequence[str]) -> Sequence[Any]:
    """sha256 and extension of these blobs; pass at most a few hundred."""
    return connection.execute(select(blobs.c.sha256, blobs.c.ext).where(blobs.c.sha256.in_(sha256s))).all()


def pixel_digests(connection: Connection, sha256s: Sequence[str]) -> dict[str, str]:
    """The pixel digests (sha256) of these blobs, for those that were decoded; "" if decoding failed."""
    digests: dict[str, str] = {}
    for chunk in chunks(sha256s):
        query = select(dedupe_state.c.sha256, dedupe_state.c.pixels).where(dedupe_state.c.sha256.in_(chunk))
        digests.update(
            (row.sha256, row.pixels) for row in connection.execute(query.where(dedupe_state.c.pixels.is_not(None)))
        )
    return digests


def record_pixel_digests(connection: Connection, digests: Mapping[str, str]) -> None:
    """Store pixel digests of blobs (sha256 -> sha256 of the pixels), so that each blob is decoded once."""
    parameters = [{"b_sha": sha256, "b_pixels": digest} for sha256, digest in digests.items()]
    if not parameters:
        return
    statement = update(dedupe_state).where(dedupe_state.c.sha256 == bindparam("b_sha"))
    connection.execute(statement.values(pixels=bindparam("b_pixels")), parameters)
