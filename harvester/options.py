"""The settings that say what is done to pictures, checked and turned into values; raises BadInput for a bad one."""

import json
import os
import re
from collections.abc import Mapping
from typing import Any

from harvester.errors import BadInput
from harvester.imaging.convert import Options
from harvester.imaging.decode import Limits
from harvester.imaging.sniff import EXTENSIONS


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


def threads(settings: Mapping[str, Any]) -> int:
    """How many threads work on pictures."""
    return _number(settings, "HARVESTER_THREADS", 0) or len(os.sched_getaffinity(0))


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
    return formats


def _thumbs(settings: Mapping[str, Any]) -> dict[str, tuple[int, int]]:
    sizes = settings["IMAGES_THUMBS"]
    try:
        given = json.loads(sizes) if isinstance(sizes, str) else dict(sizes or {})
        checked = {str(name): (int(width), int(height)) for name, (width, height) in given.items()}
    except (TypeError, ValueError, AttributeError):
        checked = {"": (0, 0)}
    for name, size in checked.items():
        if min(size) < 1 or not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name):
            raise BadInput(f"IMAGES_THUMBS={sizes!r}: must map plain names to (width, height) in pixels.")
    return checked
