"""Every page is classified by its site before anybody parses it; a block is never taken for an empty page."""

import inspect
from typing import Self

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import NotConfigured
from scrapy.http import Response

from harvester.extensions.blocks import Blocks
from harvester.extensions.hosts import Hosts
from harvester.middlewares.answers import plain
from harvester.sites.pages import Answer, Classify, Verdict

VERDICT = "verdict"
"""Key in a request's meta: what its answer was found to be."""


class ClassifyPages:
    """Asks the spider's `classify` about the answers to requests whose meta says `page`."""

    def __init__(self, crawler: Crawler, classify: Classify) -> None:
        self._classify = classify
        self._blocks = Blocks.of(crawler)
        self._shutting = {Verdict.BLOCKED}
        if getattr(crawler.spider, "unknown_is_block", False):
            self._shutting.add(Verdict.UNKNOWN)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Not there for a spider without `classify`."""
        hook = getattr(crawler.spider, "classify", None)
        if hook is None:
            raise NotConfigured
        if inspect.ismethod(hook) and not inspect.signature(hook).parameters:  # a plain function in the class body
            hook = hook.__func__
        return cls(crawler, hook)

    def process_response(self, request: Request, response: Response) -> Request | Response:
        """Stands behind decompression and redirects, and before the cache."""
        if not request.meta.get("page"):
            return response
        verdict = self._classify(Answer(response.url, response.status, plain(response), response.body))
        if verdict in self._shutting:
            return self._blocks.blocked(request, response)
        self._blocks.passed(Hosts.of_request(request))
        request.meta[VERDICT] = verdict
        return response
