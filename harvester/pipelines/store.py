"""Pipeline 300: a blob of the bytes as received, output files of the rendition, and thumbnails."""

from typing import Self

from scrapy.crawler import Crawler

from harvester.crawl.run.finish import stop_run_on
from harvester.crawl.workers.pool import WorkerPool, run_task
from harvester.crawl.workers.protocol import STORE, StoreResult
from harvester.errors import StoreError
from harvester.items import ImageItem


class StorePipeline:
    """Has the worker publish the files, then releases it; a full disk stops the run."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Create the pipeline; it needs the crawler to stop the run."""
        return cls(crawler)

    async def process_item(self, item: ImageItem) -> ImageItem:
        """Set `sha256`, `blob` and the names of the output files."""
        if item.is_pending:
            with stop_run_on(StoreError, self._crawler):
                if result := await run_task(item, STORE, item.state.stems, item.state.previous):
                    _apply_result(item, result)
        WorkerPool.of(self._crawler).release(item.state)
        return item


def _apply_result(item: ImageItem, result: StoreResult) -> None:
    item.sha256, item.blob = result.sha256, result.blob
    item.state.files, item.names = result.files, list(result.files.values())
    item.state.file_sha256 = result.file_sha256
    if result.conflict:
        item.refuse("name-taken", result.conflict)
