"""The settings that say what is done to pictures, checked and turned into values; raises BadInput for a bad one."""

import json
import os
import re
from collections.abc import Mapping
from math import isfinite, nan
from typing import Any

from harvester.errors import BadInput
from harvester.imaging.sniff import EXTENSIONS
from harvester.imaging.values import Limits, Options
from harvester.network import Reach, networks, ports
from harvester.places import resolved
from harvester.politeness.windows import Budgets, windows

ON_BLOCK = ("pause", "stop")

LEAST_MEMORY = 256
"""MB; a worker with less would find every picture too expensive."""

MOST_WORKERS = 256
"""More processes than any machine's cores can feed; each takes memory of its own."""


def picture_options(settings: Mapping[str, Any], format: str) -> Options:
    """Everything `imaging.convert.process` needs to know."""
    return Options(
        format=format,
        quality=_number(settings, "HARVESTER_JPEG_QUALITY", 1, 100),
        background=_colour(settings["HARVESTER_BACKGROUND"]),
        limits=Limits(
            max_pixels=_number(settings, "HARVESTER_MAX_PIXELS", 1),
            min_width=_number(settings, "IMAGES_MIN_WIDTH", 0),
            min_height=_number(settings, "IMAGES_MIN_HEIGHT", 0),
            formats=_formats(settings["HARVESTER_FORMATS"]),
        ),
        thumbs=_thumbs(settings),
    )


def adoption_options(settings: Mapping[str, Any]) -> Options:
    """For reading bytes that are kept already: they stay as they are, and only their number of pixels is bounded."""
    return Options(format="original", limits=Limits(max_pixels=_number(settings, "HARVESTER_MAX_PIXELS", 1)))


def check_settings(settings: Mapping[str, Any]) -> None:
    """Refuse numbers of Scrapy's settings that Scrapy would answer with a traceback or with standing still."""
    for name in ("CONCURRENT_REQUESTS", "CONCURRENT_REQUESTS_PER_DOMAIN", "DOWNLOAD_MAXSIZE"):
        _number(settings, name, 1)
    for name in ("RETRY_TIMES", "DOWNLOAD_WARNSIZE", "HTTPCACHE_EXPIRATION_SECS"):
        _number(settings, name, 0)
    for name in ("DOWNLOAD_TIMEOUT", "LOGSTATS_INTERVAL", "AUTOTHROTTLE_MAX_DELAY", "AUTOTHROTTLE_TARGET_CONCURRENCY"):
        _duration(settings, name, above=0)
    for name in ("HARVESTER_MAX_WAIT", "HARVESTER_BACKOFF"):
        _duration(settings, name, above=0)
    for name in ("DOWNLOAD_DELAY", "AUTOTHROTTLE_START_DELAY"):
        _duration(settings, name, above=-1)
    for name in _SWITCHES:
        if str(settings[name]) not in ("0", "1", "True", "False", "true", "false"):
            raise BadInput(f"{name}={settings[name]}: must be 0 or 1.")
    picture_bounds(settings)
    if settings["HARVESTER_ON_BLOCK"] not in ON_BLOCK:
        raise BadInput(f"HARVESTER_ON_BLOCK={settings['HARVESTER_ON_BLOCK']}: must be one of {', '.join(ON_BLOCK)}.")
    _number(settings, "HARVESTER_MIN_IMAGES", 0)
    _duration(settings, "HARVESTER_MAX_FAILED", above=-1)
    if metrics := settings["HARVESTER_METRICS_DIR"]:
        _writable("HARVESTER_METRICS_DIR", metrics)
    budgets(settings, {})
    reach(settings)
    workers(settings)


def reach(settings: Mapping[str, Any]) -> Reach:
    """Which addresses and ports a URL may lead to."""
    allowed = networks(str(settings["HARVESTER_ALLOW_NETWORKS"]))
    return Reach(allowed, ports(str(settings["HARVESTER_ALLOW_PORTS"])))


def check_keys(settings: Mapping[str, Any], name: str, keys: Mapping[str, str]) -> None:
    """Refuse to send a key where others on the way could read it; `keys` by origin, `name` is their setting's."""
    for origin in keys:
        if not reach(settings).may_carry_keys(origin):
            raise BadInput(
                f"{name}: {origin} speaks no TLS, so others could read the key on its way; use https:// (http:// is "
                "for addresses in HARVESTER_ALLOW_NETWORKS)."
            )


_SWITCHES = (
    "AUTOTHROTTLE_ENABLED",
    "ROBOTSTXT_OBEY",
    "MEDIA_ALLOW_REDIRECTS",
    "HTTPCACHE_ENABLED",
    "HARVESTER_OBEY_NOAI",
    "COOKIES_ENABLED",
    "DNSCACHE_ENABLED",
    "DOWNLOAD_VERIFY_CERTIFICATES",
    "REDIRECT_ENABLED",
    "REMOTE_CONTROL_ENABLED",
    "STATS_DUMP",
    "TELNETCONSOLE_ENABLED",
)


def budgets(settings: Mapping[str, Any], of_site: Mapping[str, str]) -> Budgets:
    """The budgets by host: those of the site, in their place those of HARVESTER_BUDGETS; none at all for `{}`."""
    given = _table(settings["HARVESTER_BUDGETS"])
    if given is None:
        return _parsed(of_site)
    return _parsed({**of_site, **given}) if given else {}


def _table(text: Any) -> dict[Any, Any] | None:
    """None where nothing is set."""
    if text == "":
        return None
    try:
        given = json.loads(text) if isinstance(text, str) else text
    except ValueError:
        given = None
    if not isinstance(given, dict):
        raise BadInput(_BUDGETS_SHAPE.format(text))
    return given


def _parsed(table: Mapping[Any, Any]) -> Budgets:
    try:
        return {str(host).lower(): windows(text) for host, text in table.items()}
    except (TypeError, AttributeError, ValueError) as error:
        raise BadInput(_BUDGETS_SHAPE.format(json.dumps(dict(table)))) from error


_BUDGETS_SHAPE = 'HARVESTER_BUDGETS={}: must be JSON such as {{"www.example.org": "80/60s, 160/300s"}}.'


def _writable(name: str, folder: str) -> None:
    path = resolved(name, folder)
    if not path.is_dir() or not os.access(path, os.W_OK):
        raise BadInput(f"{name}={folder}: must be a folder that is there and can be written to.")


def _duration(settings: Mapping[str, Any], name: str, *, above: float) -> None:
    try:
        number = float(settings[name])
    except (TypeError, ValueError):
        number = nan
    if not isfinite(number) or number <= above:
        raise BadInput(f"{name}={settings[name]}: must be a number {'above 0' if above == 0 else 'from 0'}.")


def workers(settings: Mapping[str, Any]) -> int:
    """How many processes work on pictures: one more than there are cores, as one is always waiting for the disk."""
    return _number(settings, "HARVESTER_WORKERS", 0, MOST_WORKERS) or len(os.sched_getaffinity(0)) + 1


def picture_bounds(settings: Mapping[str, Any]) -> tuple[float, int]:
    """The seconds that one step over a picture may take, and the bytes that a worker may; 0: what pixels ask for."""
    _duration(settings, "HARVESTER_PICTURE_SECONDS", above=0)
    megabytes = _number(settings, "HARVESTER_WORKER_MEMORY", 0)
    if 0 < megabytes < LEAST_MEMORY:
        raise BadInput(f"HARVESTER_WORKER_MEMORY={megabytes}: must be 0, or at least {LEAST_MEMORY} (MB).")
    return float(settings["HARVESTER_PICTURE_SECONDS"]), megabytes * 2**20


def _number(settings: Mapping[str, Any], name: str, least: int, most: int | None = None) -> int:
    try:
        number = int(settings[name])
    except (TypeError, ValueError):
        number = least - 1
    if number < least or (most is not None and number > most):
        bounds = f"from {least}" + (f" to {most}" if most is not None else "")
        raise BadInput(f"{name}={settings[name]}: must be a whole number {bounds}.")
    return number


def _colour(text: str) -> tuple[int, int, int]:
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", text):
        raise BadInput(f"HARVESTER_BACKGROUND={text}: must be a colour such as #ffffff.")
    red, green, blue = bytes.fromhex(text[1:])
    return red, green, blue


def _formats(text: str) -> tuple[str, ...]:
    formats = tuple(word.strip().upper() for word in text.split(",") if word.strip())
    for name in formats:
        if name not in EXTENSIONS:
            raise BadInput(f"HARVESTER_FORMATS: {name} is not one of {', '.join(EXTENSIONS)}.")
    if not formats:
        raise BadInput(f"HARVESTER_FORMATS: is empty, so nothing could be kept; there are {', '.join(EXTENSIONS)}.")
    return formats


def _thumbs(settings: Mapping[str, Any]) -> dict[str, tuple[int, int]]:
    sizes = settings["IMAGES_THUMBS"]
    try:
        given = json.loads(sizes) if isinstance(sizes, str) else dict(sizes or {})
        checked = {str(name): (int(width), int(height)) for name, (width, height) in given.items()}
    except (TypeError, ValueError, AttributeError, OverflowError):
        checked = {"": (0, 0)}
    for name, size in checked.items():
        if min(size) < 1 or not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name):
            raise BadInput(f"IMAGES_THUMBS={sizes!r}: must map plain names to (width, height) in pixels.")
    return checked
