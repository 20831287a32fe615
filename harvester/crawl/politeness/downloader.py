"""Scrapy's downloader, extended so that the limits of a host hold in every configuration.

It depends on undocumented parts of Scrapy 2.19; tests/crawl/politeness measures its behaviour at the server.
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
"""Seconds; a timer cannot keep shorter delays without slowing down everything else."""


class PoliteDownloader(Downloader):
    """Adds host back-off, budgets, a minimum delay that no setting undercuts, and a strict concurrency limit.

    Scrapy counts a request as under way only when the task that makes it starts to run. Without a delay it starts all
    waiting requests before it counts the first, whatever CONCURRENT_REQUESTS_PER_DOMAIN says.

    AutoThrottle reaches its target concurrency with a delay between requests. If a host answers so fast that this
    delay falls below MIN_TIMER_SECONDS, the target concurrency becomes the limit and the delay is dropped.
    """

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._hosts = HostBackoffs.of(crawler)
        self._min_delay = spider_of(crawler).min_delay
        self._max_concurrency = spider_of(crawler).max_concurrency
        throttles = self.settings.getbool("AUTOTHROTTLE_ENABLED") and not self.settings.getfloat("DOWNLOAD_DELAY")
        self._min_timer_seconds = MIN_TIMER_SECONDS if throttles else 0.0
        self._target_concurrency = ceil(self.settings.getfloat("AUTOTHROTTLE_TARGET_CONCURRENCY"))
        self._slow_concurrency: dict[str, int] = {}  # host -> its limit while delays apply

    def get_slot_key(self, request: Request) -> str:
        """The host of the request, even if a redirect has left another host's slot in the request's meta."""
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
