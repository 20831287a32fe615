"""After a run that was killed: what it left unfinished is cleared away, while this run is at work already."""

import asyncio
import logging
from typing import Self

from scrapy import signals
from scrapy.crawler import Crawler

from harvester.errors import StoreError
from harvester.extensions.ledger import Ledger
from harvester.places import Places
from harvester.upkeep.leftovers import sweep

logger = logging.getLogger(__name__)


class Recovery:
    """Sweeps in a thread: a folder of a million pictures takes seconds to look through."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._sweeping: asyncio.Future[None] | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Works once the ledger is there."""
        recovery = cls(crawler)
        crawler.signals.connect(recovery.spider_opened, signal=signals.spider_opened)
        crawler.signals.connect(recovery.spider_closed, signal=signals.spider_closed)
        return recovery

    def spider_opened(self) -> None:
        """Nothing to do where every run before has an end."""
        if killed := Ledger.of(self._crawler).killed:
            logger.info("%s earlier run(s) have no end: killed. What they left undone is done now.", killed)
            self._sweeping = asyncio.get_running_loop().run_in_executor(None, self._sweep)

    async def spider_closed(self) -> None:
        """A short run waits for it."""
        if self._sweeping:
            await self._sweeping

    def _sweep(self) -> None:
        try:
            places = Places.from_settings(self._crawler.settings)
            if removed := sweep(places, [Ledger.of(self._crawler).collection]):
                logger.info("%s unfinished files of killed runs removed", removed)
        except StoreError as error:
            logger.warning("%s", error)
