"""Whether two files hold the very same pixels: a digest of all that is seen, frame by frame."""

import hashlib

from PIL import ImageSequence

from harvester.errors import Refused
from harvester.imaging.colour import alters
from harvester.imaging.decode import BOMBS, DECODE_ERRORS, open_picture, orientation
from harvester.imaging.flatten import upright
from harvester.imaging.header import frame_count
from harvester.imaging.values import Limits

_COLOURS = {"1": "L", "L": "L", "LA": "L", "CMYK": "CMYK"}
_EIGHT_BIT = {"1", "L", "LA", "P", "PA", "RGB", "RGBA"}
_PIXELS = 1_000_000_000
"""Of all frames together; a single picture may have as many as are accepted."""


def pixel_digest(data: bytes, limits: Limits) -> str:
    """The sha256 of size and upright pixels of every frame, of how long each is shown, and of a profile that matters.

    Pictures of up to eight bits are read as RGBA, whatever their mode in the file; others as they are, so that no
    rounding makes them equal. Raises Refused, also for an animation of more than a thousand million pixels.
    """
    image = open_picture(data, limits)
    digest, turn = hashlib.sha256(), orientation(image)
    profile = image.info.get("icc_profile")
    left = max(_PIXELS, limits.max_pixels)
    try:
        _check(frame_count(image, data) * image.width * image.height, left)  # before any is decoded
        for frame in ImageSequence.Iterator(image):
            _check(frame.width * frame.height, min(left, limits.max_pixels))  # pages may have many sizes
            left -= frame.width * frame.height
            shown = upright(frame.convert("RGBA") if frame.mode in _EIGHT_BIT else frame, turn)
            digest.update(f"{shown.mode} {shown.size} {frame.info.get('duration', 0)} ".encode())
            digest.update(shown.tobytes())
    except (*DECODE_ERRORS, *BOMBS) as error:
        raise Refused("broken", str(error)) from error
    if profile and alters(profile, _COLOURS.get(image.mode, "RGB")):
        digest.update(profile)
    return digest.hexdigest()


def _check(pixels: int, left: int) -> None:
    if pixels > left:
        raise Refused("too-many-pixels", f"{pixels} pixels in all frames")
