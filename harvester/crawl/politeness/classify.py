"""Middleware that has each site classify its pages before they are parsed.

A block page is therefore never mistaken for an empty page.
"""

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
"""After this many failed pages in a row, each with all its retries used up, the whole site counts as blocked."""


class ClassifyPagesMiddleware:
    """Removes the pages that the spider's `classify` recognises as block pages."""

    def __init__(self, crawler: Crawler) -> None:
        self._classify = page_classifier(crawler)
        self._blocks = BlockHandler.of(crawler)
        self._errors_in_a_row: Counter[str] = Counter()  # host -> pages in a row at which it failed
        self._block_statuses = {PageStatus.BLOCKED}
        if spider_of(crawler).unknown_is_block:
            self._block_statuses.add(PageStatus.UNKNOWN)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Create the middleware; it passes on the pages for which the spider's `classify` returns None."""
        return cls(crawler)

    def process_response(self, request: Request, response: Response) -> Request | Response:
        """Classify a response; it has been decompressed and redirected, and has not reached the cache yet."""
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
