"""Scrapy's downloader with the limits of a host kept in every configuration.

It depends on parts of Scrapy 2.19 that are not documented; tests/wire measures all of it at the server.
"""

from collections.abc import Coroutine
from math import ceil
from typing import Any

from scrapy import Request
from scrapy.core.downloader import Downloader, Slot
from scrapy.crawler import Crawler
from scrapy.http import Response

from harvester.crawl.contract import spider_of
from harvester.crawl.http.waits import HostBackoff
from harvester.crawl.politeness.hosts import HostBackoffs
from harvester.crawl.politeness.rate_limits import value_for_host

MIN_TIMER_SECONDS = 0.005
"""Seconds between two requests, less than which a timer cannot keep without holding all else up."""


class PoliteDownloader(Downloader):
    """Adds to Scrapy's: waiting hosts, budgets, a least delay that no setting undercuts, and a concurrency that holds.

    Scrapy counts a request as under way only when the task that makes it begins to run. Without a delay all requests
    that wait are started before the first of them is counted, whatever CONCURRENT_REQUESTS_PER_DOMAIN says.

    AutoThrottle keeps to so many requests at a time by waiting between them. Where a host answers so fast that the
    waiting is fleeting, so many at a time it is, without any waiting.
    """

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._hosts = HostBackoffs.of(crawler)
        self._min_delay = spider_of(crawler).min_delay
        self._max_concurrency = spider_of(crawler).max_concurrency
        throttles = self.settings.getbool("AUTOTHROTTLE_ENABLED") and not self.settings.getfloat("DOWNLOAD_DELAY")
        self._min_timer_seconds = MIN_TIMER_SECONDS if throttles else 0.0
        self._target_concurrency = ceil(self.settings.getfloat("AUTOTHROTTLE_TARGET_CONCURRENCY"))
        self._slow_concurrency: dict[str, int] = {}  # host -> what is allowed at a time when it is slow

    def get_slot_key(self, request: Request) -> str:
        """The host, also where a redirect has carried another host's slot along in the request's meta."""
        return self._hosts.host_of(request)

    def _process_queue(self, slot: Slot) -> None:
        if not slot.queue:
            return
        host = self.get_slot_key(slot.queue[0][0])
        if wait := self._hosts.seconds_left(host):
            while slot.queue:
                slot.queue.popleft()[1].errback(HostBackoff(host, wait))
            return
        min_delay = value_for_host(self._min_delay, host)
        if min_delay is not None:
            slot.delay, slot.jitter = max(slot.delay, min_delay), 0.0
        max_concurrency = self._slow_concurrency.setdefault(
            host, min(slot.concurrency, value_for_host(self._max_concurrency, host) or slot.concurrency)
        )
        slot.concurrency = max_concurrency
        if slot.delay < self._min_timer_seconds:
            slot.delay, slot.concurrency = 0.0, min(max_concurrency, self._target_concurrency)
        super()._process_queue(slot)

    def _wait_for_download(self, slot: Slot, request: Request, queue_dfd: Any) -> Coroutine[Any, Any, None]:
        slot.transferring.add(request)
        return super()._wait_for_download(slot, request, queue_dfd)

    async def _download(self, slot: Slot, request: Request) -> Response:
        try:
            await self._hosts.take_from_budget(self._hosts.host_of(request))
        except BaseException:
            slot.transferring.discard(request)
            self._process_queue(slot)
            raise
        return await super()._download(slot, request)
