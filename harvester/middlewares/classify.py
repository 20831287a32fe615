"""Every page is classified by its site before anybody parses it; a block is never taken for an empty page."""

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


class ClassifyPages:
    """Takes block pages out, as the spider's `classify` knows them."""

    def __init__(self, crawler: Crawler) -> None:
        self._judge = judge_of(crawler)
        self._blocks = Blocks.of(crawler)
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
        if verdict in self._shutting:
            return self._blocks.blocked(request, response)
        self._blocks.passed(Hosts.of_request(request))
        request.meta[VERDICT] = verdict
        return response
