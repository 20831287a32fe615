"""Middleware that backs off from hosts: after 429, 503 with a time, and used-up rate limits."""

import time
from typing import Self

from scrapy import Request, signals
from scrapy.crawler import Crawler
from scrapy.http import Response

from harvester.crawl.http.responses import header_dict, page_classifier
from harvester.crawl.http.waits import HostBackoff
from harvester.crawl.politeness.blocks import BlockHandler
from harvester.crawl.politeness.hosts import HostBackoffs
from harvester.crawl.politeness.rate_headers import rate_limit_delay, retry_delay
from harvester.parsing.responses import PageStatus

MAX_REFUSALS_IN_A_ROW = 8
"""Refusals of a host in a row, with a wait after each; after the next one the run asks the host for nothing more."""


_REFUSAL_STATUSES = (429, 503)


class BackoffMiddleware:
    """Holds requests while their host is backing off, and repeats refused ones; none of them counts as failed."""

    def __init__(self, crawler: Crawler) -> None:
        self._hosts = HostBackoffs.of(crawler)
        self._blocks = BlockHandler.of(crawler)
        self._classify = page_classifier(crawler)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Share the crawl's host states."""
        middleware = cls(crawler)
        crawler.signals.connect(middleware.check_rate_limit, signal=signals.response_downloaded)
        return middleware

    def check_rate_limit(self, request: Request, response: Response) -> None:
        """Back off from a host whose rate limit is used up, before its slot is free for the next request."""
        if response.status not in _REFUSAL_STATUSES and (wait := rate_limit_delay(header_dict(response), time.time())):
            self._hosts.back_off(self._hosts.host_of(request), wait, "rate limit used up")

    def process_request(self, request: Request) -> Request | None:
        """Requeue requests to hosts that are backing off.

        This runs before the robots.txt middleware, so that no request waits for the robots.txt of such a host.
        """
        wait = self._hosts.seconds_left(self._hosts.host_of(request))
        return self._hosts.requeued_copy(request, tries=_tries(request)) if wait else None

    def process_response(self, request: Request, response: Response) -> Request | Response:
        """Repeat a refused request after the wait, unless the site classifies the response as MISSING."""
        if "cached" in response.flags:
            return response
        if response.status in _REFUSAL_STATUSES:
            wait = retry_delay(header_dict(response), time.time())
            is_refusal = response.status == 429 or wait is not None
            if is_refusal and self._classify(request, response) is not PageStatus.MISSING:
                return self._handle_refusal(request, response, wait)
        self._hosts.reset_backoff(self._hosts.host_of(request))
        return response

    def process_exception(self, request: Request, exception: Exception) -> Request | None:
        """Requeue a request that the downloader turned away."""
        return self._hosts.requeued_copy(request, tries=_tries(request)) if isinstance(exception, HostBackoff) else None

    def _handle_refusal(self, request: Request, response: Response, wait: float | None) -> Request:
        host = self._hosts.host_of(request)
        if self._hosts.register_refusal(host, wait, str(response.status)) <= MAX_REFUSALS_IN_A_ROW:
            return self._hosts.requeued_copy(request, tries=_tries(request))
        if request in self._hosts.scheduled_requests:
            return self._blocks.handle_block(request, response)
        self._hosts.abandon(host)
        raise HostBackoff(host, self._hosts.seconds_left(host), abandoned=True)


def _tries(request: Request) -> int:
    return int(request.meta.get("retry_times", 0))
