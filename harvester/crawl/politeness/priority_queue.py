"""The scheduler's queue, which skips hosts that are backing off."""

from collections.abc import Iterable
from typing import Any

from scrapy import Request
from scrapy.pqueues import DownloaderAwarePriorityQueue, DownloaderInterface

from harvester.crawl.politeness.hosts import HostBackoffs


class BackoffPriorityQueue(DownloaderAwarePriorityQueue):
    """Scrapy's queue, least busy host first. Requests to a host that is backing off stay here and block no others."""

    def __init__(self, crawler: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(crawler, *args, **kwargs)
        self._hosts = HostBackoffs.of(crawler)
        self._downloader_interface = _BackoffDownloaderInterface(crawler)

    def pop(self) -> Request | None:
        """The next request whose host is not backing off."""
        request = super().pop()
        if request is not None:
            self._hosts.scheduled_requests.add(request)
        return request


class _BackoffDownloaderInterface(DownloaderInterface):
    def __init__(self, crawler: Any) -> None:
        super().__init__(crawler)
        self._hosts = HostBackoffs.of(crawler)

    def stats(self, possible_slots: Iterable[str]) -> list[tuple[int, str]]:
        return super().stats(slot for slot in possible_slots if not self._hosts.seconds_left(slot))
