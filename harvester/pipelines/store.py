"""Pipeline 300: a blob of the bytes as received, output files of the rendition, and thumbnails."""

from collections import Counter
from typing import Self

from scrapy.crawler import Crawler

from harvester.crawl.http.waits import HostBackoff, RequeueItem
from harvester.crawl.run.finish import stop_run_on
from harvester.crawl.workers.pool import MAX_TRIES, WorkerCrashed, WorkerPool
from harvester.crawl.workers.protocol import STORE, StoreResult
from harvester.errors import StoreError
from harvester.items import ImageItem


class StorePipeline:
    """Has the worker publish the files, then releases it; a full disk stops the run."""

    def __init__(self, workers: WorkerPool, crawler: Crawler) -> None:
        self._workers = workers
        self._crawler = crawler
        self._crashes: Counter[int] = Counter()  # image row -> workers that crashed while they had the image

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Use the worker pool of the crawl; the crawler is needed to stop the run."""
        return cls(WorkerPool.of(crawler), crawler)

    async def process_item(self, item: ImageItem) -> ImageItem:
        """Set `sha256`, `blob` and the names of the output files."""
        if item.is_pending:
            with stop_run_on(StoreError, self._crawler):
                await self._store(item)
        self._workers.release(item.state)
        return item

    async def _store(self, item: ImageItem) -> None:
        """Publish the files. If the worker crashes, the image has to be downloaded again, as nobody has its bytes."""
        try:
            result = await item.state.worker.run(STORE, item.state.stems, item.state.previous)
        except WorkerCrashed as crash:
            self._crashes[item.state.row] += 1
            if crash.reason == "crashed" and self._crashes[item.state.row] < MAX_TRIES:
                raise RequeueItem(HostBackoff(item.host, 0.0)) from crash
            item.refuse(crash.reason, str(crash))
        else:
            _apply_result(item, result)


def _apply_result(item: ImageItem, result: StoreResult) -> None:
    item.sha256, item.blob = item.state.report.sha256, result.blob
    item.state.files, item.names = result.files, list(result.files.values())
    item.state.file_sha256 = item.state.report.rendition.sha256
    if result.conflict:
        item.refuse("name-taken", result.conflict)
