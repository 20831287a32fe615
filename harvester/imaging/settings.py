"""Settings of the conversion: format, colours, limits, thumbnails."""

import json
import re
from collections.abc import Mapping
from typing import Any

from harvester.checks import parse_number
from harvester.errors import UsageProblem
from harvester.imaging.formats import EXTENSIONS
from harvester.imaging.types import ConversionOptions, ImageLimits


def picture_options(settings: Mapping[str, Any], format: str) -> ConversionOptions:
    """The options for `imaging.convert.process_image`. Raises UsageProblem."""
    return ConversionOptions(
        format=format,
        quality=parse_number(settings, "HARVESTER_JPEG_QUALITY", 1, 100),
        background=_parse_colour(settings["HARVESTER_BACKGROUND"]),
        limits=ImageLimits(
            max_pixels=parse_number(settings, "HARVESTER_MAX_PIXELS", 1),
            min_width=parse_number(settings, "IMAGES_MIN_WIDTH", 0),
            min_height=parse_number(settings, "IMAGES_MIN_HEIGHT", 0),
            formats=_parse_formats(settings["HARVESTER_FORMATS"]),
        ),
        thumbs=_parse_thumbs(settings),
    )


def blob_import_options(settings: Mapping[str, Any]) -> ConversionOptions:
    """The options for reading stored bytes, which stay as they are; only their number of pixels is limited."""
    return ConversionOptions(
        format="original", limits=ImageLimits(max_pixels=parse_number(settings, "HARVESTER_MAX_PIXELS", 1))
    )


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
        raise UsageProblem(
            f"HARVESTER_FORMATS: is empty, so nothing could be kept; the formats are {', '.join(EXTENSIONS)}."
        )
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
