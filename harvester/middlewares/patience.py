"""Hosts that ask for patience get it: 429 and 503 with a time, and rate limits that are used up."""

import time
from typing import Self

from scrapy import Request, signals
from scrapy.crawler import Crawler
from scrapy.http import Response

from harvester.extensions.blocks import Blocks
from harvester.extensions.hosts import Hosts, NotNow
from harvester.middlewares.answers import judge_of, plain
from harvester.politeness.headers import used_up, wait_of
from harvester.sites.pages import Verdict

PATIENCE = 8
"""Refusals of a host in a row, with a wait after each; the next one is taken as a no for this run."""


_REFUSALS = (429, 503)


class Patience:
    """Holds requests back while their host waits, and repeats the refused ones; nothing is counted as failed."""

    def __init__(self, crawler: Crawler) -> None:
        self._hosts = Hosts.of(crawler)
        self._blocks = Blocks.of(crawler)
        self._judge = judge_of(crawler)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Shares the crawl's knowledge of its hosts."""
        patience = cls(crawler)
        crawler.signals.connect(patience.answered, signal=signals.response_downloaded)
        return patience

    def answered(self, request: Request, response: Response) -> None:
        """A host that says this was the last request for now is closed before its slot is free for the next one."""
        if response.status not in _REFUSALS and (used := used_up(plain(response), time.time())):
            self._hosts.wait(self._hosts.of_request(request), used, "rate limit used up")

    def process_request(self, request: Request) -> Request | None:
        """Before robots.txt, so that nobody waits for that of a host which is left alone."""
        waits = self._hosts.seconds(self._hosts.of_request(request))
        return self._hosts.again(request, tries=_tries(request)) if waits else None

    def process_response(self, request: Request, response: Response) -> Request | Response:
        """A refused request is made again after the wait; not one whose refusal the site means for good."""
        if "cached" in response.flags:
            return response
        if response.status in _REFUSALS:
            wait = wait_of(plain(response), time.time())
            refused = response.status == 429 or wait is not None
            if refused and self._judge(request, response) is not Verdict.MISSING:
                return self._refused(request, response, wait)
        self._hosts.welcomed(self._hosts.of_request(request))
        return response

    def process_exception(self, request: Request, exception: Exception) -> Request | None:
        """What the downloader turned away goes back to where it came from."""
        return self._hosts.again(request, tries=_tries(request)) if isinstance(exception, NotNow) else None

    def _refused(self, request: Request, response: Response, wait: float | None) -> Request:
        host = self._hosts.of_request(request)
        if self._hosts.refused(host, wait, str(response.status)) <= PATIENCE:
            return self._hosts.again(request, tries=_tries(request))
        if request in self._hosts.from_queue:
            return self._blocks.blocked(request, response)
        self._hosts.given_up(host)
        raise NotNow(host, self._hosts.seconds(host), refused=True)


def _tries(request: Request) -> int:
    return int(request.meta.get("retry_times", 0))
