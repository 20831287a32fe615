"""Chart layout: positions and sizes of bars for the report template."""

from collections.abc import Sequence
from dataclasses import dataclass

from harvester.reporting.html.report_queries import Bar
from harvester.reporting.totals import SiteSummary

CHART_WIDTH, CHART_HEIGHT = 960, 200
"""Size of the chart of days, in SVG units."""

_GAP_SHARE = 0.25


@dataclass(frozen=True)
class ChartBar:
    """One bar of a chart: its corner, its size, its label and its number."""

    x: float
    y: float
    width: float
    height: float
    label: str
    number: int


@dataclass(frozen=True)
class BarSegment:
    """A segment of a stacked bar; `start` and `share` are in percent."""

    kind: str
    number: int
    start: float
    share: float


def layout_columns(bars: Sequence[Bar], top: int) -> list[ChartBar]:
    """Lay out vertical bars; `top` is the number at the upper edge. The width of a bar is limited."""
    step = min(CHART_WIDTH / max(len(bars), 1), 60)
    chart_bars = []
    for index, bar in enumerate(bars):
        height = CHART_HEIGHT * bar.number / top
        height = max(height, 2) if bar.number else 0
        chart_bars.append(
            ChartBar(
                index * step + step * _GAP_SHARE / 2,
                CHART_HEIGHT - height,
                step * (1 - _GAP_SHARE),
                height,
                bar.label,
                bar.number,
            )
        )
    return chart_bars


def round_axis_top(number: int) -> int:
    """The smallest of 1, 2, 3, 4, 6, 8, 10, 20, … that is at least `number`."""
    magnitude = 1
    while True:
        for digit in (1, 2, 3, 4, 6, 8):
            if digit * magnitude >= number:
                return digit * magnitude
        magnitude *= 10


def stack_segments(summary: SiteSummary) -> list[BarSegment]:
    """The outcomes of the images of a site, as segments of one bar."""
    counts = {
        "done": summary.done, "failed": sum(summary.failed.values()), "skipped": sum(summary.skipped.values()),
        "pending": summary.pending,
    }  # fmt: skip
    segments, start = [], 0.0
    for kind, number in counts.items():
        share = 100 * number / max(summary.discovered, 1)
        segments.append(BarSegment(kind, number, start, share))
        start += share
    return segments


def with_shares(bars: Sequence[Bar]) -> list[tuple[Bar, float]]:
    """Each bar with its length in percent of the longest."""
    maximum = max((bar.number for bar in bars), default=0) or 1
    return [(bar, 100 * bar.number / maximum) for bar in bars]
