"""A Scrapy extension that listens to the event loop's pulse: how late does a timer of 10 ms come?

Switched on by `benchmarks.stalls`, which names the file for the result in HEARTBEAT_FILE.
"""

import asyncio
import json
from pathlib import Path
from typing import Self

from scrapy import signals
from scrapy.crawler import Crawler

TICK = 0.01  # seconds


class Heartbeat:
    """Writes a JSON list of how late each tick came, in milliseconds, from the opening of the spider to its end."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._late: list[float] = []
        self._task: asyncio.Task[None] | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Beats as long as the spider is open."""
        heartbeat = cls(Path(crawler.settings["HEARTBEAT_FILE"]))
        crawler.signals.connect(heartbeat.spider_opened, signal=signals.spider_opened)
        crawler.signals.connect(heartbeat.spider_closed, signal=signals.spider_closed)
        return heartbeat

    def spider_opened(self) -> None:
        """Begin."""
        self._task = asyncio.ensure_future(self._beat())

    def spider_closed(self) -> None:
        """Write what was found."""
        if self._task:
            self._task.cancel()
        self._path.write_text(json.dumps(self._late))

    async def _beat(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + TICK
            await asyncio.sleep(TICK)
            self._late.append(1000 * (loop.time() - due))
