"""Any picture in mode RGB as it is to be seen: sRGB, laid on a background, upright."""

from PIL import Image

from harvester.imaging.colour import alters, to_srgb
from harvester.imaging.depth import Span, eight_bit, is_deep, span, strips
from harvester.imaging.header import Header
from harvester.imaging.values import Colour

_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_STRAIGHT = {"La": "LA", "RGBa": "RGBA"}  # alpha already multiplied in -> not
_WITH_ALPHA = {"P": "RGBA", "PA": "RGBA", "1": "LA", "L": "LA", "RGB": "RGBA"}
_OWN_COLOURS = {"RGB", "L", "CMYK"}


def flatten(image: Image.Image, header: Header, background: Colour) -> Image.Image:
    """A decoded picture in mode RGB without any metadata; the very object where it is that already.

    Works in strips, so that beside the picture and the result nothing of their size is held.
    """
    image.info = {} if header.clear is None else {"transparency": header.clear}
    if image.mode == "RGB" and header.clear is None and not alters(header.profile, "RGB"):
        return image
    if image.mode == "RGBA" and not alters(header.profile, "RGB"):  # the commonest, in one go
        canvas = Image.new("RGB", image.size, background)
        canvas.paste(image, (0, 0), image)
        return canvas
    deep = span(image, header.span) if is_deep(image.mode) else None
    canvas = Image.new("RGB", image.size, background)
    for top, piece in strips(image):
        _lay(piece, canvas, top, header, deep)
    return canvas


def upright(image: Image.Image, turn: int) -> Image.Image:
    """The picture turned as its EXIF orientation (1 to 8) says; the very object for 1."""
    return image if turn == 1 else image.transpose(_UPRIGHT[turn])


def _lay(piece: Image.Image, canvas: Image.Image, top: int, header: Header, deep: Span | None) -> None:
    if deep:
        grey, alpha = eight_bit(piece, deep, header.clear if isinstance(header.clear, int) else None)
        canvas.paste(to_srgb(grey, header.profile), (0, top), alpha)
        return
    if piece.has_transparency_data:
        piece = piece.convert(_STRAIGHT.get(piece.mode) or _WITH_ALPHA.get(piece.mode, piece.mode))
    alpha = piece.getchannel("A") if piece.mode in {"LA", "RGBA"} else None
    canvas.paste(to_srgb(_own_colours(piece), header.profile), (0, top), alpha)


def _own_colours(piece: Image.Image) -> Image.Image:
    """Without alpha, in the mode the profile speaks of."""
    if piece.mode in {"1", "LA"}:
        return piece.convert("L")
    return piece if piece.mode in _OWN_COLOURS else piece.convert("RGB")
