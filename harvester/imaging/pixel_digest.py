"""Digest of all visible pixels of a picture, frame by frame, for finding files with the same pixels."""

import hashlib

from PIL import ImageSequence

from harvester.errors import ImageRejected
from harvester.imaging.colour import needs_conversion
from harvester.imaging.decode import BOMB_ERRORS, DECODE_ERRORS, open_picture, read_orientation
from harvester.imaging.flatten import make_upright
from harvester.imaging.header import count_frames
from harvester.imaging.types import ImageLimits

_PROFILED_MODES = {"1": "L", "L": "L", "LA": "L", "CMYK": "CMYK"}
_EIGHT_BIT_MODES = {"1", "L", "LA", "P", "PA", "RGB", "RGBA"}
_MAX_TOTAL_PIXELS = 1_000_000_000
"""Pixels of all frames together; a single picture may have as many as HARVESTER_MAX_PIXELS allows."""


def compute_pixel_digest(data: bytes, limits: ImageLimits) -> str:
    """The sha256 of the size, the upright pixels and the duration of every frame, and of a profile that matters.

    Pictures with up to eight bits are read as RGBA, whatever their mode in the file. Others are read in their own mode,
    so that rounding does not make them equal. Raises ImageRejected, also for more than a thousand million pixels.
    """
    image = open_picture(data, limits)
    digest, exif_orientation = hashlib.sha256(), read_orientation(image)
    profile = image.info.get("icc_profile")
    pixels_left = max(_MAX_TOTAL_PIXELS, limits.max_pixels)
    try:
        _check_pixels(count_frames(image, data) * image.width * image.height, pixels_left)  # before decoding
        for frame in ImageSequence.Iterator(image):
            _check_pixels(frame.width * frame.height, min(pixels_left, limits.max_pixels))  # pages may differ in size
            pixels_left -= frame.width * frame.height
            shown = make_upright(frame.convert("RGBA") if frame.mode in _EIGHT_BIT_MODES else frame, exif_orientation)
            digest.update(f"{shown.mode} {shown.size} {frame.info.get('duration', 0)} ".encode())
            digest.update(shown.tobytes())
    except (*DECODE_ERRORS, *BOMB_ERRORS) as error:
        raise ImageRejected("broken", str(error)) from error
    if profile and needs_conversion(profile, _PROFILED_MODES.get(image.mode, "RGB")):
        digest.update(profile)
    return digest.hexdigest()


def _check_pixels(pixels: int, max_pixels: int) -> None:
    if pixels > max_pixels:
        raise ImageRejected("too-many-pixels", f"{pixels} pixels in all frames")
