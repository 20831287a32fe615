"""300: the bytes as they came become a blob, the rendition becomes the named copies, thumbnails lie beside."""

from typing import Self

from scrapy.crawler import Crawler

from harvester.errors import StoreError
from harvester.extensions.closing import stop_on
from harvester.extensions.workers import Workers, next_step
from harvester.items import ImageItem
from harvester.orders import STORE, Stored
from harvester.reasons import REASONS


class BlobsPipeline:
    """Has the worker publish the files, and then take the next picture; a disk that takes no more ends the run."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Needs the crawler to stop it."""
        return cls(crawler)

    async def process_item(self, item: ImageItem) -> ImageItem:
        """Sets sha256, blob and the names as published."""
        if item.open:
            with stop_on(StoreError, self._crawler):
                if stored := await next_step(item, STORE, item.work.names, item.work.formers):
                    _describe(item, stored)
        Workers.of(self._crawler).give_back(item.work)
        return item


def _describe(item: ImageItem, stored: Stored) -> None:
    item.sha256, item.blob = stored.sha256, stored.blob
    item.work.files, item.names = stored.files, list(stored.files.values())
    item.work.file_sha256 = stored.file_sha256
    if stored.taken:
        item.refuse(REASONS["name-taken"].status, "name-taken", stored.taken)
