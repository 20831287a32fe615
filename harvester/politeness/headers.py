"""What a server says in its headers about waiting and about use: Retry-After, X-RateLimit-…, X-Robots-Tag.

Header names are in lower case. Sources: RFC 9110 section 10.2.3 (Retry-After); Mastodon writes X-RateLimit-Reset in
ISO 8601, GoToSocial in older versions and most others as seconds since 1970.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import isfinite

_SMALLEST_EPOCH = 1e9  # 2001: a smaller number is a span of seconds
_SMALLEST_MILLISECONDS = 1e11

AGAINST_LEARNING = ("noai", "noimageai", "noml")
_WITH_VALUES = ("unavailable_after", "max-snippet", "max-image-preview", "max-video-preview")


def wait_of(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds until the server wants to be asked again, counted from its own clock where it tells it; else None.

    `now` is our time, seconds since 1970. Never negative.
    """
    clock = _date(headers.get("date", "")) or now
    after = _seconds_until(headers.get("retry-after", ""), clock)
    return _reset(headers, clock) if after is None else after


def used_up(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds until the next request is allowed, where the server says that this one was the last; else None."""
    remaining = _number(headers.get("x-ratelimit-remaining", ""))
    if remaining is None or remaining >= 1:
        return None
    return _reset(headers, _date(headers.get("date", "")) or now)


def against_learning(tags: Iterable[str], agent: str) -> list[str]:
    """Which of noai, noimageai and noml the X-Robots-Tag headers say to everybody or to this agent, sorted."""
    found: set[str] = set()
    for tag in tags:
        addressee = ""
        for part in tag.lower().split(","):
            name, colon, rest = part.strip().partition(":")
            if colon and name.strip() not in _WITH_VALUES:
                addressee, name = name.strip(), rest.strip()
            if addressee in ("", "*", agent.lower()):
                found.update(word for word in name.split() if word in AGAINST_LEARNING)
    return sorted(found)


def _reset(headers: Mapping[str, str], clock: float) -> float | None:
    return _seconds_until(headers.get("x-ratelimit-reset", ""), clock)


def _seconds_until(text: str, clock: float) -> float | None:
    number = _number(text)
    if number is None:
        moment = _date(text) or _iso(text)
        return None if moment is None else max(0.0, moment - clock)
    if number >= _SMALLEST_MILLISECONDS:
        number /= 1000
    return max(0.0, number - clock if number >= _SMALLEST_EPOCH else number)


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if isfinite(number) else None


def _date(text: str) -> float | None:
    try:
        moment = parsedate_to_datetime(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (TypeError, ValueError, IndexError, OverflowError):
        return None


def _iso(text: str) -> float | None:
    try:
        moment = datetime.fromisoformat(text.strip())
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
