"""Nobody else harvests into the same collection while this crawl runs."""

from typing import Self, cast

from scrapy import signals
from scrapy.crawler import Crawler

from harvester.extensions.ledger import SpiderContract
from harvester.locks import CrawlLock
from harvester.places import DataPaths


class CollectionLock:
    """Takes the locks before the catalogue is touched, and lets go of them when everything has been written."""

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Raises Busy, with the process that holds them, and StoreError."""
        lock = CrawlLock(DataPaths.from_settings(crawler.settings), cast("SpiderContract", crawler.spider).collection)
        crawler.signals.connect(lock.release, signal=signals.engine_stopped, weak=False)
        return cls()
