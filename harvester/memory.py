"""Memory of this process: files in memory, reuse of freed memory, garbage collection, limits."""

import ctypes
import gc
import os
import resource
import sys
import tempfile
from typing import IO

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # glibc, malloc.h
_MMAP_THRESHOLD_BYTES = 32 * 2**20
_TRIM_THRESHOLD_BYTES = 64 * 2**20
_GC_THRESHOLD = 20_000


def open_memory_file() -> IO[bytes]:
    """An anonymous file, deleted when it is closed; on disk only if the system cannot keep it in memory."""
    if hasattr(os, "memfd_create"):
        return open(os.memfd_create("harvester"), "w+b", buffering=0)  # noqa: PTH123 - a descriptor, not a path
    return tempfile.TemporaryFile(buffering=0)


def keep_freed_memory() -> None:
    """Make glibc keep freed picture buffers for the next picture instead of returning them to the system.

    Every picture needs buffers of some megabytes. Getting each from the system anew, with its pages cleared, takes a
    tenth of a picture's time (docs/performance.md). Without glibc this does nothing.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _MMAP_THRESHOLD_BYTES)
        mallopt(_M_TRIM_THRESHOLD, _TRIM_THRESHOLD_BYTES)


def freeze_and_enable_gc() -> None:
    """Exclude all current objects from garbage collection; call it when everything long-lived exists."""
    gc.freeze()
    gc.enable()


def reduce_gc() -> None:
    """Exclude all current objects from garbage collection and run it less often.

    Almost nothing in harvester needs the collector, which took a twelfth of the time of a crawl's event loop.
    """
    freeze_and_enable_gc()
    gc.set_threshold(_GC_THRESHOLD, 20, 20)


def limit_memory(max_bytes: int) -> None:
    """Make allocations fail that would take this process beyond `max_bytes` bytes of data."""
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    max_bytes = min(max_bytes, sys.maxsize)
    resource.setrlimit(
        resource.RLIMIT_DATA, (max_bytes if hard == resource.RLIM_INFINITY else min(max_bytes, hard), hard)
    )
