"""Whether a run that ended by itself ended as it should; the numbers are those of Scrapy's stats."""

from collections.abc import Iterator, Mapping
from typing import Any

from harvester.errors import Disappointing

BLOCKED = "harvester/blocked"
"""The stat that counts hosts which answered with a block page and have shown no real page since."""

_BY_HAND = ("shutdown", "forced")


def judge(settings: Mapping[str, Any], stats: Mapping[str, Any], reason: str) -> Disappointing | None:
    """What is wrong with the end of a run, against HARVESTER_MIN_IMAGES and HARVESTER_MAX_FAILED; None for nothing.

    `reason` is Scrapy's finish reason; a run that somebody stopped is not judged.
    """
    if reason in _BY_HAND:
        return None
    wrong = " ".join(_disappointments(settings, stats))
    return Disappointing(wrong) if wrong else None


def _disappointments(settings: Mapping[str, Any], stats: Mapping[str, Any]) -> Iterator[str]:
    done, failed, skipped = (int(stats.get(f"harvester/{status}", 0)) for status in ("done", "failed", "skipped"))
    least, most = int(settings["HARVESTER_MIN_IMAGES"]), float(settings["HARVESTER_MAX_FAILED"])
    if done < least:
        yield f"Only {done:,} images were done, and HARVESTER_MIN_IMAGES is {least:,}."
    asked = done + failed + skipped
    if asked and failed / asked > most:
        yield f"{failed:,} of {asked:,} images failed ({failed / asked:.0%}), and HARVESTER_MAX_FAILED is {most:g}."
    if hosts := stats.get(BLOCKED):
        yield f"{hosts} host(s) answered with a block page and have shown no real page since."
