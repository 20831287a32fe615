"""250: what the spider's site says about a picture that is decoded and not yet stored: too small, or its name."""

from typing import Self

from scrapy.crawler import Crawler

from harvester.crawl.contract import spider_of
from harvester.crawl.run.finish import stop_run_on
from harvester.crawl.workers.pool import WorkerPool
from harvester.errors import CatalogueError
from harvester.items import ImageItem


class AcceptPipeline:
    """Asks the spider's `accept`."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """The spider is asked at each picture."""
        return cls(crawler)

    async def process_item(self, item: ImageItem) -> ImageItem:
        """A picture that is refused leaves its worker."""
        if item.is_pending:
            with stop_run_on(CatalogueError, self._crawler):
                await spider_of(self._crawler).check_image(item)
            if not item.is_pending:
                WorkerPool.of(self._crawler).release(item.state)
        return item
