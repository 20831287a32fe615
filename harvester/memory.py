"""Memory of this process: files that lie in it, how it is kept, how much there may be."""

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
    """A file without a name, gone when it is closed; on disk only where the system cannot keep it in memory."""
    if hasattr(os, "memfd_create"):
        return open(os.memfd_create("harvester"), "w+b", buffering=0)  # noqa: PTH123 - a descriptor, not a path
    return tempfile.TemporaryFile(buffering=0)


def keep_freed_memory() -> None:
    """Let glibc keep freed picture buffers for the next picture, in place of giving each back to the system.

    Buffers of some megabytes come and go with every picture; asking the system for each anew, and having its pages
    cleared, takes a tenth of a picture's time (docs/performance.md). Elsewhere than on glibc nothing happens.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _MMAP_THRESHOLD_BYTES)
        mallopt(_M_TRIM_THRESHOLD, _TRIM_THRESHOLD_BYTES)


def freeze_and_enable_gc() -> None:
    """Have Python look for garbage in what is new only; to be called when all that lasts is imported and made."""
    gc.freeze()
    gc.enable()


def reduce_gc() -> None:
    """The same, and less often; next to nothing here needs the collector. A twelfth of a crawl's event loop's time."""
    freeze_and_enable_gc()
    gc.set_threshold(_GC_THRESHOLD, 20, 20)


def limit_memory(max_bytes: int) -> None:
    """Let allocations fail, in this process, that would take it beyond so many bytes of data."""
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    max_bytes = min(max_bytes, sys.maxsize)
    resource.setrlimit(
        resource.RLIMIT_DATA, (max_bytes if hard == resource.RLIM_INFINITY else min(max_bytes, hard), hard)
    )
