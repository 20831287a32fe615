"""The threads that decode, hash and write, so that the event loop never waits for pixels or disks."""

import asyncio
import ctypes
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Self, TypeVar

from scrapy import signals
from scrapy.crawler import Crawler

from harvester.imaging.decode import set_pixel_limit
from harvester.options import picture_options, threads

T = TypeVar("T")

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # glibc, malloc.h
_LARGEST_BLOCK = 32 * 2**20
_KEPT = 256 * 2**20


class Workers:
    """One pool of threads per crawl. What waits for it is bounded by the room in the download pipeline."""

    def __init__(self, count: int) -> None:
        self._pool = ThreadPoolExecutor(count, thread_name_prefix="harvester")

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Sized by HARVESTER_THREADS."""
        set_pixel_limit(picture_options(crawler.settings, "original").limits.max_pixels)
        keep_memory()
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


def keep_memory() -> None:
    """Let glibc keep freed picture buffers for the next picture, in place of giving each back to the system.

    Buffers of some megabytes come and go with every picture; asking the system for each anew, and having its pages
    cleared, takes a tenth of a picture's time (docs/performance.md). Elsewhere than on glibc nothing happens.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _LARGEST_BLOCK)
        mallopt(_M_TRIM_THRESHOLD, _KEPT)
