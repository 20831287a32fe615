"""Colours as sRGB: what an embedded ICC profile means for the pixels."""

from functools import lru_cache
from io import BytesIO

from PIL import Image, ImageCms

_SPACES = {"RGB": "RGB ", "L": "GRAY", "CMYK": "CMYK"}
_PROBED_MODES = {"RGB ": "RGB", "GRAY": "L"}
_TOLERANCE = 3  # levels of 255
_CACHED_BYTES = 2**16
_PROFILE_ERRORS = (ImageCms.PyCMSError, OSError)


def is_srgb(profile: bytes) -> bool:
    """Whether pictures with this ICC profile look the same without it: to 3 of 255 levels, for all probed colours.

    A broken profile counts as sRGB, so it is ignored.
    """
    return _judge(profile)[1]


def alters(profile: bytes | None, mode: str) -> bool:
    """Whether pixels of that mode ("RGB", "L" or "CMYK") have to be converted.

    A profile for another colour space than the picture's is ignored, like a broken one.
    """
    if profile is None or mode not in _SPACES:
        return False
    space, same = _judge(profile)
    return space == _SPACES[mode] and not same


def to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """The picture in mode RGB, its colours as sRGB; the same object where nothing is to be done. Alpha is lost."""
    if profile is not None and alters(profile, image.mode):
        try:
            return _transform(profile, image.mode).apply(image)
        except _PROFILE_ERRORS:
            pass
    return image if image.mode == "RGB" else image.convert("RGB")


def _judge(profile: bytes) -> tuple[str, bool]:
    """The colour space of a profile, and whether it is sRGB; large profiles, which never are, are not remembered."""
    return _remembered(profile) if len(profile) <= _CACHED_BYTES else _examined(profile)


@lru_cache(maxsize=16)
def _remembered(profile: bytes) -> tuple[str, bool]:
    return _examined(profile)


def _examined(profile: bytes) -> tuple[str, bool]:
    space = profile[16:20].decode("latin-1")
    try:
        ImageCms.ImageCmsProfile(BytesIO(profile))
        return space, space in _PROBED_MODES and _error(profile, _PROBED_MODES[space]) <= _TOLERANCE
    except _PROFILE_ERRORS:
        return "", True


def _error(profile: bytes, mode: str) -> int:
    """The largest difference, in levels, between probe colours taken as they are and taken through the profile."""
    probe = _probe(mode)
    seen = _transform(profile, mode).apply(probe).tobytes()
    return max(abs(a - b) for a, b in zip(probe.convert("RGB").tobytes(), seen, strict=True))


def _probe(mode: str) -> Image.Image:
    """All greys; for RGB also 9 × 9 × 9 colours."""
    greys = bytes(range(256))
    if mode == "L":
        return Image.frombytes("L", (256, 1), greys)
    steps = [min(255, 32 * n) for n in range(9)]
    colours = bytes(part for r in steps for g in steps for b in steps for part in (r, g, b))
    pixels = bytes(grey for grey in greys for _ in range(3)) + colours
    return Image.frombytes("RGB", (len(pixels) // 3, 1), pixels)


def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform:
    """Relative colorimetric with black point compensation, as picture editors do. Raises PyCMSError, OSError."""
    return ImageCms.buildTransform(
        ImageCms.ImageCmsProfile(BytesIO(profile)),
        ImageCms.createProfile("sRGB"),
        mode,
        "RGB",
        ImageCms.Intent.RELATIVE_COLORIMETRIC,
        ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
