"""robots.txt, obeyed for every request, however many of them wait for it (RFC 9309)."""

import asyncio
from dataclasses import dataclass
from time import monotonic

from scrapy import Request, signals
from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares.robotstxt import RobotsTxtMiddleware
from scrapy.http.request import NO_CALLBACK
from scrapy.robotstxt import RobotParser
from scrapy.utils.httpobj import urlparse_cached
from scrapy.utils.misc import build_from_crawler

from harvester.crawl.http.failures import RequestFailed, RobotsUnknown, fetch
from harvester.crawl.http.waits import HostBackoff

RULES_MAX_AGE = 24 * 3600.0
"""Seconds for which rules hold; section 2.4 wants them asked for again after a day."""

MAX_ROBOTS_BYTES = 512 * 1024
"""Bytes that are read, as section 2.5 allows; the rules behind them would be read on the event loop for a minute."""

UNKNOWN_MAX_AGE = 300.0
"""Seconds for which a host whose robots.txt cannot be had is not asked for it again, nor for anything else."""


@dataclass(frozen=True)
class _CachedRules:
    rules: RobotParser | RobotsUnknown
    expires_at: float  # on the clock of time.monotonic


class SharedRobotsTxtMiddleware(RobotsTxtMiddleware):
    """Scrapy's middleware, with one answer for all who wait and with a rule for hosts that have no answer.

    In Scrapy 2.19 only the first request that waits for a host's robots.txt gets the rules; the others, which wait on
    the same Deferred, get None and are let through (seen with eleven images of one host, one of them disallowed); and
    so is everything where robots.txt cannot be had.
    """

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._pending: dict[str, asyncio.Future[_CachedRules]] = {}
        self._cache: dict[str, _CachedRules] = {}
        self._tries: dict[str, int] = {}

    async def robot_parser(self, request: Request) -> RobotParser:
        """The rules of the request's host; raises RobotsUnknown, and HostBackoff where the host backs off."""
        url = urlparse_cached(request)
        origin = f"{url.scheme}://{url.netloc}"
        cached = self._cache.get(origin)
        if cached is None or cached.expires_at < monotonic():
            if origin not in self._pending:
                self._pending[origin] = asyncio.ensure_future(self._fetch_rules(origin, request))
                self._pending[origin].add_done_callback(lambda _: self._pending.pop(origin))
            cached = self._cache[origin] = await asyncio.shield(self._pending[origin])
        if isinstance(cached.rules, RobotsUnknown):
            raise RobotsUnknown(str(cached.rules).removeprefix("robots.txt: "), cached.rules.cause)
        return cached.rules

    async def _fetch_rules(self, origin: str, request: Request) -> _CachedRules:
        meta = {"dont_obey_robotstxt": True, "dont_cache": True, "retry_times": self._tries.pop(origin, 0)}
        robots_request = Request(
            f"{origin}/robots.txt", priority=self.DOWNLOAD_PRIORITY, meta=meta, callback=NO_CALLBACK
        )
        self._stats.inc_value("robotstxt/request_count")
        try:
            response = await fetch(self.crawler, robots_request)
        except HostBackoff as backoff:
            self._tries[origin] = backoff.tries
            raise
        except RequestFailed as failure:
            if failure.is_ignored:  # a redirect to nowhere counts as none, section 2.3.1.2
                return self._parse_rules(b"")
            return self._unknown_rules(failure.detail, failure.error)
        if response.status >= 500:
            return self._unknown_rules(f"HTTP {response.status}")
        cached = self._parse_rules(response.body if response.status == 200 else b"")  # 4xx: no rules, section 2.3.1.3
        await self.crawler.signals.send_catch_log_async(
            signal=signals.robots_parsed, robotparser=cached.rules, request=request
        )
        return cached

    def _parse_rules(self, body: bytes) -> _CachedRules:
        return _CachedRules(
            build_from_crawler(self._parserimpl, self.crawler, body[:MAX_ROBOTS_BYTES]), monotonic() + RULES_MAX_AGE
        )

    @staticmethod
    def _unknown_rules(problem: str, cause: Exception | None = None) -> _CachedRules:
        return _CachedRules(RobotsUnknown(problem.partition("\n")[0][:200], cause), monotonic() + UNKNOWN_MAX_AGE)
