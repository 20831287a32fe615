"""The thumbnail of a picture that may move: a JPEG, or an animated WebP of all its frames."""

from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageSequence

from harvester.imaging.decode import BOMBS, DECODE_ERRORS
from harvester.imaging.encode import thumbnail
from harvester.imaging.header import Header

_QUALITY = 85
_PIXELS = 2_000_000_000
"""Of all frames together, as large as they come; what follows is left out."""
_MILLISECONDS = 100  # of a frame that states no time


@dataclass(frozen=True)
class Preview:
    """Its extension without the dot, and its bytes."""

    ext: str
    data: bytes


def preview(data: bytes, header: Header, picture: Image.Image, side: int) -> Preview:
    """A thumbnail whose longest side has at most that many pixels, never enlarged; `picture` is upright and RGB."""
    if header.animated and (moving := _moving(data, side)):
        return Preview("webp", moving)
    return Preview("jpg", thumbnail(picture, (side, side), _QUALITY))


def _moving(data: bytes, side: int) -> bytes:
    """An animation up to its first broken frame; empty where only one frame can be decoded."""
    frames: list[Image.Image] = []
    times: list[int] = []
    left = _PIXELS
    try:
        with Image.open(BytesIO(data)) as image:
            for frame in ImageSequence.Iterator(image):
                left -= frame.width * frame.height
                if left < 0:
                    break
                small = frame.convert("RGBA")
                small.thumbnail((side, side), Image.Resampling.LANCZOS)
                if frames and small.size != frames[0].size:  # pages of several pictures rather than an animation
                    break
                frames.append(small)
                times.append(int(frame.info.get("duration") or _MILLISECONDS))
    except (*DECODE_ERRORS, *BOMBS):
        pass
    if len(frames) < 2:
        return b""
    times = times[: len(frames)]
    file = BytesIO()
    frames[0].save(file, "WEBP", save_all=True, append_images=frames[1:], duration=times, loop=0, quality=_QUALITY)
    return file.getvalue()
