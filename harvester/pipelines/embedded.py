"""500: the generation data that programs write into the files they make, kept apart from what the source says."""

from typing import Self

from scrapy.crawler import Crawler

from harvester.extensions.workers import Workers
from harvester.imaging.embedded import generation_data
from harvester.items import ImageItem


class EmbeddedPipeline:
    """Calls `imaging.embedded.generation_data` in a thread."""

    def __init__(self, workers: Workers) -> None:
        self._workers = workers

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Shares the threads of the crawl."""
        return cls(Workers.of(crawler))

    async def process_item(self, item: ImageItem) -> ImageItem:
        """Sets `embedded`; it stays None where the file has nothing of the kind."""
        if item.open and item.work.body:
            item.embedded = await self._workers.run(generation_data, item.work.body)
        return item
