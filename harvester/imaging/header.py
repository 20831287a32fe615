"""Facts in the header of a picture that are lost or changed once its pixels are decoded."""

from dataclasses import dataclass

from PIL import ImageFile

from harvester.imaging.tiff import count_tiff_pages
from harvester.imaging.truncation import count_gif_frames

Transparency = int | bytes | tuple[int, ...] | None
"""The transparency of a picture without alpha channel: a grey level or palette index, a colour, an alpha value per
palette entry, or None."""

_ANIMATED_FORMATS = {"GIF", "PNG", "WEBP", "AVIF"}
_PHOTOMETRIC_TAG, _WHITE_IS_ZERO = 262, 0
_HIGH_BYTE_MODES = {"RGB;16B"}
_GREY_STEPS = {"L;2": 85, "L;4": 17}


@dataclass(frozen=True)
class Header:
    """Format and mode by Pillow's names; size in pixels as stored; frames from 1; ICC profile; transparency.

    `grey_range` has the values that mean black and white in 16-bit grey.
    """

    format: str
    mode: str
    size: tuple[int, int]
    frames: int
    profile: bytes | None
    transparent: Transparency
    grey_range: tuple[float, float]

    @property
    def animated(self) -> bool:
        """Whether there are several frames, in a format that shows frames one after the other."""
        return self.frames > 1 and self.format in _ANIMATED_FORMATS

    @property
    def is_jpeg(self) -> bool:
        """Whether this is a JPEG or an MPO, which is a JPEG followed by further pictures."""
        return self.format in {"JPEG", "MPO"}


def read_header(image: ImageFile.ImageFile, data: bytes) -> Header:
    """Read the header; call this before decoding."""
    profile = image.info.get("icc_profile")
    return Header(
        format=str(image.format),
        mode=image.mode,
        size=image.size,
        frames=count_frames(image, data),
        profile=profile if profile and isinstance(profile, bytes) else None,
        transparent=_transparency(image),
        grey_range=_grey_range(image),
    )


def count_frames(image: ImageFile.ImageFile, data: bytes) -> int:
    """The number of frames of an animation, pages of a TIFF or pictures of an MPO.

    Nothing is decoded, and the current frame of the image does not change.
    """
    if image.format == "GIF":
        return max(1, count_gif_frames(data)[0])
    if image.format == "TIFF":
        return max(1, count_tiff_pages(data)[0])
    return max(1, int(getattr(image, "n_frames", 1)))


def _grey_range(image: ImageFile.ImageFile) -> tuple[float, float]:
    """The grey values of black and white; Pillow neither scales 12-bit TIFF nor inverts 16-bit TIFF with white at 0."""
    white = 4095.0 if _raw_mode(image) == "I;12" else 65535.0
    return (white, 0.0) if getattr(image, "tag_v2", {}).get(_PHOTOMETRIC_TAG) == _WHITE_IS_ZERO else (0.0, white)


def _raw_mode(image: ImageFile.ImageFile) -> str:
    arguments = image.tile[0].args if image.tile else None
    raw_mode = arguments[0] if isinstance(arguments, tuple) and arguments else arguments
    return raw_mode if isinstance(raw_mode, str) else ""


def _transparency(image: ImageFile.ImageFile) -> Transparency:
    """The transparency in decoded values, while a PNG states it in the values of the file.

    16-bit colours are compared by their high byte, as Pillow decodes them.
    """
    transparent, raw_mode = image.info.get("transparency"), _raw_mode(image)
    if image.mode == "RGB":
        if not (isinstance(transparent, tuple) and len(transparent) == 3):
            return None
        return tuple(part >> 8 if raw_mode in _HIGH_BYTE_MODES else part & 255 for part in transparent)
    if image.mode == "P" and isinstance(transparent, bytes):
        return transparent[:256]
    if not isinstance(transparent, int):
        return None
    return transparent if image.mode.startswith("I") else transparent * _GREY_STEPS.get(raw_mode, 1) & 255
