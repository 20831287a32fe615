"""What the header of a picture says: facts that are lost or changed once the pixels are decoded."""

from dataclasses import dataclass

from PIL import ImageFile

from harvester.imaging.endings import gif_frames
from harvester.imaging.tiff import tiff_pages

Clear = int | bytes | tuple[int, ...] | None
"""What is see-through in a picture without alpha channel: a grey level or palette index, a colour, an alpha per palette
entry, or nothing."""

_ANIMATED = {"GIF", "PNG", "WEBP", "AVIF"}
_PHOTOMETRIC, _WHITE_IS_ZERO = 262, 0
_HIGH_BYTE = {"RGB;16B"}
_GREY_STEPS = {"L;2": 85, "L;4": 17}


@dataclass(frozen=True)
class Header:
    """Format and mode by Pillow's names; size in pixels as stored; frames from 1; the ICC profile; what is see-through.

    `span` holds the values that mean black and white in 16-bit grey.
    """

    format: str
    mode: str
    size: tuple[int, int]
    frames: int
    profile: bytes | None
    clear: Clear
    span: tuple[float, float]

    @property
    def animated(self) -> bool:
        """More than one frame, in a format where frames are shown one after the other."""
        return self.frames > 1 and self.format in _ANIMATED

    @property
    def is_jpeg(self) -> bool:
        """JPEG, or the kind of JPEG with further pictures behind the first."""
        return self.format in {"JPEG", "MPO"}


def read_header(image: ImageFile.ImageFile, data: bytes) -> Header:
    """Collect the facts; call it before decoding."""
    profile = image.info.get("icc_profile")
    return Header(
        format=str(image.format),
        mode=image.mode,
        size=image.size,
        frames=frame_count(image, data),
        profile=profile if profile and isinstance(profile, bytes) else None,
        clear=_clear(image),
        span=_span(image),
    )


def frame_count(image: ImageFile.ImageFile, data: bytes) -> int:
    """Frames of an animation, pages of a TIFF, pictures of an MPO; nothing is decoded and the image is not moved."""
    if image.format == "GIF":
        return max(1, gif_frames(data)[0])
    if image.format == "TIFF":
        return max(1, tiff_pages(data)[0])
    return max(1, int(getattr(image, "n_frames", 1)))


def _span(image: ImageFile.ImageFile) -> tuple[float, float]:
    """Pillow neither scales 12-bit TIFF nor turns 16-bit TIFF in which 0 means white."""
    white = 4095.0 if _raw_mode(image) == "I;12" else 65535.0
    return (white, 0.0) if getattr(image, "tag_v2", {}).get(_PHOTOMETRIC) == _WHITE_IS_ZERO else (0.0, white)


def _raw_mode(image: ImageFile.ImageFile) -> str:
    arguments = image.tile[0].args if image.tile else None
    first = arguments[0] if isinstance(arguments, tuple) and arguments else arguments
    return first if isinstance(first, str) else ""


def _clear(image: ImageFile.ImageFile) -> Clear:
    """What is see-through, in the values that decoding gives: PNG states it in those of the file.

    16-bit colours are compared by their high byte, as Pillow decodes them.
    """
    clear, raw = image.info.get("transparency"), _raw_mode(image)
    if image.mode == "RGB":
        if not (isinstance(clear, tuple) and len(clear) == 3):
            return None
        return tuple(part >> 8 if raw in _HIGH_BYTE else part & 255 for part in clear)
    if image.mode == "P" and isinstance(clear, bytes):
        return clear[:256]
    if not isinstance(clear, int):
        return None
    return clear if image.mode.startswith("I") else clear * _GREY_STEPS.get(raw, 1) & 255
