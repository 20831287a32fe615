"""Settings of the worker processes: how many, and the limits for one picture."""

import os
from collections.abc import Mapping
from typing import Any

from harvester.checks import check_duration, parse_number
from harvester.errors import UsageProblem

MIN_WORKER_MEMORY_MB = 256
"""MB; a worker with less would find every picture too expensive."""

MAX_WORKERS = 256
"""More processes than any machine's cores can feed; each takes memory of its own."""


def worker_count(settings: Mapping[str, Any]) -> int:
    """How many processes work on pictures: one more than there are cores, as one is always waiting for the disk."""
    return parse_number(settings, "HARVESTER_WORKERS", 0, MAX_WORKERS) or len(os.sched_getaffinity(0)) + 1


def resource_limits(settings: Mapping[str, Any]) -> tuple[float, int]:
    """The seconds that one step over a picture may take, and the bytes that a worker may; 0: what pixels ask for."""
    check_duration(settings, "HARVESTER_PICTURE_SECONDS", above=0)
    megabytes = parse_number(settings, "HARVESTER_WORKER_MEMORY", 0)
    if 0 < megabytes < MIN_WORKER_MEMORY_MB:
        raise UsageProblem(f"HARVESTER_WORKER_MEMORY={megabytes}: must be 0, or at least {MIN_WORKER_MEMORY_MB} (MB).")
    return float(settings["HARVESTER_PICTURE_SECONDS"]), megabytes * 2**20
