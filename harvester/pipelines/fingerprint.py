"""400: four perceptual hashes of the small plane that the decode left."""

from typing import Self

from scrapy.crawler import Crawler

from harvester.extensions.workers import Workers
from harvester.imaging.fingerprint import hashes
from harvester.items import ImageItem


class FingerprintPipeline:
    """Calls `imaging.fingerprint.hashes` in a thread."""

    def __init__(self, workers: Workers) -> None:
        self._workers = workers

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Shares the threads of the crawl."""
        return cls(Workers.of(crawler))

    async def process_item(self, item: ImageItem) -> ImageItem:
        """Sets phash, dhash, average and whash: 16 hex digits each."""
        if item.work.plane is not None:
            found = await self._workers.run(hashes, item.work.plane)
            item.phash, item.dhash = found.phash, found.dhash
            item.average, item.whash = found.average, found.whash
        return item
