"""Pipeline 200: the only decode of a picture, which checks it and makes its rendition, thumbnails and hashes.

A video is not decoded: its rendition is the file itself, and it has no hashes.
"""

from typing import Self

from scrapy.crawler import Crawler

from harvester.crawl.workers.pool import MAX_TRIES, WorkerCrashed, WorkerPool
from harvester.crawl.workers.protocol import DECODE
from harvester.errors import ImageRejected
from harvester.imaging.types import ImageReport
from harvester.items import ImageItem


class ConvertPipeline:
    """Gives the picture to a worker, which keeps it until its files are written."""

    def __init__(self, workers: WorkerPool) -> None:
        self._workers = workers

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Use the worker pool of the crawl."""
        return cls(WorkerPool.of(crawler))

    async def process_item(self, item: ImageItem) -> ImageItem:
        """Decode a picture; one that is broken or not wanted is refused with its reason."""
        if item.is_pending:
            try:
                _apply_report(item, await self._decode_with_retries(item))
            except ImageRejected as rejection:
                self._refuse(item, rejection.reason, rejection.detail)
            except WorkerCrashed as crash:
                self._refuse(item, crash.reason, str(crash))
        return item

    async def _decode_with_retries(self, item: ImageItem) -> ImageReport:
        for _ in range(MAX_TRIES - 1):
            try:
                return await self._decode(item)
            except WorkerCrashed as crash:
                if crash.reason != "crashed":
                    raise
                self._workers.release(item.state)
        return await self._decode(item)

    async def _decode(self, item: ImageItem) -> ImageReport:
        item.state.worker = await self._workers.acquire()
        report: ImageReport = await item.state.worker.run(DECODE, item.state.is_video, body=item.state.body)
        return report

    def _refuse(self, item: ImageItem, reason: str, detail: str) -> None:
        self._workers.release(item.state)
        item.refuse(reason, detail)


def _apply_report(item: ImageItem, report: ImageReport) -> None:
    item.state.report, facts = report, report.facts
    item.format, item.mode, item.bytes = facts.format, facts.mode, facts.bytes
    item.width, item.height = facts.width, facts.height
    item.animated, item.frames = facts.animated, facts.frames
    item.state.ext, item.state.body = facts.ext, b""
