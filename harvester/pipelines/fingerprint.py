"""400: four perceptual hashes of the small plane that the decode left."""

from typing import Self

from scrapy.crawler import Crawler

from harvester.extensions.workers import Workers
from harvester.items import ImageItem
from harvester.workbench import fingerprint


class FingerprintPipeline:
    """Has the worker make the hashes; then it may take the next picture."""

    def __init__(self, workers: Workers) -> None:
        self._workers = workers

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """The workers of the crawl."""
        return cls(Workers.of(crawler))

    async def process_item(self, item: ImageItem) -> ImageItem:
        """Sets phash, dhash, average and whash: 16 hex digits each."""
        if item.work.worker is not None:
            found = await item.work.worker.do(fingerprint)
            item.phash, item.dhash = found.phash, found.dhash
            item.average, item.whash = found.average, found.whash
            self._workers.give_back(item.work)
        return item
