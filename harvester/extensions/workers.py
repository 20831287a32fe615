"""The threads that decode, hash and write, so that the event loop never waits for pixels or disks."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Self, TypeVar

from scrapy import signals
from scrapy.crawler import Crawler

from harvester.imaging.decode import set_pixel_limit
from harvester.options import picture_options, threads

T = TypeVar("T")


class Workers:
    """One pool of threads per crawl. What waits for it is bounded by the room in the download pipeline."""

    def __init__(self, count: int) -> None:
        self._pool = ThreadPoolExecutor(count, thread_name_prefix="harvester")

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Sized by HARVESTER_THREADS."""
        set_pixel_limit(picture_options(crawler.settings, "original").limits.max_pixels)
        workers = cls(threads(crawler.settings))
        crawler.signals.connect(workers.close, signal=signals.engine_stopped)
        return workers

    @classmethod
    def of(cls, crawler: Crawler) -> "Workers":
        """The workers of a crawl."""
        workers = crawler.get_extension(cls)
        assert workers is not None
        return workers

    async def run(self, function: Callable[..., T], *arguments: object) -> T:
        """Call a function in a thread."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, function, *arguments)

    def close(self) -> None:
        """Let the threads end."""
        self._pool.shutdown(wait=False)
