"""Settings of the worker processes: how many, and the limits for one picture."""

import os
from collections.abc import Mapping
from typing import Any

from harvester.checks import check_duration, parse_number
from harvester.errors import UsageProblem

MIN_WORKER_MEMORY_MB = 256
"""MB; with less, a worker would reject every picture as too expensive."""

MAX_WORKERS = 256
"""Most worker processes; more cannot be kept busy on any machine, and each takes memory."""


def worker_count(settings: Mapping[str, Any]) -> int:
    """The number of worker processes, by default one per core and one more, as one always waits for the disk."""
    return parse_number(settings, "HARVESTER_WORKERS", 0, MAX_WORKERS) or len(os.sched_getaffinity(0)) + 1


def resource_limits(settings: Mapping[str, Any]) -> tuple[float, int]:
    """The seconds that one task may take, and a worker's bytes of memory (0: as HARVESTER_MAX_PIXELS needs)."""
    check_duration(settings, "HARVESTER_PICTURE_SECONDS", above=0)
    megabytes = parse_number(settings, "HARVESTER_WORKER_MEMORY", 0)
    if 0 < megabytes < MIN_WORKER_MEMORY_MB:
        raise UsageProblem(f"HARVESTER_WORKER_MEMORY={megabytes}: must be 0, or at least {MIN_WORKER_MEMORY_MB} (MB).")
    return float(settings["HARVESTER_PICTURE_SECONDS"]), megabytes * 2**20
