"""robots.txt, obeyed for every request, however many of them wait for it (RFC 9309)."""

import asyncio
from dataclasses import dataclass
from time import monotonic

from scrapy import Request, signals
from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares.robotstxt import RobotsTxtMiddleware
from scrapy.exceptions import IgnoreRequest
from scrapy.http.request import NO_CALLBACK
from scrapy.robotstxt import RobotParser
from scrapy.utils.httpobj import urlparse_cached
from scrapy.utils.misc import build_from_crawler

from harvester.extensions.hosts import NotNow

KEPT = 24 * 3600.0
"""Seconds for which rules hold; section 2.4 wants them asked for again after a day."""

LARGEST = 512 * 1024
"""Bytes that are read, as section 2.5 allows; the rules behind them would be read on the event loop for a minute."""

UNKNOWN_FOR = 300.0
"""Seconds for which a host whose robots.txt cannot be had is not asked for it again, nor for anything else."""


class RobotsUnknown(IgnoreRequest):
    """The host's robots.txt cannot be had: section 2.3.1.4, everything is forbidden for now.

    `cause` is the error of the connection, None where the server answered with 5xx.
    """

    def __init__(self, what: str, cause: Exception | None = None) -> None:
        super().__init__(f"robots.txt: {what}")
        self.cause = cause


@dataclass(frozen=True)
class _Known:
    rules: RobotParser | RobotsUnknown
    until: float  # on the clock of time.monotonic


class RobotsTxt(RobotsTxtMiddleware):
    """Scrapy's middleware, with one answer for all who wait and with a rule for hosts that have no answer.

    In Scrapy 2.19 only the first request that waits for a host's robots.txt gets the rules; the others, which wait on
    the same Deferred, get None and are let through (seen with eleven images of one host, one of them disallowed); and
    so is everything where robots.txt cannot be had.
    """

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._asked: dict[str, asyncio.Future[_Known]] = {}
        self._known: dict[str, _Known] = {}
        self._tries: dict[str, int] = {}

    async def robot_parser(self, request: Request) -> RobotParser:
        """The rules of the request's host; raises RobotsUnknown, and NotNow where its host has to be left alone."""
        address = urlparse_cached(request)
        site = f"{address.scheme}://{address.netloc}"
        known = self._known.get(site)
        if known is None or known.until < monotonic():
            if site not in self._asked:
                self._asked[site] = asyncio.ensure_future(self._ask(site, request))
                self._asked[site].add_done_callback(lambda _: self._asked.pop(site))
            known = self._known[site] = await asyncio.shield(self._asked[site])
        if isinstance(known.rules, RobotsUnknown):
            raise RobotsUnknown(str(known.rules).removeprefix("robots.txt: "), known.rules.cause)
        return known.rules

    async def _ask(self, site: str, request: Request) -> _Known:
        meta = {"dont_obey_robotstxt": True, "dont_cache": True, "retry_times": self._tries.pop(site, 0)}
        robots = Request(f"{site}/robots.txt", priority=self.DOWNLOAD_PRIORITY, meta=meta, callback=NO_CALLBACK)
        self._stats.inc_value("robotstxt/request_count")
        assert self.crawler.engine is not None
        try:
            response = await self.crawler.engine.download_async(robots)
        except NotNow as later:
            self._tries[site] = later.tries
            raise
        except IgnoreRequest:  # a redirect to nowhere counts as none, section 2.3.1.2
            return self._rules(b"")
        except (RuntimeError, MemoryError):
            raise
        except Exception as error:
            return self._unknown(str(error) or type(error).__name__, error)
        if response.status >= 500:
            return self._unknown(f"HTTP {response.status}")
        known = self._rules(response.body if response.status == 200 else b"")  # 4xx: no rules, section 2.3.1.3
        await self.crawler.signals.send_catch_log_async(
            signal=signals.robots_parsed, robotparser=known.rules, request=request
        )
        return known

    def _rules(self, body: bytes) -> _Known:
        return _Known(build_from_crawler(self._parserimpl, self.crawler, body[:LARGEST]), monotonic() + KEPT)

    @staticmethod
    def _unknown(what: str, cause: Exception | None = None) -> _Known:
        return _Known(RobotsUnknown(what.partition("\n")[0][:200], cause), monotonic() + UNKNOWN_FOR)
