"""Pipeline 250: the site's own check of a decoded picture before it is stored."""

from typing import Self

from scrapy.crawler import Crawler

from harvester.crawl.contract import spider_of
from harvester.crawl.run.finish import stop_run_on
from harvester.crawl.workers.pool import WorkerPool
from harvester.errors import CatalogueError
from harvester.items import ImageItem


class AcceptPipeline:
    """Calls the spider's `check_image`, which may refuse a picture or name its files."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Create the pipeline."""
        return cls(crawler)

    async def process_item(self, item: ImageItem) -> ImageItem:
        """Check a picture; the worker of a refused one is released."""
        if item.is_pending:
            with stop_run_on(CatalogueError, self._crawler):
                await spider_of(self._crawler).check_image(item)
            if not item.is_pending:
                WorkerPool.of(self._crawler).release(item.state)
        return item
