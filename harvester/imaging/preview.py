"""Thumbnails that keep animation: a JPEG, or an animated WebP of all frames."""

from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageSequence

from harvester.imaging.decode import BOMB_ERRORS, DECODE_ERRORS
from harvester.imaging.encode import make_thumbnail
from harvester.imaging.header import Header

_QUALITY = 85
_MAX_TOTAL_PIXELS = 2_000_000_000
"""Pixels of all frames together, in full size; further frames are left out."""
_DEFAULT_FRAME_MS = 100  # duration of a frame that states none


@dataclass(frozen=True)
class Preview:
    """A thumbnail: its extension without the dot, and its bytes."""

    ext: str
    data: bytes


def make_preview(data: bytes, header: Header, picture: Image.Image, max_side: int) -> Preview:
    """A thumbnail with at most `max_side` pixels on the longest side, never enlarged; `picture` is upright and RGB."""
    if header.animated and (animation := _make_animated_webp(data, max_side)):
        return Preview("webp", animation)
    return Preview("jpg", make_thumbnail(picture, (max_side, max_side), _QUALITY))


def _make_animated_webp(data: bytes, max_side: int) -> bytes:
    """The animation up to its first broken frame; empty if only one frame can be decoded."""
    frames: list[Image.Image] = []
    durations: list[int] = []
    pixels_left = _MAX_TOTAL_PIXELS
    try:
        with Image.open(BytesIO(data)) as image:
            for frame in ImageSequence.Iterator(image):
                pixels_left -= frame.width * frame.height
                if pixels_left < 0:
                    break
                small = frame.convert("RGBA")
                small.thumbnail((max_side, max_side), Image.Resampling.LANCZOS)
                if frames and small.size != frames[0].size:  # separate pages rather than an animation
                    break
                frames.append(small)
                durations.append(int(frame.info.get("duration") or _DEFAULT_FRAME_MS))
    except (*DECODE_ERRORS, *BOMB_ERRORS):
        pass
    if len(frames) < 2:
        return b""
    durations = durations[: len(frames)]
    file = BytesIO()
    frames[0].save(file, "WEBP", save_all=True, append_images=frames[1:], duration=durations, loop=0, quality=_QUALITY)
    return file.getvalue()
