"""Catalogue queries for the numbers in the report."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

from sqlalchemy import Connection, Select, case, func, select

from harvester.catalogue.schema import blobs, collections, images, runs

SECONDS_PER_DAY = 86_400
MAX_DAY_BARS = 60
"""Largest number of bars in the chart of days; over a longer time each bar covers several days."""

RUNS_SHOWN = 12

_SIDE_LIMITS = (256, 512, 1024, 2048, 4096)
_FILE_SIZE_LIMITS = (
    (10_000, "10 kB"),
    (100_000, "100 kB"),
    (500_000, "500 kB"),
    (1_000_000, "1 MB"),
    (5_000_000, "5 MB"),
)


@dataclass(frozen=True)
class Bar:
    """One bar of a distribution: label, number and, if shown, bytes."""

    label: str
    number: int
    bytes: int = 0


@dataclass(frozen=True)
class RunSummary:
    """A crawl; `seconds` and `rate` (images per second) are None while it runs or if it was killed."""

    site: str
    started: datetime
    outcome: str
    images: int
    seconds: int | None
    rate: float | None


@dataclass(frozen=True)
class PictureTotals:
    """Totals of stored pictures: distinct pictures, their bytes, and images that share their bytes with another."""

    pictures: int
    bytes: int
    same_bytes: int


def count_totals(connection: Connection) -> PictureTotals:
    """Totals of all sites."""
    pictures, total_bytes = connection.execute(select(func.count(), func.coalesce(func.sum(blobs.c.bytes), 0))).one()
    is_done = images.c.status == "done"
    query = select(func.count(), func.count(images.c.sha256.distinct())).where(is_done, images.c.sha256.is_not(None))
    all_images, distinct = connection.execute(query).one()
    return PictureTotals(pictures, int(total_bytes), all_images - distinct)


def count_per_day(connection: Connection) -> tuple[list[Bar], int]:
    """Images done in each span of days, including empty spans, and the number of days in a span."""
    day = (images.c.finished_at // SECONDS_PER_DAY).label("day")
    count_by_day = _count_values(
        connection, select(day).where(images.c.status == "done", images.c.finished_at.is_not(None))
    )
    if not count_by_day:
        return [], 1
    first, last = min(count_by_day), max(count_by_day)
    span = -(-(last - first + 1) // MAX_DAY_BARS)
    bars = [
        Bar(_iso_date(start), sum(count_by_day.get(single_day, 0) for single_day in range(start, start + span)))
        for start in range(first, last + 1, span)
    ]
    return bars, span


def count_formats(connection: Connection) -> list[Bar]:
    """Pictures by format, most frequent first."""
    query = select(blobs.c.format, func.count(), func.sum(blobs.c.bytes)).group_by(blobs.c.format)
    rows = connection.execute(query.order_by(func.count().desc(), blobs.c.format))
    return [Bar(name, number, int(total_bytes)) for name, number, total_bytes in rows]


def count_sides(connection: Connection) -> list[Bar]:
    """Pictures by longest side in pixels, without videos, whose size is unknown."""
    longest_side = case((blobs.c.width > blobs.c.height, blobs.c.width), else_=blobs.c.height)
    labels = [
        f"under {_SIDE_LIMITS[0]}",
        *(f"{side} – {2 * side - 1}" for side in _SIDE_LIMITS[:-1]),
        f"{_SIDE_LIMITS[-1]} and more",
    ]
    return _count_classes(connection, longest_side, [*_SIDE_LIMITS], labels, blobs.c.width > 0)


def count_file_sizes(connection: Connection) -> list[Bar]:
    """Files by size in bytes."""
    names = [name for _, name in _FILE_SIZE_LIMITS]
    labels = [f"under {names[0]}"]
    labels += [f"{lower} – {upper}" for lower, upper in pairwise(names)]
    return _count_classes(
        connection, blobs.c.bytes, [size for size, _ in _FILE_SIZE_LIMITS], [*labels, f"{names[-1]} and more"]
    )


def read_last_runs(connection: Connection) -> list[RunSummary]:
    """The last runs, latest first."""
    query = select(runs, collections.c.site).join(collections).order_by(runs.c.id.desc()).limit(RUNS_SHOWN)
    return [_summarize_run(row) for row in connection.execute(query)]


def _count_classes(
    connection: Connection, value: Any, limits: Sequence[int], labels: Sequence[str], *conditions: Any
) -> list[Bar]:
    kind = case(*((value < limit, index) for index, limit in enumerate(limits)), else_=len(limits)).label("kind")
    count_by_class = _count_values(connection, select(kind).where(*conditions))
    return [Bar(label, count_by_class.get(index, 0)) for index, label in enumerate(labels)]


def _count_values(connection: Connection, query: Select[Any]) -> dict[int, int]:
    """The frequency of each number; uses a subquery, because PostgreSQL treats equal parameters as different."""
    subquery = query.subquery()
    rows = connection.execute(select(subquery.c[0], func.count()).group_by(subquery.c[0]))
    return {int(row[0]): int(row[1]) for row in rows}


def _summarize_run(row: Any) -> RunSummary:
    image_count = sum(count for count in (row.counts or {}).values() if isinstance(count, int))
    seconds = None if row.finished_at is None or row.outcome == "killed" else row.finished_at - row.started_at
    outcome = row.outcome or "running or killed"
    started = datetime.fromtimestamp(row.started_at, UTC)
    return RunSummary(
        row.site, started, outcome, image_count, seconds, None if seconds is None else image_count / max(seconds, 1)
    )


def _iso_date(day: int) -> str:
    return (date(1970, 1, 1) + timedelta(days=day)).isoformat()
