"""300: the bytes as they came become a blob, the rendition becomes the named copies, thumbnails lie beside."""

from typing import Self

from scrapy.crawler import Crawler

from harvester.crawl.run.finish import stop_run_on
from harvester.crawl.workers.pool import WorkerPool, run_task
from harvester.crawl.workers.protocol import STORE, StoreResult
from harvester.errors import StoreError
from harvester.items import ImageItem


class StorePipeline:
    """Has the worker publish the files, and then take the next picture; a disk that takes no more ends the run."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Needs the crawler to stop it."""
        return cls(crawler)

    async def process_item(self, item: ImageItem) -> ImageItem:
        """Sets sha256, blob and the names as published."""
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
