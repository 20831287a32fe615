"""Conversion of colours to sRGB by embedded ICC profiles."""

from functools import lru_cache
from io import BytesIO

from PIL import Image, ImageCms

_SPACE_BY_MODE = {"RGB": "RGB ", "L": "GRAY", "CMYK": "CMYK"}
_MODE_BY_SPACE = {"RGB ": "RGB", "GRAY": "L"}
_TOLERANCE = 3  # levels of 255
_MAX_CACHED_BYTES = 2**16
_PROFILE_ERRORS = (ImageCms.PyCMSError, OSError)


def is_srgb(profile: bytes) -> bool:
    """Whether pictures with this ICC profile look the same without it: within 3 of 255 levels for all probed colours.

    A broken profile counts as sRGB, so it is ignored.
    """
    return _inspect_profile(profile)[1]


def needs_conversion(profile: bytes | None, mode: str) -> bool:
    """Whether pixels of this mode ("RGB", "L" or "CMYK") have to be converted.

    A profile for another colour space than the picture's is ignored, like a broken one.
    """
    if profile is None or mode not in _SPACE_BY_MODE:
        return False
    space, is_unchanged = _inspect_profile(profile)
    return space == _SPACE_BY_MODE[mode] and not is_unchanged


def to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """The picture in mode RGB with sRGB colours; the same object if it already is. Alpha is lost."""
    if profile is not None and needs_conversion(profile, image.mode):
        try:
            return _build_transform(profile, image.mode).apply(image)
        except _PROFILE_ERRORS:
            pass
    return image if image.mode == "RGB" else image.convert("RGB")


def _inspect_profile(profile: bytes) -> tuple[str, bool]:
    """The colour space of a profile, and whether it is sRGB; large profiles, which never are, are not cached."""
    return _inspect_cached(profile) if len(profile) <= _MAX_CACHED_BYTES else _inspect_uncached(profile)


@lru_cache(maxsize=16)
def _inspect_cached(profile: bytes) -> tuple[str, bool]:
    return _inspect_uncached(profile)


def _inspect_uncached(profile: bytes) -> tuple[str, bool]:
    space = profile[16:20].decode("latin-1")
    try:
        ImageCms.ImageCmsProfile(BytesIO(profile))
        return space, space in _MODE_BY_SPACE and _max_error(profile, _MODE_BY_SPACE[space]) <= _TOLERANCE
    except _PROFILE_ERRORS:
        return "", True


def _max_error(profile: bytes, mode: str) -> int:
    """The largest difference, in levels, between probe colours with and without the profile."""
    probe = _make_probe(mode)
    converted = _build_transform(profile, mode).apply(probe).tobytes()
    return max(abs(a - b) for a, b in zip(probe.convert("RGB").tobytes(), converted, strict=True))


def _make_probe(mode: str) -> Image.Image:
    """All greys; for RGB also 9 × 9 × 9 colours."""
    greys = bytes(range(256))
    if mode == "L":
        return Image.frombytes("L", (256, 1), greys)
    steps = [min(255, 32 * n) for n in range(9)]
    colours = bytes(part for r in steps for g in steps for b in steps for part in (r, g, b))
    pixels = bytes(grey for grey in greys for _ in range(3)) + colours
    return Image.frombytes("RGB", (len(pixels) // 3, 1), pixels)


def _build_transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform:
    """A relative colorimetric transform with black point compensation, as in picture editors.

    Raises PyCMSError and OSError.
    """
    return ImageCms.buildTransform(
        ImageCms.ImageCmsProfile(BytesIO(profile)),
        ImageCms.createProfile("sRGB"),
        mode,
        "RGB",
        ImageCms.Intent.RELATIVE_COLORIMETRIC,
        ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
