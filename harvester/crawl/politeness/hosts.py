"""The back-off state of every host in this run, shared by all politeness modules."""

import asyncio
import logging
import random
import time
from collections import Counter
from dataclasses import dataclass
from time import monotonic
from typing import Any, Self
from weakref import WeakSet

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.utils.httpobj import urlparse_cached

from harvester.crawl.contract import spider_of
from harvester.crawl.http.waits import HostBackoff
from harvester.crawl.politeness import request_log
from harvester.crawl.politeness.rate_limits import Budgets, budgets_by_host, value_for_host
from harvester.crawl.run.session import CatalogueSession

logger = logging.getLogger(__name__)

MIN_LOGGED_WAIT = 5.0
"""Seconds; waits at least this long are logged."""


@dataclass(frozen=True)
class HostWait:
    """The wait of a host that is backing off.

    `until` is on the clock of `time.monotonic`; `cause` is text for the user, such as `429` or `budget`.
    """

    host: str
    until: float
    cause: str

    @property
    def seconds_left(self) -> float:
        """Seconds still to wait."""
        return max(0.0, self.until - monotonic())


class HostBackoffs:
    """Knows which hosts are backing off. A host is the name in the URL without the port, as in Scrapy's slots."""

    def __init__(self, crawler: Crawler, windows: Budgets) -> None:
        self._crawler = crawler
        self._budgets = windows
        self._waits: dict[str, HostWait] = {}
        self._refusals: Counter[str] = Counter()  # in a row
        self._abandoned: set[str] = set()
        self._max_wait = crawler.settings.getfloat("HARVESTER_MAX_WAIT")
        self._base_backoff = crawler.settings.getfloat("HARVESTER_BACKOFF")
        self.scheduled_requests: WeakSet[Request] = WeakSet()
        """Requests that came through the scheduler and may therefore go back to it."""

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Read the budgets of the site and of HARVESTER_BUDGETS. Raises UsageProblem if they are invalid."""
        site_budgets = spider_of(crawler).budgets
        host_budgets = budgets_by_host(crawler.settings, site_budgets)
        if site_budgets and not host_budgets:
            logger.warning("HARVESTER_BUDGETS={}: the budgets of %s are off in this run", ", ".join(site_budgets))
        return cls(crawler, host_budgets)

    @classmethod
    def of(cls, crawler: Crawler) -> "HostBackoffs":
        """The host states of a crawl."""
        hosts = crawler.get_extension(cls)
        assert hosts is not None
        return hosts

    @staticmethod
    def host_of(request: Request) -> str:
        """The host that a request goes to."""
        return urlparse_cached(request).hostname or ""

    def seconds_left(self, host: str) -> float:
        """Seconds for which the host is still backing off; 0 if it may be asked."""
        wait = self._waits.get(host)
        if wait is None:
            return 0.0
        if not wait.seconds_left:
            del self._waits[host]
        return wait.seconds_left

    def active_waits(self) -> list[HostWait]:
        """All waits, the longest first."""
        return sorted((wait for wait in self._waits.values() if wait.seconds_left), key=lambda wait: -wait.until)

    def back_off(self, host: str, seconds: float, cause: str) -> float:
        """Ask nothing of the host for `seconds`, at most HARVESTER_MAX_WAIT. Returns the seconds it now waits.

        A longer wait that is already set stays.
        """
        seconds = min(seconds, self._max_wait)
        if seconds > self.seconds_left(host):
            self._waits[host] = HostWait(host, monotonic() + seconds, cause)
            level = logging.INFO if seconds >= MIN_LOGGED_WAIT and cause != "budget" else logging.DEBUG
            logger.log(level, "Backing off from %s for %.0f s (%s)", host, seconds, cause)
            asyncio.get_running_loop().call_later(seconds, self._wake_scheduler)
        return self.seconds_left(host)

    def register_refusal(self, host: str, seconds: float | None, cause: str) -> int:
        """Back off because the host has refused a request. Returns the number of refusals in a row.

        `seconds` is the wait that the host asks for; None if it names none. Responses to requests that were already
        under way extend a wait only if they say so. From the second refusal in a row on, the wait is at least the
        back-off, whatever the host says.
        """
        if self.seconds_left(host):
            self.back_off(host, seconds or 0.0, cause)
            return self._refusals[host]
        self._refusals[host] += 1
        min_seconds = self.backoff_seconds(self._refusals[host]) if not seconds or self._refusals[host] > 1 else 0.0
        self.back_off(host, max(seconds or 0.0, min_seconds), cause)
        return self._refusals[host]

    def reset_backoff(self, host: str) -> None:
        """Forget earlier refusals: the host has answered normally."""
        self._refusals.pop(host, None)

    def abandon(self, host: str) -> None:
        """Request nothing more from the host in this run, and log that once."""
        if host not in self._abandoned:
            self._abandoned.add(host)
            logger.warning("%s refuses every request: this run sends it no more, and its images stay pending", host)

    def backoff_seconds(self, tries: int) -> float:
        """Seconds to wait after this many failures: doubled each time, then varied by half.

        The variation keeps crawlers from retrying in step. It needs no cryptographic randomness.
        """
        return float(self._base_backoff * 2 ** (min(tries, 30) - 1) * random.uniform(0.5, 1.5))  # noqa: S311

    async def take_from_budget(self, host: str) -> None:
        """Take one request out of the host's budget; raises HostBackoff if the budget is used up."""
        windows = value_for_host(self._budgets, host)
        if windows is None:
            return
        seconds = await CatalogueSession.of(self._crawler).write_global(
            request_log.take_request, host, windows, time.time()
        )
        if seconds:
            raise HostBackoff(host, self.back_off(host, seconds, "budget"))

    def requeued_copy(self, request: Request, *, tries: int = 0, silent: bool = False) -> Request:
        """A copy of the request for the scheduler; raises HostBackoff if the request did not come from there."""
        host = self.host_of(request)
        if request not in self.scheduled_requests:
            raise HostBackoff(host, self.seconds_left(host), tries=tries, silent=silent)
        copy: Request = request.replace(dont_filter=True, meta={**request.meta, "retry_times": tries})
        return copy

    def _wake_scheduler(self) -> None:
        """Have the engine poll the scheduler now instead of at its next tick, every five seconds."""
        slot: Any = self._crawler.engine and self._crawler.engine._slot
        if slot is not None:
            slot.nextcall.schedule()
