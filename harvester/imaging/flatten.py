"""Flattening of pictures to upright sRGB on a background, in mode RGB."""

from PIL import Image

from harvester.imaging.colour import needs_conversion, to_srgb
from harvester.imaging.depth import ValueRange, is_deep, split_into_strips, to_eight_bit, value_range
from harvester.imaging.header import Header
from harvester.imaging.types import Colour

_TRANSPOSITIONS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_UNPREMULTIPLIED = {"La": "LA", "RGBa": "RGBA"}  # premultiplied mode -> plain mode
_WITH_ALPHA = {"P": "RGBA", "PA": "RGBA", "1": "LA", "L": "LA", "RGB": "RGBA"}
_PROFILE_MODES = {"RGB", "L", "CMYK"}


def flatten(image: Image.Image, header: Header, background: Colour) -> Image.Image:
    """The decoded picture in mode RGB without any metadata; the same object if it already is.

    It works in strips, so that no third buffer of the picture's size is needed.
    """
    image.info = {} if header.transparent is None else {"transparency": header.transparent}
    if image.mode == "RGB" and header.transparent is None and not needs_conversion(header.profile, "RGB"):
        return image
    if image.mode == "RGBA" and not needs_conversion(header.profile, "RGB"):  # the most common case, without strips
        canvas = Image.new("RGB", image.size, background)
        canvas.paste(image, (0, 0), image)
        return canvas
    levels = value_range(image, header.grey_range) if is_deep(image.mode) else None
    canvas = Image.new("RGB", image.size, background)
    for top, strip in split_into_strips(image):
        _paste_strip(strip, canvas, top, header, levels)
    return canvas


def make_upright(image: Image.Image, exif_orientation: int) -> Image.Image:
    """The picture after its EXIF orientation (1 to 8) is applied; the same object for 1."""
    return image if exif_orientation == 1 else image.transpose(_TRANSPOSITIONS[exif_orientation])


def _paste_strip(strip: Image.Image, canvas: Image.Image, top: int, header: Header, levels: ValueRange | None) -> None:
    if levels:
        grey, alpha = to_eight_bit(strip, levels, header.transparent if isinstance(header.transparent, int) else None)
        canvas.paste(to_srgb(grey, header.profile), (0, top), alpha)
        return
    if strip.has_transparency_data:
        strip = strip.convert(_UNPREMULTIPLIED.get(strip.mode) or _WITH_ALPHA.get(strip.mode, strip.mode))
    alpha = strip.getchannel("A") if strip.mode in {"LA", "RGBA"} else None
    canvas.paste(to_srgb(_without_alpha(strip), header.profile), (0, top), alpha)


def _without_alpha(strip: Image.Image) -> Image.Image:
    """The strip without alpha, in the mode for which the profile is."""
    if strip.mode in {"1", "LA"}:
        return strip.convert("L")
    return strip if strip.mode in _PROFILE_MODES else strip.convert("RGB")
