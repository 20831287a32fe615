"""Every page is classified by its site before anybody parses it; a block is never taken for an empty page."""

from collections import Counter
from typing import Self

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.http import Response

from harvester.extensions.blocks import Blocks
from harvester.extensions.hosts import Hosts
from harvester.middlewares.answers import judge_of
from harvester.sites.pages import Verdict

VERDICT = "verdict"
"""Key in a request's meta: what its answer was found to be."""

ERRORS = 3
"""Pages in a row at which a server fails, each after its tries, from which on it is the site that fails."""


class ClassifyPages:
    """Takes block pages out, as the spider's `classify` knows them."""

    def __init__(self, crawler: Crawler) -> None:
        self._judge = judge_of(crawler)
        self._blocks = Blocks.of(crawler)
        self._errors: Counter[str] = Counter()  # host -> pages in a row at which it failed
        self._shutting = {Verdict.BLOCKED}
        if getattr(crawler.spider, "unknown_is_block", False):
            self._shutting.add(Verdict.UNKNOWN)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Passes everything on for a spider without `classify`."""
        return cls(crawler)

    def process_response(self, request: Request, response: Response) -> Request | Response:
        """Stands behind decompression and redirects, and before the cache."""
        verdict = self._judge(request, response)
        if verdict is None:
            return response
        host = Hosts.of_request(request)
        self._errors[host] = self._errors[host] + 1 if verdict is Verdict.ERROR else 0
        if verdict in self._shutting or self._errors[host] >= ERRORS:
            return self._blocks.blocked(request, response)
        if verdict is not Verdict.ERROR:
            self._blocks.passed(host)
        request.meta[VERDICT] = verdict
        return response
