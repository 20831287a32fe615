"""500: the generation data that programs write into the files they make, kept apart from what the source says."""

from typing import Self

from scrapy.crawler import Crawler

from harvester.extensions.workers import Workers
from harvester.items import ImageItem
from harvester.workbench import embedded


class EmbeddedPipeline:
    """Has the worker read them, for spiders that want it; then the worker may take the next picture."""

    def __init__(self, workers: Workers, *, wanted: bool) -> None:
        self._workers = workers
        self._wanted = wanted

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """The spider says so in its `reads_embedded`."""
        return cls(Workers.of(crawler), wanted=getattr(crawler.spider, "reads_embedded", False))

    async def process_item(self, item: ImageItem) -> ImageItem:
        """Sets `embedded`; it stays None where the file has nothing of the kind."""
        if item.work.worker is not None:
            if self._wanted and item.open:
                item.embedded = await item.work.worker.do(embedded)
            self._workers.give_back(item.work)
        return item
