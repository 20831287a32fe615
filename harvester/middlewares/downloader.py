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

from harvester.extensions.hosts import Hosts, NotNow
from harvester.politeness.windows import of_host

FLEETING = 0.005
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
        self._hosts = Hosts.of(crawler)
        self._least_delay = getattr(crawler.spider, "min_delay", {})
        self._at_once = getattr(crawler.spider, "at_once", {})
        throttles = self.settings.getbool("AUTOTHROTTLE_ENABLED") and not self.settings.getfloat("DOWNLOAD_DELAY")
        self._fleeting = FLEETING if throttles else 0.0
        self._aimed_at = ceil(self.settings.getfloat("AUTOTHROTTLE_TARGET_CONCURRENCY"))
        self._most: dict[str, int] = {}  # host -> what is allowed at a time when it is slow

    def get_slot_key(self, request: Request) -> str:
        """The host, also where a redirect has carried another host's slot along in the request's meta."""
        return self._hosts.of_request(request)

    def _process_queue(self, slot: Slot) -> None:
        if not slot.queue:
            return
        host = self.get_slot_key(slot.queue[0][0])
        if wait := self._hosts.seconds(host):
            while slot.queue:
                slot.queue.popleft()[1].errback(NotNow(host, wait))
            return
        least = of_host(self._least_delay, host)
        if least is not None:
            slot.delay, slot.jitter = max(slot.delay, least), 0.0
        most = self._most.setdefault(host, min(slot.concurrency, of_host(self._at_once, host) or slot.concurrency))
        slot.concurrency = most
        if slot.delay < self._fleeting:
            slot.delay, slot.concurrency = 0.0, min(most, self._aimed_at)
        super()._process_queue(slot)

    def _wait_for_download(self, slot: Slot, request: Request, queue_dfd: Any) -> Coroutine[Any, Any, None]:
        slot.transferring.add(request)
        return super()._wait_for_download(slot, request, queue_dfd)

    async def _download(self, slot: Slot, request: Request) -> Response:
        try:
            await self._hosts.spend(self._hosts.of_request(request))
        except BaseException:
            slot.transferring.discard(request)
            self._process_queue(slot)
            raise
        return await super()._download(slot, request)
