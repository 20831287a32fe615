"""Whether a run that ended by itself ended as it should; the numbers are those of Scrapy's stats."""

from collections.abc import Iterator, Mapping
from typing import Any

from harvester.errors import BelowExpectation

BLOCKED_HOSTS_STAT = "harvester/blocked"
"""The stat that counts hosts which answered with a block page and have shown no real page since."""

_STOPPED_BY_USER = ("shutdown", "forced")


def check_expectations(settings: Mapping[str, Any], stats: Mapping[str, Any], reason: str) -> BelowExpectation | None:
    """What is wrong with the end of a run, against HARVESTER_MIN_IMAGES and HARVESTER_MAX_FAILED; None for nothing.

    `reason` is Scrapy's finish reason; a run that somebody stopped is not judged.
    """
    if reason in _STOPPED_BY_USER:
        return None
    problems = " ".join(_unmet_expectations(settings, stats))
    return BelowExpectation(problems) if problems else None


def _unmet_expectations(settings: Mapping[str, Any], stats: Mapping[str, Any]) -> Iterator[str]:
    done, failed, skipped = (int(stats.get(f"harvester/{status}", 0)) for status in ("done", "failed", "skipped"))
    min_images, limit = int(settings["HARVESTER_MIN_IMAGES"]), float(settings["HARVESTER_MAX_FAILED"])
    if done < min_images:
        yield f"Only {done:,} images were done, and HARVESTER_MIN_IMAGES is {min_images:,}."
    total = done + failed + skipped
    if total and failed / total > limit:
        yield f"{failed:,} of {total:,} images failed ({failed / total:.0%}), and HARVESTER_MAX_FAILED is {limit:g}."
    if hosts := stats.get(BLOCKED_HOSTS_STAT):
        yield f"{hosts} host(s) answered with a block page and have shown no real page since."
