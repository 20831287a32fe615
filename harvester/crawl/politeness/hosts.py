"""What is known of every host in this run: until when it is left alone, and why. All of politeness asks here."""

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
from harvester.crawl.politeness import request_log as ledger_of_budgets
from harvester.crawl.politeness.rate_limits import Budgets, budgets_by_host, value_for_host
from harvester.crawl.run.session import CatalogueSession

logger = logging.getLogger(__name__)

MIN_LOGGED_WAIT = 5.0
"""Waits of so many seconds are logged."""


@dataclass(frozen=True)
class HostWait:
    """A host is left alone; `until` is on the clock of `time.monotonic`, `why` is for a person: `429`, `budget`."""

    host: str
    until: float
    cause: str

    @property
    def seconds_left(self) -> float:
        """Seconds still to wait."""
        return max(0.0, self.until - monotonic())


class HostBackoffs:
    """Who has to wait. A host is the name in the URL, without the port, as in Scrapy's download slots."""

    def __init__(self, crawler: Crawler, windows: Budgets) -> None:
        self._crawler = crawler
        self._budgets = windows
        self._waits: dict[str, HostWait] = {}
        self._refusals: Counter[str] = Counter()  # in a row
        self._abandoned: set[str] = set()
        self._max_wait = crawler.settings.getfloat("HARVESTER_MAX_WAIT")
        self._base_backoff = crawler.settings.getfloat("HARVESTER_BACKOFF")
        self.scheduled_requests: WeakSet[Request] = WeakSet()
        """Requests that came through the scheduler, and may therefore go back to it."""

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Raises BadInput for budgets that make no sense."""
        site_budgets = spider_of(crawler).budgets
        host_budgets = budgets_by_host(crawler.settings, site_budgets)
        if site_budgets and not host_budgets:
            logger.warning("HARVESTER_BUDGETS={}: the budgets of %s are off in this run", ", ".join(site_budgets))
        return cls(crawler, host_budgets)

    @classmethod
    def of(cls, crawler: Crawler) -> "HostBackoffs":
        """The hosts of a crawl."""
        hosts = crawler.get_extension(cls)
        assert hosts is not None
        return hosts

    @staticmethod
    def host_of(request: Request) -> str:
        """The host that a request goes to."""
        return urlparse_cached(request).hostname or ""

    def seconds_left(self, host: str) -> float:
        """How long the host still has to be left alone; 0 where it may be asked."""
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
        """Leave the host alone for so long, capped by HARVESTER_MAX_WAIT; a longer wait stays. Returns the seconds."""
        seconds = min(seconds, self._max_wait)
        if seconds > self.seconds_left(host):
            self._waits[host] = HostWait(host, monotonic() + seconds, cause)
            level = logging.INFO if seconds >= MIN_LOGGED_WAIT and cause != "budget" else logging.DEBUG
            logger.log(level, "%s is left alone for %.0f s (%s)", host, seconds, cause)
            asyncio.get_running_loop().call_later(seconds, self._wake_scheduler)
        return self.seconds_left(host)

    def register_refusal(self, host: str, seconds: float | None, cause: str) -> int:
        """The host asks for patience, for so long or without saying how long. Returns the refusals in a row.

        Answers that were under way when a wait began do not make it longer, unless they say so. From the second
        refusal in a row on, the wait is no shorter than the back-off, whatever the host says.
        """
        if self.seconds_left(host):
            self.back_off(host, seconds or 0.0, cause)
            return self._refusals[host]
        self._refusals[host] += 1
        min_seconds = self.backoff_seconds(self._refusals[host]) if not seconds or self._refusals[host] > 1 else 0.0
        self.back_off(host, max(seconds or 0.0, min_seconds), cause)
        return self._refusals[host]

    def reset_backoff(self, host: str) -> None:
        """The host has answered as it should."""
        self._refusals.pop(host, None)

    def abandon(self, host: str) -> None:
        """Say once that nothing more of the host is asked for in this run."""
        if host not in self._abandoned:
            self._abandoned.add(host)
            logger.warning("%s refuses every request: it is left alone in this run, and its images stay owed", host)

    def backoff_seconds(self, tries: int) -> float:
        """Seconds to wait after so many failures: doubling, and varied by half so that crawlers do not march in step.

        Unpredictability for others is not needed, so the ordinary random numbers will do.
        """
        return float(self._base_backoff * 2 ** (min(tries, 30) - 1) * random.uniform(0.5, 1.5))  # noqa: S311

    async def take_from_budget(self, host: str) -> None:
        """Take one request out of the host's budget; raises NotNow where nothing is left of it."""
        windows = value_for_host(self._budgets, host)
        if windows is None:
            return
        seconds = await CatalogueSession.of(self._crawler).write_global(
            ledger_of_budgets.take_request, host, windows, time.time()
        )
        if seconds:
            raise HostBackoff(host, self.back_off(host, seconds, "budget"))

    def requeued_copy(self, request: Request, *, tries: int = 0, silent: bool = False) -> Request:
        """The request as the scheduler gets it back; raises NotNow for one that did not come from there."""
        host = self.host_of(request)
        if request not in self.scheduled_requests:
            raise HostBackoff(host, self.seconds_left(host), tries=tries, silent=silent)
        copy: Request = request.replace(dont_filter=True, meta={**request.meta, "retry_times": tries})
        return copy

    def _wake_scheduler(self) -> None:
        """The scheduler is asked again; by itself the engine does that every five seconds."""
        slot: Any = self._crawler.engine and self._crawler.engine._slot
        if slot is not None:
            slot.nextcall.schedule()
