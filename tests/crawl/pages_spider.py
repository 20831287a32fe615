"""A spider for tests only: asks for the pages it is given and logs each one that it may parse."""

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

from scrapy import Request
from scrapy.http import Response
from scrapy.settings import BaseSettings

from harvester.crawl.spider import HarvestSpider
from harvester.parsing.responses import PageStatus, SiteResponse
from harvester.spider_arguments import Argument


class PagesSpider(HarvestSpider):
    """`-a urls=JSON list`; attributes of politeness with `-a manners=JSON object`."""

    name = "pages"

    urls = Argument("pages to ask for", required=True, convert=json.loads)
    headers = Argument("headers of the requests", default="{}", convert=json.loads)
    manners = Argument("attributes of politeness", default="{}", convert=json.loads)

    def configure(self, settings: BaseSettings) -> None:
        """Take the attributes over."""
        vars(self).update(self.manners)

    def classify(self, response: SiteResponse) -> PageStatus:
        """By its words, as a site module does."""
        if b"captcha" in response.body:
            return PageStatus.BLOCKED
        if response.status == 404:
            return PageStatus.MISSING
        return PageStatus.OK if response.status == 200 else PageStatus.UNKNOWN

    async def start(self) -> AsyncIterator[Any]:
        """All pages at once, through the scheduler, then what is pending."""
        for url in self.urls:
            yield Request(url, self.parse, meta={"page": True}, headers=self.headers, dont_filter=True)
        async for request in super().start():
            yield request

    def parse(self, response: Response) -> Iterator[Any]:
        """Tell which page was parsed, and whether it came from the cache."""
        self.logger.info("Parsed %s %s %s", response.status, response.url, " ".join(response.flags))
        yield from ()
