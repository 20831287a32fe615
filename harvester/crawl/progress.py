"""Progress display of a crawl: one live line on a terminal, a log line at intervals elsewhere."""

import asyncio
import logging
import sys
from collections import Counter, deque
from math import ceil
from time import monotonic
from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.live import Live
from rich.text import Text
from scrapy import signals
from scrapy.crawler import Crawler
from scrapy.exceptions import NotConfigured

from harvester.catalogue import queries
from harvester.crawl.contract import spider_of
from harvester.crawl.politeness.hosts import HostBackoffs
from harvester.crawl.run.finish import RunFinisher
from harvester.crawl.run.session import CatalogueSession
from harvester.errors import CatalogueError
from harvester.items import ImageItem
from harvester.text import count_noun, escape_control_chars, format_bytes

if TYPE_CHECKING:
    pass

logger = logging.getLogger(__name__)

TICK_SECONDS = 1.0
"""Seconds between two samples of the counters."""

SPEED_WINDOW_TICKS = 30
"""Samples over which the speed is averaged."""


class Progress:
    """Counts items and shows done, failed, skipped, total, speed, time left, and the hosts being waited for."""

    def __init__(self, crawler: Crawler, *, interval: float, live: bool) -> None:
        self._crawler = crawler
        self._interval = interval
        self._status_counts: Counter[str] = Counter()
        self._bytes = 0
        self._total: int | None = None  # finished in this run, plus pending when last read
        self._samples: deque[tuple[float, int, int]] = deque(maxlen=SPEED_WINDOW_TICKS)
        self._eta_text = ""  # as the spider estimates it
        self._task: asyncio.Task[None] | None = None
        self._is_live = live
        self._live_line: _LiveLine | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Show nothing with --nolog; show the live line only if the log goes to a terminal."""
        settings = crawler.settings
        if not settings.getbool("LOG_ENABLED"):
            raise NotConfigured
        live = sys.stderr.isatty() and not settings["LOG_FILE"]
        progress = cls(crawler, interval=settings.getfloat("LOGSTATS_INTERVAL"), live=live)
        crawler.signals.connect(progress.spider_opened, signal=signals.spider_opened)
        crawler.signals.connect(progress.item_scraped, signal=signals.item_scraped)
        crawler.signals.connect(progress.spider_closed, signal=signals.spider_closed)
        return progress

    def spider_opened(self) -> None:
        """Start the display."""
        if self._is_live:
            self._live_line = _LiveLine(self)
            self._live_line.start()
        self._task = asyncio.ensure_future(self._update_periodically())

    def item_scraped(self, item: ImageItem) -> None:
        """Count one finished image."""
        self._status_counts[item.status] += 1
        self._bytes += item.bytes or 0

    def spider_closed(self) -> None:
        """Stop the display; the summary follows."""
        if self._task:
            self._task.cancel()
        if self._live_line:
            self._live_line.stop()

    async def _update_periodically(self) -> None:
        shown_at = monotonic()
        while True:
            await asyncio.sleep(TICK_SECONDS)
            self._samples.append((monotonic(), self._status_counts.total(), self._bytes))
            if self._total is None or monotonic() - shown_at >= self._interval:
                shown_at = monotonic()
                try:
                    self._total = (
                        await CatalogueSession.of(self._crawler).read(queries.count_pending)
                        + self._status_counts.total()
                    )
                    self._eta_text = await spider_of(self._crawler).eta_text()
                except CatalogueError as error:  # perhaps long before the next image is done
                    RunFinisher.of(self._crawler).stop(error)
                if self._live_line is None:
                    logger.info("%s", self.status_line())

    def status_line(self) -> str:
        """The state of the crawl in one line."""
        counts = (f"{self._status_counts[status]:,} {status}" for status in ("done", "failed", "skipped"))
        total_text = "" if self._total is None else f" of {self._total:,}"
        return " · ".join(
            (", ".join(counts) + total_text, *self._speed_texts(), *self._queue_texts(), *self._backoff_texts())
        )

    def _speed_texts(self) -> list[str]:
        if len(self._samples) < 2:
            return []
        (start, images, size), (end, images_now, size_now) = self._samples[0], self._samples[-1]
        rate = (images_now - images) / (end - start)
        speed = f"{rate:,.1f} images/s, {format_bytes((size_now - size) / (end - start))}/s"
        pending = (self._total or 0) - self._status_counts.total()
        if self._eta_text:
            return [speed, self._eta_text]
        return [speed, f"{format_duration(pending / rate)} left"] if rate and pending > 0 else [speed]

    def _queue_texts(self) -> list[str]:
        busiest = spider_of(self._crawler).busiest_host()
        return [f"waiting for {busiest[1]} from {busiest[0]}"] if busiest else []

    def _backoff_texts(self) -> list[str]:
        waits = HostBackoffs.of(self._crawler).active_waits()
        if not waits:
            return []
        suffix = f", and {count_noun(len(waits) - 1, 'more host')}" if len(waits) > 1 else ""
        return [f"waiting {ceil(waits[0].seconds_left)} s for {waits[0].host} ({waits[0].cause}){suffix}"]


def format_duration(seconds: float) -> str:
    """The duration as h:mm:ss."""
    minutes, second = divmod(int(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{second:02}"


class _LiveLine:
    """The line at the bottom of the terminal; log lines are printed above it."""

    def __init__(self, progress: Progress) -> None:
        self._live = Live(
            console=Console(stderr=True),
            get_renderable=lambda: Text(
                escape_control_chars(progress.status_line()), overflow="ellipsis", no_wrap=True
            ),
            refresh_per_second=2,
            transient=True,
        )
        self._handlers: list[logging.StreamHandler] = []  # type: ignore[type-arg]

    def start(self) -> None:
        stderr = sys.stderr
        self._live.start()
        handlers = [handler for handler in logging.root.handlers if isinstance(handler, logging.StreamHandler)]
        self._handlers = [handler for handler in handlers if handler.stream is stderr]
        for handler in self._handlers:
            handler.setStream(sys.stderr)

    def stop(self) -> None:
        self._live.stop()
        for handler in self._handlers:
            handler.setStream(sys.stderr)
