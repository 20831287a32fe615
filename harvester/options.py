"""The settings that say what is done to pictures, checked and turned into values; raises BadInput for a bad one."""

import json
import os
import re
from collections.abc import Mapping
from math import isfinite, nan
from typing import Any

from harvester.errors import UsageProblem
from harvester.imaging.sniff import EXTENSIONS
from harvester.imaging.values import ConversionOptions, ImageLimits
from harvester.network import AddressPolicy, parse_networks, parse_ports
from harvester.places import resolve_folder
from harvester.politeness.windows import Budgets, parse_windows

ON_BLOCK = ("pause", "stop")

MIN_WORKER_MEMORY_MB = 256
"""MB; a worker with less would find every picture too expensive."""

MAX_WORKERS = 256
"""More processes than any machine's cores can feed; each takes memory of its own."""


def picture_options(settings: Mapping[str, Any], format: str) -> ConversionOptions:
    """Everything `imaging.convert.process` needs to know."""
    return ConversionOptions(
        format=format,
        quality=_parse_number(settings, "HARVESTER_JPEG_QUALITY", 1, 100),
        background=_parse_colour(settings["HARVESTER_BACKGROUND"]),
        limits=ImageLimits(
            max_pixels=_parse_number(settings, "HARVESTER_MAX_PIXELS", 1),
            min_width=_parse_number(settings, "IMAGES_MIN_WIDTH", 0),
            min_height=_parse_number(settings, "IMAGES_MIN_HEIGHT", 0),
            formats=_parse_formats(settings["HARVESTER_FORMATS"]),
        ),
        thumbs=_parse_thumbs(settings),
    )


def blob_import_options(settings: Mapping[str, Any]) -> ConversionOptions:
    """For reading bytes that are kept already: they stay as they are, and only their number of pixels is bounded."""
    return ConversionOptions(
        format="original", limits=ImageLimits(max_pixels=_parse_number(settings, "HARVESTER_MAX_PIXELS", 1))
    )


def check_settings(settings: Mapping[str, Any]) -> None:
    """Refuse numbers of Scrapy's settings that Scrapy would answer with a traceback or with standing still."""
    for name in ("CONCURRENT_REQUESTS", "CONCURRENT_REQUESTS_PER_DOMAIN", "DOWNLOAD_MAXSIZE"):
        _parse_number(settings, name, 1)
    for name in ("RETRY_TIMES", "DOWNLOAD_WARNSIZE", "HTTPCACHE_EXPIRATION_SECS"):
        _parse_number(settings, name, 0)
    for name in ("DOWNLOAD_TIMEOUT", "LOGSTATS_INTERVAL", "AUTOTHROTTLE_MAX_DELAY", "AUTOTHROTTLE_TARGET_CONCURRENCY"):
        _check_duration(settings, name, above=0)
    for name in ("HARVESTER_MAX_WAIT", "HARVESTER_BACKOFF"):
        _check_duration(settings, name, above=0)
    for name in ("DOWNLOAD_DELAY", "AUTOTHROTTLE_START_DELAY"):
        _check_duration(settings, name, above=-1)
    for name in _BOOLEAN_SETTINGS:
        if str(settings[name]) not in ("0", "1", "True", "False", "true", "false"):
            raise UsageProblem(f"{name}={settings[name]}: must be 0 or 1.")
    resource_limits(settings)
    if settings["HARVESTER_ON_BLOCK"] not in ON_BLOCK:
        raise UsageProblem(
            f"HARVESTER_ON_BLOCK={settings['HARVESTER_ON_BLOCK']}: must be one of {', '.join(ON_BLOCK)}."
        )
    _parse_number(settings, "HARVESTER_MIN_IMAGES", 0)
    _check_duration(settings, "HARVESTER_MAX_FAILED", above=-1)
    if metrics_dir := settings["HARVESTER_METRICS_DIR"]:
        _check_writable("HARVESTER_METRICS_DIR", metrics_dir)
    budgets_by_host(settings, {})
    address_policy(settings)
    worker_count(settings)


def address_policy(settings: Mapping[str, Any]) -> AddressPolicy:
    """Which addresses and ports a URL may lead to."""
    allowed_networks = parse_networks(str(settings["HARVESTER_ALLOW_NETWORKS"]))
    return AddressPolicy(allowed_networks, parse_ports(str(settings["HARVESTER_ALLOW_PORTS"])))


def check_keys(settings: Mapping[str, Any], name: str, keys: Mapping[str, str]) -> None:
    """Refuse to send a key where others on the way could read it; `keys` by origin, `name` is their setting's."""
    for origin in keys:
        if not address_policy(settings).may_carry_keys(origin):
            raise UsageProblem(
                f"{name}: {origin} speaks no TLS, so others could read the key on its way; use https:// (http:// is "
                "for addresses in HARVESTER_ALLOW_NETWORKS)."
            )


_BOOLEAN_SETTINGS = (
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


def budgets_by_host(settings: Mapping[str, Any], site_budgets: Mapping[str, str]) -> Budgets:
    """The budgets by host: those of the site, in their place those of HARVESTER_BUDGETS; none at all for `{}`."""
    user_budgets = _parse_budget_table(settings["HARVESTER_BUDGETS"])
    if user_budgets is None:
        return _parse_budgets(site_budgets)
    return _parse_budgets({**site_budgets, **user_budgets}) if user_budgets else {}


def _parse_budget_table(text: Any) -> dict[Any, Any] | None:
    """None where nothing is set."""
    if text == "":
        return None
    try:
        table = json.loads(text) if isinstance(text, str) else text
    except ValueError:
        table = None
    if not isinstance(table, dict):
        raise UsageProblem(_BUDGETS_ERROR.format(text))
    return table


def _parse_budgets(table: Mapping[Any, Any]) -> Budgets:
    try:
        return {str(host).lower(): parse_windows(text) for host, text in table.items()}
    except (TypeError, AttributeError, ValueError) as error:
        raise UsageProblem(_BUDGETS_ERROR.format(json.dumps(dict(table)))) from error


_BUDGETS_ERROR = 'HARVESTER_BUDGETS={}: must be JSON such as {{"www.example.org": "80/60s, 160/300s"}}.'


def _check_writable(name: str, folder: str) -> None:
    path = resolve_folder(name, folder)
    if not path.is_dir() or not os.access(path, os.W_OK):
        raise UsageProblem(f"{name}={folder}: must be a folder that is there and can be written to.")


def _check_duration(settings: Mapping[str, Any], name: str, *, above: float) -> None:
    try:
        number = float(settings[name])
    except (TypeError, ValueError):
        number = nan
    if not isfinite(number) or number <= above:
        raise UsageProblem(f"{name}={settings[name]}: must be a number {'above 0' if above == 0 else 'from 0'}.")


def worker_count(settings: Mapping[str, Any]) -> int:
    """How many processes work on pictures: one more than there are cores, as one is always waiting for the disk."""
    return _parse_number(settings, "HARVESTER_WORKERS", 0, MAX_WORKERS) or len(os.sched_getaffinity(0)) + 1


def resource_limits(settings: Mapping[str, Any]) -> tuple[float, int]:
    """The seconds that one step over a picture may take, and the bytes that a worker may; 0: what pixels ask for."""
    _check_duration(settings, "HARVESTER_PICTURE_SECONDS", above=0)
    megabytes = _parse_number(settings, "HARVESTER_WORKER_MEMORY", 0)
    if 0 < megabytes < MIN_WORKER_MEMORY_MB:
        raise UsageProblem(f"HARVESTER_WORKER_MEMORY={megabytes}: must be 0, or at least {MIN_WORKER_MEMORY_MB} (MB).")
    return float(settings["HARVESTER_PICTURE_SECONDS"]), megabytes * 2**20


def _parse_number(settings: Mapping[str, Any], name: str, minimum: int, maximum: int | None = None) -> int:
    try:
        number = int(settings[name])
    except (TypeError, ValueError):
        number = minimum - 1
    if number < minimum or (maximum is not None and number > maximum):
        bounds = f"from {minimum}" + (f" to {maximum}" if maximum is not None else "")
        raise UsageProblem(f"{name}={settings[name]}: must be a whole number {bounds}.")
    return number


def _parse_colour(text: str) -> tuple[int, int, int]:
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", text):
        raise UsageProblem(f"HARVESTER_BACKGROUND={text}: must be a colour such as #ffffff.")
    red, green, blue = bytes.fromhex(text[1:])
    return red, green, blue


def _parse_formats(text: str) -> tuple[str, ...]:
    formats = tuple(word.strip().upper() for word in text.split(",") if word.strip())
    for name in formats:
        if name not in EXTENSIONS:
            raise UsageProblem(f"HARVESTER_FORMATS: {name} is not one of {', '.join(EXTENSIONS)}.")
    if not formats:
        raise UsageProblem(f"HARVESTER_FORMATS: is empty, so nothing could be kept; there are {', '.join(EXTENSIONS)}.")
    return formats


def _parse_thumbs(settings: Mapping[str, Any]) -> dict[str, tuple[int, int]]:
    sizes = settings["IMAGES_THUMBS"]
    try:
        raw_sizes = json.loads(sizes) if isinstance(sizes, str) else dict(sizes or {})
        thumbs = {str(name): (int(width), int(height)) for name, (width, height) in raw_sizes.items()}
    except (TypeError, ValueError, AttributeError, OverflowError):
        thumbs = {"": (0, 0)}
    for name, size in thumbs.items():
        if min(size) < 1 or not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name):
            raise UsageProblem(f"IMAGES_THUMBS={sizes!r}: must map plain names to (width, height) in pixels.")
    return thumbs
