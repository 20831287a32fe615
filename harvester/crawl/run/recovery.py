"""Recovery after killed runs: their unfinished files are removed while this run is already working."""

import asyncio
import logging
from typing import Self

from scrapy import signals
from scrapy.crawler import Crawler

from harvester.crawl.run.session import CatalogueSession
from harvester.errors import StoreError
from harvester.maintenance.leftovers import delete_leftovers
from harvester.storage.paths import DataPaths
from harvester.text import count_noun

logger = logging.getLogger(__name__)


class Recovery:
    """Removes leftovers in a thread, as a folder of a million pictures takes seconds to scan."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._deletion: asyncio.Future[None] | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Create the extension; the catalogue session has to exist."""
        recovery = cls(crawler)
        crawler.signals.connect(recovery.spider_opened, signal=signals.spider_opened)
        crawler.signals.connect(recovery.spider_closed, signal=signals.spider_closed)
        return recovery

    def spider_opened(self) -> None:
        """Start the removal if an earlier run was killed."""
        if killed_runs := CatalogueSession.of(self._crawler).killed_runs:
            runs, verb = count_noun(killed_runs, "earlier run"), "was" if killed_runs == 1 else "were"
            logger.info("%s %s killed: this run continues the unfinished work.", runs, verb)
            self._deletion = asyncio.get_running_loop().run_in_executor(None, self._delete_leftovers)

    async def spider_closed(self) -> None:
        """Wait for the end of the removal."""
        if self._deletion:
            await self._deletion

    def _delete_leftovers(self) -> None:
        try:
            paths = DataPaths.from_settings(self._crawler.settings)
            if deleted_count := delete_leftovers(paths, [CatalogueSession.of(self._crawler).collection]):
                logger.info("Removed %s of killed runs", count_noun(deleted_count, "unfinished file"))
        except StoreError as error:
            logger.warning("%s", error)
