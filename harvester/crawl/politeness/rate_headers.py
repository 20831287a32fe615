"""Parsers for the headers Retry-After, X-RateLimit-… and X-Robots-Tag.

Header names are in lower case. Sources: RFC 9110 section 10.2.3 (Retry-After); Mastodon writes X-RateLimit-Reset in
ISO 8601, GoToSocial in older versions and most others as seconds since 1970.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import isfinite

_MIN_EPOCH_SECONDS = 1e9  # 2001: a smaller number is a span of seconds
_MIN_EPOCH_MILLISECONDS = 1e11

AI_OPT_OUT_DIRECTIVES = ("noai", "noimageai", "noml")
_DIRECTIVES_WITH_VALUES = ("unavailable_after", "max-snippet", "max-image-preview", "max-video-preview")


def retry_delay(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds until the server may be asked again, or None if it does not say. Never negative.

    The seconds are counted from the server's own clock if it sends a Date; `now` is our time, seconds since 1970.
    """
    server_time = _parse_http_date(headers.get("date", "")) or now
    retry_after = _seconds_until(headers.get("retry-after", ""), server_time)
    return _seconds_until_reset(headers, server_time) if retry_after is None else retry_after


def rate_limit_delay(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds until the next request is allowed, if the server says that its rate limit is used up; else None."""
    remaining = _parse_number(headers.get("x-ratelimit-remaining", ""))
    if remaining is None or remaining >= 1:
        return None
    return _seconds_until_reset(headers, _parse_http_date(headers.get("date", "")) or now)


def find_ai_opt_outs(tags: Iterable[str], agent: str) -> list[str]:
    """The directives noai, noimageai and noml in X-Robots-Tag headers, for all agents or this one, sorted."""
    directives: set[str] = set()
    for tag in tags:
        addressee = ""
        for part in tag.lower().split(","):
            name, colon, rest = part.strip().partition(":")
            if colon and name.strip() not in _DIRECTIVES_WITH_VALUES:
                addressee, name = name.strip(), rest.strip()
            if addressee in ("", "*", agent.lower()):
                directives.update(word for word in name.split() if word in AI_OPT_OUT_DIRECTIVES)
    return sorted(directives)


def _seconds_until_reset(headers: Mapping[str, str], server_time: float) -> float | None:
    return _seconds_until(headers.get("x-ratelimit-reset", ""), server_time)


def _seconds_until(text: str, server_time: float) -> float | None:
    number = _parse_number(text)
    if number is None:
        moment = _parse_http_date(text) or _parse_iso_date(text)
        return None if moment is None else max(0.0, moment - server_time)
    if number >= _MIN_EPOCH_MILLISECONDS:
        number /= 1000
    return max(0.0, number - server_time if number >= _MIN_EPOCH_SECONDS else number)


def _parse_number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if isfinite(number) else None


def _parse_http_date(text: str) -> float | None:
    try:
        moment = parsedate_to_datetime(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (TypeError, ValueError, IndexError, OverflowError):
        return None


def _parse_iso_date(text: str) -> float | None:
    try:
        moment = datetime.fromisoformat(text.strip())
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
