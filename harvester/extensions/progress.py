"""What a person sees while a crawl runs: one live line on a terminal, a plain line now and then elsewhere."""

import asyncio
import logging
import sys
from collections import Counter, deque
from contextlib import suppress
from math import ceil
from time import monotonic
from typing import TYPE_CHECKING, Self, cast

from rich.console import Console
from rich.live import Live
from rich.text import Text
from scrapy import signals
from scrapy.crawler import Crawler
from scrapy.exceptions import NotConfigured

from harvester.catalogue import queries
from harvester.errors import CatalogueError
from harvester.extensions.hosts import Hosts
from harvester.extensions.ledger import Ledger
from harvester.items import ImageItem
from harvester.text import printable

if TYPE_CHECKING:
    from harvester.spiders.owing import OwingSpider

logger = logging.getLogger(__name__)

TICK = 1.0
"""Seconds between two looks at the counters."""

WINDOW = 30
"""Ticks over which speed is averaged."""


class Progress:
    """Counts items and shows done, failed, skipped, total, speed, time left and what is being waited for."""

    def __init__(self, crawler: Crawler, *, interval: float, live: bool) -> None:
        self._crawler = crawler
        self._interval = interval
        self._finished: Counter[str] = Counter()
        self._bytes = 0
        self._total: int | None = None  # this run's: finished and owed when last asked
        self._marks: deque[tuple[float, int, int]] = deque(maxlen=WINDOW)
        self._left = ""  # as the spider estimates it
        self._task: asyncio.Task[None] | None = None
        self._is_live = live
        self._live: _LiveLine | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Nothing is shown with --nolog; the live line needs a terminal that the log goes to."""
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
        """Begin to show."""
        if self._is_live:
            self._live = _LiveLine(self)
            self._live.start()
        self._task = asyncio.ensure_future(self._run())

    def item_scraped(self, item: ImageItem) -> None:
        """One image is settled."""
        self._finished[item.status] += 1
        self._bytes += item.bytes or 0

    def spider_closed(self) -> None:
        """Stop showing; the summary follows."""
        if self._task:
            self._task.cancel()
        if self._live:
            self._live.stop()

    async def _run(self) -> None:
        shown = monotonic()
        while True:
            await asyncio.sleep(TICK)
            self._marks.append((monotonic(), self._finished.total(), self._bytes))
            if self._total is None or monotonic() - shown >= self._interval:
                shown = monotonic()
                with suppress(CatalogueError):  # which ends the run elsewhere
                    self._total = await Ledger.of(self._crawler).ask(queries.owed_count) + self._finished.total()
                    self._left = await cast("OwingSpider", self._crawler.spider).estimate()
                if self._live is None:
                    logger.info("%s", self.line())

    def line(self) -> str:
        """The state of the crawl in one line."""
        done = (f"{self._finished[status]:,} {status}" for status in ("done", "failed", "skipped"))
        of = "" if self._total is None else f" of {self._total:,}"
        return " · ".join((", ".join(done) + of, *self._speed(), *self._waiting(), *self._left_alone()))

    def _speed(self) -> list[str]:
        if len(self._marks) < 2:
            return []
        (start, images, size), (end, images_now, size_now) = self._marks[0], self._marks[-1]
        rate = (images_now - images) / (end - start)
        speed = f"{rate:,.1f} images/s, {(size_now - size) / (end - start) / 1e6:,.1f} MB/s"
        owed = (self._total or 0) - self._finished.total()
        if self._left:
            return [speed, self._left]
        return [speed, f"{clock(owed / rate)} left"] if rate and owed > 0 else [speed]

    def _waiting(self) -> list[str]:
        dealer = getattr(self._crawler.spider, "dealer", None)
        if dealer is None or dealer.busiest is None:
            return []
        host, number = cast("tuple[str, int]", dealer.busiest)
        return [f"waiting for {number} from {host}"]

    def _left_alone(self) -> list[str]:
        waits = Hosts.of(self._crawler).waiting()
        if not waits:
            return []
        more = f", {len(waits) - 1} more hosts wait" if len(waits) > 1 else ""
        return [f"waiting {ceil(waits[0].seconds)} s for {waits[0].host} ({waits[0].why}){more}"]


def clock(seconds: float) -> str:
    """A span of time as h:mm:ss."""
    minutes, second = divmod(int(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{second:02}"


class _LiveLine:
    """The line at the bottom of the terminal; while it is there, log lines are printed above it."""

    def __init__(self, progress: Progress) -> None:
        self._live = Live(
            console=Console(stderr=True),
            get_renderable=lambda: Text(printable(progress.line()), overflow="ellipsis", no_wrap=True),
            refresh_per_second=2,
            transient=True,
        )
        self._handlers: list[logging.StreamHandler] = []  # type: ignore[type-arg]

    def start(self) -> None:
        plain = sys.stderr
        self._live.start()
        handlers = [handler for handler in logging.root.handlers if isinstance(handler, logging.StreamHandler)]
        self._handlers = [handler for handler in handlers if handler.stream is plain]
        for handler in self._handlers:
            handler.setStream(sys.stderr)

    def stop(self) -> None:
        self._live.stop()
        for handler in self._handlers:
            handler.setStream(sys.stderr)
