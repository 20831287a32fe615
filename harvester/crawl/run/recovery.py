"""After a run that was killed: what it left unfinished is cleared away, while this run is at work already."""

import asyncio
import logging
from typing import Self

from scrapy import signals
from scrapy.crawler import Crawler

from harvester.crawl.run.session import CatalogueSession
from harvester.errors import StoreError
from harvester.maintenance.leftovers import delete_leftovers
from harvester.storage.paths import DataPaths

logger = logging.getLogger(__name__)


class Recovery:
    """Sweeps in a thread: a folder of a million pictures takes seconds to look through."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._deletion: asyncio.Future[None] | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Works once the ledger is there."""
        recovery = cls(crawler)
        crawler.signals.connect(recovery.spider_opened, signal=signals.spider_opened)
        crawler.signals.connect(recovery.spider_closed, signal=signals.spider_closed)
        return recovery

    def spider_opened(self) -> None:
        """Nothing to do where every run before has an end."""
        if killed_runs := CatalogueSession.of(self._crawler).killed_runs:
            logger.info("%s earlier run(s) have no end: killed. What they left undone is done now.", killed_runs)
            self._deletion = asyncio.get_running_loop().run_in_executor(None, self._delete_leftovers)

    async def spider_closed(self) -> None:
        """A short run waits for it."""
        if self._deletion:
            await self._deletion

    def _delete_leftovers(self) -> None:
        try:
            paths = DataPaths.from_settings(self._crawler.settings)
            if deleted_count := delete_leftovers(paths, [CatalogueSession.of(self._crawler).collection]):
                logger.info("%s unfinished files of killed runs removed", deleted_count)
        except StoreError as error:
            logger.warning("%s", error)
