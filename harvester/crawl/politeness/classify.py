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
from harvester.crawl.run.finish import RunFinisher
from harvester.errors import SiteChanged
from harvester.parsing.responses import PageStatus
from harvester.text import redact

ERRORS_BEFORE_BLOCK = 3
"""After this many failed pages in a row, each with all its retries used up, the whole site counts as blocked."""


UNKNOWN_BEFORE_STOP = 3
"""Pages of a host in a row that `classify` does not know, each with its own address; then the site has changed."""


class ClassifyPagesMiddleware:
    """Removes the pages that the spider's `classify` recognises as block pages."""

    def __init__(self, crawler: Crawler) -> None:
        self._classify = page_classifier(crawler)
        self._blocks = BlockHandler.of(crawler)
        self._errors_in_a_row: Counter[str] = Counter()  # host -> pages in a row at which it failed
        self._crawler = crawler
        self._unknown_pages: dict[str, set[str]] = {}  # host -> addresses of pages since the last known one

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
        if page_status is PageStatus.BLOCKED or self._errors_in_a_row[host] >= ERRORS_BEFORE_BLOCK:
            return self._blocks.handle_block(request, response)
        if page_status is not PageStatus.ERROR:
            self._blocks.reset_host(host)
        self._count_unknown(host, page_status, request.url)
        request.meta[PAGE_STATUS] = page_status
        return response

    def _count_unknown(self, host: str, page_status: PageStatus, url: str) -> None:
        """End the run at the UNKNOWN_BEFORE_STOP-th unknown page without a known one in between."""
        if page_status is PageStatus.OK:
            self._unknown_pages.pop(host, None)
        elif page_status is PageStatus.UNKNOWN and spider_of(self._crawler).unknown_is_change:
            urls = self._unknown_pages.setdefault(host, set())
            urls.add(url)
            if len(urls) >= UNKNOWN_BEFORE_STOP:
                HostBackoffs.of(self._crawler).back_off(host, spider_of(self._crawler).block_window, "changed")
                RunFinisher.of(self._crawler).stop(SiteChanged(_change_text(host, len(urls), url)))


def _change_text(host: str, page_count: int, url: str) -> str:
    return (
        f"{host} has changed: {page_count} pages in a row, the last one {redact(url)}, are of a kind that harvester "
        "does not know. Nothing is lost: look for a newer harvester, then run the same command. "
        "-a retry=none goes on without the images that failed."
    )
