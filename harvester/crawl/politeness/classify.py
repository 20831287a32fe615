"""Every page is classified by its site before anybody parses it; a block is never taken for an empty page."""

from collections import Counter
from typing import Self

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.http import Response

from harvester.crawl.contract import spider_of
from harvester.crawl.http.responses import PAGE_STATUS, page_classifier
from harvester.crawl.politeness.blocks import BlockHandler
from harvester.crawl.politeness.hosts import HostBackoffs
from harvester.parsing.responses import PageStatus

ERRORS_BEFORE_BLOCK = 3
"""Pages in a row at which a server fails, each after its tries, from which on it is the site that fails."""


class ClassifyPagesMiddleware:
    """Takes block pages out, as the spider's `classify` knows them."""

    def __init__(self, crawler: Crawler) -> None:
        self._classify = page_classifier(crawler)
        self._blocks = BlockHandler.of(crawler)
        self._errors_in_a_row: Counter[str] = Counter()  # host -> pages in a row at which it failed
        self._block_statuses = {PageStatus.BLOCKED}
        if spider_of(crawler).unknown_is_block:
            self._block_statuses.add(PageStatus.UNKNOWN)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Passes everything on for a spider without `classify`."""
        return cls(crawler)

    def process_response(self, request: Request, response: Response) -> Request | Response:
        """Stands behind decompression and redirects, and before the cache."""
        page_status = self._classify(request, response)
        if page_status is None:
            return response
        host = HostBackoffs.host_of(request)
        self._errors_in_a_row[host] = self._errors_in_a_row[host] + 1 if page_status is PageStatus.ERROR else 0
        if page_status in self._block_statuses or self._errors_in_a_row[host] >= ERRORS_BEFORE_BLOCK:
            return self._blocks.handle_block(request, response)
        if page_status is not PageStatus.ERROR:
            self._blocks.reset_host(host)
        request.meta[PAGE_STATUS] = page_status
        return response
