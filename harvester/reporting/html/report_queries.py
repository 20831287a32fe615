"""Catalogue queries for the numbers in the report."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

from sqlalchemy import Connection

from harvester.catalogue import report, statistics

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
    """Totals of stored pictures: distinct pictures, their bytes, and exact duplicates as `scrapy stats` counts them."""

    pictures: int
    bytes: int
    exact_duplicates: int


def count_totals(connection: Connection) -> PictureTotals:
    """Of all sites."""
    pictures, total_bytes = report.sum_blobs(connection)
    return PictureTotals(pictures, total_bytes, statistics.count_occurrences(connection).duplicates)


def count_per_day(connection: Connection) -> tuple[list[Bar], int]:
    """Images done in each span of days, the empty ones too, and how many days a span has."""
    count_by_day = report.count_done_by_day(connection)
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
    """Pictures by format, the commonest first."""
    return [Bar(name, number, total_bytes) for name, number, total_bytes in report.count_by_format(connection)]


def count_sides(connection: Connection) -> list[Bar]:
    """Pictures by their longest side in pixels; videos, whose size is not known, are left out."""
    labels = [
        f"under {_SIDE_LIMITS[0]}",
        *(f"{side} – {2 * side - 1}" for side in _SIDE_LIMITS[:-1]),
        f"{_SIDE_LIMITS[-1]} and more",
    ]
    return [*map(Bar, labels, report.count_by_longest_side(connection, _SIDE_LIMITS))]


def count_file_sizes(connection: Connection) -> list[Bar]:
    """Files by their size."""
    limits = [size for size, _ in _FILE_SIZE_LIMITS]
    names = [name for _, name in _FILE_SIZE_LIMITS]
    labels = [f"under {names[0]}", *(f"{lower} – {upper}" for lower, upper in pairwise(names))]
    return [*map(Bar, [*labels, f"{names[-1]} and more"], report.count_by_file_size(connection, limits))]


def read_last_runs(connection: Connection) -> list[RunSummary]:
    """The latest first."""
    return [_summarize_run(row) for row in report.iter_last_runs(connection, RUNS_SHOWN)]


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
