"""A spider for tests only: asks for the pages it is given and logs each one that it may parse."""

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any, Self

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.http import Response

from harvester.crawl.settings_check import check_settings
from harvester.crawl.spider import HarvestSpider
from harvester.items import Collection
from harvester.parsing.responses import PageStatus, SiteResponse


class PagesSpider(HarvestSpider):
    """`-a urls=JSON list`; attributes of politeness with `-a manners=JSON object`."""

    name = "pages"

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: str) -> Self:
        """No check but that of the settings: tests know what they do."""
        check_settings(crawler.settings)
        spider = super().from_crawler(crawler)
        spider.arguments = dict(kwargs)
        spider.urls = json.loads(kwargs["urls"])
        spider.headers = json.loads(kwargs.get("headers", "{}"))
        for name, value in json.loads(kwargs.get("manners", "{}")).items():
            setattr(spider, name, value)
        spider.collection = Collection(cls.name, "images/pages", "jpeg")
        return spider

    def classify(self, response: SiteResponse) -> PageStatus:
        """By its words, as a site module does."""
        if b"captcha" in response.body:
            return PageStatus.BLOCKED
        if response.status == 404:
            return PageStatus.MISSING
        return PageStatus.OK if response.status == 200 else PageStatus.UNKNOWN

    async def start(self) -> AsyncIterator[Any]:
        """All pages at once, through the scheduler, then what is owed."""
        for url in self.urls:
            yield Request(url, self.parse, meta={"page": True}, headers=self.headers, dont_filter=True)
        async for request in super().start():
            yield request

    def parse(self, response: Response) -> Iterator[Any]:
        """Tell which page was parsed, and whether it came from the cache."""
        self.logger.info("Parsed %s %s %s", response.status, response.url, " ".join(response.flags))
        yield from ()
