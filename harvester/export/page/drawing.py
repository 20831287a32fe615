"""Where the marks of a chart stand: plain numbers for the template to draw."""

from collections.abc import Sequence
from dataclasses import dataclass

from harvester.export.books import Book
from harvester.export.page.numbers import Bar

WIDTH, HEIGHT = 960, 200
"""Of the chart of days, in units of its own."""

_GAP = 0.25


@dataclass(frozen=True)
class Mark:
    """One bar of a chart: its corner, its size, and what it stands for."""

    x: float
    y: float
    width: float
    height: float
    label: str
    number: int


@dataclass(frozen=True)
class Part:
    """A stretch of a stacked bar, in percent."""

    kind: str
    number: int
    start: float
    share: float


def columns(bars: Sequence[Bar], top: int) -> list[Mark]:
    """Upright bars side by side; `top` is the number at the upper edge. Few bars do not become walls."""
    step = min(WIDTH / max(len(bars), 1), 60)
    made = []
    for place, bar in enumerate(bars):
        height = HEIGHT * bar.number / top
        height = max(height, 2) if bar.number else 0
        made.append(
            Mark(place * step + step * _GAP / 2, HEIGHT - height, step * (1 - _GAP), height, bar.label, bar.number)
        )
    return made


def nice_top(number: int) -> int:
    """The next of 1, 2, 3, 4, 6, 8, 10, 20, …"""
    size = 1
    while True:
        for digit in (1, 2, 3, 4, 6, 8):
            if digit * size >= number:
                return digit * size
        size *= 10


def stacked(book: Book) -> list[Part]:
    """What became of the images of a site, as parts of one bar."""
    numbers = {
        "done": book.done, "failed": sum(book.failed.values()), "skipped": sum(book.skipped.values()),
        "owed": book.owed,
    }  # fmt: skip
    parts, start = [], 0.0
    for kind, number in numbers.items():
        share = 100 * number / max(book.promised, 1)
        parts.append(Part(kind, number, start, share))
        start += share
    return parts


def share(bars: Sequence[Bar]) -> list[tuple[Bar, float]]:
    """Each with its length in percent of the longest."""
    most = max((bar.number for bar in bars), default=0) or 1
    return [(bar, 100 * bar.number / most) for bar in bars]


def size(number: float) -> str:
    """Bytes for a person."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if number < 1000:
            return f"{number:.3g} {unit}" if unit != "bytes" else f"{number:.0f} {unit}"
        number /= 1000
    return f"{number:,.3g} TB"
