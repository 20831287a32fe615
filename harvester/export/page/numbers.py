"""What the report tells in numbers, read from the catalogue."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

from sqlalchemy import Connection, Select, case, func, select

from harvester.catalogue.schema import blobs, collections, images, runs

DAY = 86_400
COLUMNS = 60
"""Bars of the chart of days, at most; a longer time is told in spans of more days."""

RUNS = 12

_SIDES = (256, 512, 1024, 2048, 4096)
_WEIGHTS = ((10_000, "10 kB"), (100_000, "100 kB"), (500_000, "500 kB"), (1_000_000, "1 MB"), (5_000_000, "5 MB"))


@dataclass(frozen=True)
class Bar:
    """One thing of a distribution: what it is, how many, and how many bytes where that is of interest."""

    label: str
    number: int
    bytes: int = 0


@dataclass(frozen=True)
class Run:
    """A crawl: `seconds` and `rate` (images per second) are None while it runs, or where it was killed."""

    site: str
    started: datetime
    outcome: str
    images: int
    seconds: int | None
    rate: float | None


@dataclass(frozen=True)
class Totals:
    """Of the pictures that are kept: different ones, their bytes, and images whose bytes another one has as well."""

    pictures: int
    bytes: int
    same_bytes: int


def totals(connection: Connection) -> Totals:
    """Of all sites."""
    number, size = connection.execute(select(func.count(), func.coalesce(func.sum(blobs.c.bytes), 0))).one()
    done = images.c.status == "done"
    counted = select(func.count(), func.count(images.c.sha256.distinct())).where(done, images.c.sha256.is_not(None))
    every, different = connection.execute(counted).one()
    return Totals(number, int(size), every - different)


def per_day(connection: Connection) -> tuple[list[Bar], int]:
    """Images done in each span of days, the empty ones too, and how many days a span has."""
    day = (images.c.finished_at // DAY).label("day")
    number_of = _counted(connection, select(day).where(images.c.status == "done", images.c.finished_at.is_not(None)))
    if not number_of:
        return [], 1
    first, last = min(number_of), max(number_of)
    span = -(-(last - first + 1) // COLUMNS)
    bars = [
        Bar(_date(start), sum(number_of.get(one, 0) for one in range(start, start + span)))
        for start in range(first, last + 1, span)
    ]
    return bars, span


def formats(connection: Connection) -> list[Bar]:
    """Pictures by format, the commonest first."""
    found = select(blobs.c.format, func.count(), func.sum(blobs.c.bytes)).group_by(blobs.c.format)
    rows = connection.execute(found.order_by(func.count().desc(), blobs.c.format))
    return [Bar(name, number, int(size)) for name, number, size in rows]


def sides(connection: Connection) -> list[Bar]:
    """Pictures by their longest side in pixels; videos, whose size is not known, are left out."""
    longest = case((blobs.c.width > blobs.c.height, blobs.c.width), else_=blobs.c.height)
    labels = [f"under {_SIDES[0]}", *(f"{side} – {2 * side - 1}" for side in _SIDES[:-1]), f"{_SIDES[-1]} and more"]
    return _classes(connection, longest, [*_SIDES], labels, blobs.c.width > 0)


def weights(connection: Connection) -> list[Bar]:
    """Files by their size."""
    names = [name for _, name in _WEIGHTS]
    labels = [f"under {names[0]}"]
    labels += [f"{one} – {other}" for one, other in pairwise(names)]
    return _classes(connection, blobs.c.bytes, [size for size, _ in _WEIGHTS], [*labels, f"{names[-1]} and more"])


def last_runs(connection: Connection) -> list[Run]:
    """The latest first."""
    found = select(runs, collections.c.site).join(collections).order_by(runs.c.id.desc()).limit(RUNS)
    return [_run(row) for row in connection.execute(found)]


def _classes(connection: Connection, value: Any, limits: Sequence[int], labels: Sequence[str], *only: Any) -> list[Bar]:
    kind = case(*((value < limit, number) for number, limit in enumerate(limits)), else_=len(limits)).label("kind")
    number_of = _counted(connection, select(kind).where(*only))
    return [Bar(label, number_of.get(number, 0)) for number, label in enumerate(labels)]


def _counted(connection: Connection, found: Select[Any]) -> dict[int, int]:
    """How often each number comes; by way of a subquery, as PostgreSQL takes two parameters for two things."""
    told = found.subquery()
    rows = connection.execute(select(told.c[0], func.count()).group_by(told.c[0]))
    return {int(row[0]): int(row[1]) for row in rows}


def _run(row: Any) -> Run:
    number = sum(count for count in (row.counts or {}).values() if isinstance(count, int))
    seconds = None if row.finished_at is None or row.outcome == "killed" else row.finished_at - row.started_at
    outcome = row.outcome or "running, or killed"
    started = datetime.fromtimestamp(row.started_at, UTC)
    return Run(row.site, started, outcome, number, seconds, None if seconds is None else number / max(seconds, 1))


def _date(day: int) -> str:
    return (date(1970, 1, 1) + timedelta(days=day)).isoformat()
