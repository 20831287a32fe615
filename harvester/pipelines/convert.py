"""200: the one decode. Checks the picture, makes its rendition and thumbnails, and reads all out of its bytes.

A video that was asked for is not decoded: its rendition is the file itself, and it has no hashes.
"""

from typing import Self

from scrapy.crawler import Crawler

from harvester.errors import Refused
from harvester.extensions.workers import TRIES, WorkerLost, Workers
from harvester.imaging.values import Examined
from harvester.items import ImageItem
from harvester.orders import EXAMINE, KEEP
from harvester.reasons import REASONS


class ConvertPipeline:
    """Puts the picture on the bench of a worker, where it stays until its files are written."""

    def __init__(self, workers: Workers) -> None:
        self._workers = workers

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """The workers of the crawl."""
        return cls(Workers.of(crawler))

    async def process_item(self, item: ImageItem) -> ImageItem:
        """A picture that cannot or shall not be kept ends here with its reason."""
        if item.open:
            try:
                _describe(item, await self._examined(item))
            except Refused as refused:
                self._refuse(item, refused.reason, refused.detail)
            except WorkerLost as lost:
                self._refuse(item, lost.reason, str(lost))
        return item

    async def _examined(self, item: ImageItem) -> Examined:
        for _ in range(TRIES - 1):
            try:
                return await self._examine(item)
            except WorkerLost as lost:
                if lost.reason != "crashed":
                    raise
                self._workers.give_back(item.work)
        return await self._examine(item)

    async def _examine(self, item: ImageItem) -> Examined:
        item.work.worker = await self._workers.take()
        examined: Examined = await item.work.worker.do(KEEP if item.work.is_video else EXAMINE, body=item.work.body)
        return examined

    def _refuse(self, item: ImageItem, reason: str, detail: str) -> None:
        self._workers.give_back(item.work)
        item.refuse(REASONS[reason].status, reason, detail)


def _describe(item: ImageItem, examined: Examined) -> None:
    item.work.examined, facts = examined, examined.facts
    item.format, item.mode, item.bytes = facts.format, facts.mode, facts.bytes
    item.width, item.height = facts.width, facts.height
    item.animated, item.frames = facts.animated, facts.frames
    item.work.ext, item.work.body = facts.ext, b""
