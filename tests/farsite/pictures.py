"""Every kind of file farsite serves, made when first asked for; equal bytes at every call."""

import functools
import io
import struct
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image

from tests.farsite import damage, icc, scenes

_MAKE, _ORIENTATION = 0x010F, 0x0112
_STORED_AS = {  # EXIF orientation -> how the upright picture is turned before it is stored
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def numbered(n: int) -> bytes:
    """A small JPEG for every number: the bytes differ (a comment holds `n`), the pixels are always the same."""
    return _with_comment(_numbered_base(), str(n))


@functools.lru_cache(maxsize=5000)
def picture_of_words(text: str) -> bytes:
    """A small JPEG that holds these words as a comment, and looks like no other."""
    picture = scenes.painting(zlib.crc32(text.encode()), 128, 96)
    return _with_comment(encoded(picture, "JPEG", quality=80), text)


def with_text(png: bytes, keyword: str, text: str) -> bytes:
    """A PNG with one text chunk more, behind its header."""
    body = keyword.encode("latin-1") + b"\0" + text.encode("latin-1", "replace")
    chunk = struct.pack(">I", len(body)) + b"tEXt" + body + struct.pack(">I", zlib.crc32(b"tEXt" + body))
    return png[:33] + chunk + png[33:]


def _with_comment(jpeg: bytes, text: str) -> bytes:
    comment = text.encode()
    return jpeg[:2] + b"\xff\xfe" + struct.pack(">H", len(comment) + 2) + comment + jpeg[2:]


def photo(n: int, width: int = 800, height: int = 600, quality: int = 88) -> bytes:
    """A landscape as JPEG that looks different for every number."""
    return encoded(scenes.landscape(n, width, height), "JPEG", quality=quality)


def encoded(picture: Image.Image, file_format: str, **options: Any) -> bytes:
    """The bytes Pillow writes for a picture in a format."""
    file = io.BytesIO()
    picture.save(file, file_format, **options)
    return file.getvalue()


@functools.cache
def _numbered_base() -> bytes:
    return encoded(scenes.scene(64, 64), "JPEG", quality=80)


def _scene(file_format: str, mode: str = "RGB", **options: Any) -> bytes:
    return encoded(scenes.scene().convert(mode), file_format, **options)


def _exif_jpeg(orientation: int) -> bytes:
    picture = scenes.upright()
    if orientation in _STORED_AS:
        picture = picture.transpose(_STORED_AS[orientation])
    exif = Image.Exif()
    exif[_MAKE] = "Farsite Cameras"
    exif[_ORIENTATION] = orientation
    return encoded(picture, "JPEG", quality=95, subsampling=0, exif=exif)


def _animation(file_format: str, **options: Any) -> bytes:
    first, *others = scenes.frames()
    return encoded(first, file_format, save_all=True, append_images=others, **options)


def _palette(file_format: str) -> bytes:
    return encoded(scenes.scene().quantize(128), file_format)


def _palette_with_hole(file_format: str) -> bytes:
    """Colour number 200 is transparent and covers what the cutout leaves invisible."""
    cutout = scenes.cutout()
    picture = scenes.scene().quantize(128)
    picture.putpalette((picture.getpalette() or []) + [255, 0, 0] * (256 - 128))
    picture.paste(200, mask=cutout.getchannel("A").point([255] + [0] * 255))
    return encoded(picture, file_format, transparency=200)


def _rgb_with_see_through_colour() -> bytes:
    picture = scenes.scene().copy()
    picture.paste((255, 0, 255), (40, 40, 120, 120))
    return encoded(picture, "PNG", transparency=(255, 0, 255))


def _grey_numbers(file_format: str, dtype: type, scale: float = 1) -> bytes:
    values = scenes.half_flat_half_ramp()
    return encoded(Image.fromarray((values * scale).astype(dtype)), file_format)


def _mpo() -> bytes:
    first, second, _ = scenes.frames()
    return encoded(first, "MPO", save_all=True, append_images=[second])


def _svg() -> bytes:
    return b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><circle cx="4" cy="4" r="4"/></svg>\n'


def _pdf() -> bytes:
    return b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n<< /Root 1 0 R >>\n%%EOF\n"


def _html() -> bytes:
    return b"<!DOCTYPE html>\n<html><head><title>Sorry</title></head><body>No picture here.</body></html>\n"


def _mp4() -> bytes:
    return struct.pack(">I4s4sI4s4s", 24, b"ftyp", b"isom", 512, b"isom", b"mp41") + bytes(2000)


_MAKERS: dict[str, Callable[[], bytes]] = {
    "jpeg-rgb.jpg": lambda: _scene("JPEG", quality=90),
    "jpeg-grey.jpg": lambda: _scene("JPEG", "L"),
    "jpeg-progressive.jpg": lambda: _scene("JPEG", progressive=True),
    "jpeg-cmyk.jpg": lambda: _scene("JPEG", "CMYK"),
    "jpeg-adobergb.jpg": lambda: _scene("JPEG", quality=90, icc_profile=icc.wide_gamut()),
    "jpeg-srgb-icc.jpg": lambda: _scene("JPEG", quality=90, icc_profile=icc.srgb()),
    **{f"jpeg-exif-{number}.jpg": functools.partial(_exif_jpeg, number) for number in range(1, 9)},
    "large.jpg": lambda: encoded(scenes.scene(1600, 1200), "JPEG", quality=90),
    "lying.png": lambda: _scene("JPEG", quality=90),
    "mpo.jpg": _mpo,
    "png-rgb.png": lambda: _scene("PNG"),
    "png-rgba.png": lambda: encoded(scenes.cutout(), "PNG"),
    "png-la.png": lambda: encoded(scenes.cutout().convert("LA"), "PNG"),
    "png-palette.png": lambda: _palette("PNG"),
    "png-palette-transparent.png": lambda: _palette_with_hole("PNG"),
    "png-grey16.png": lambda: _grey_numbers("PNG", np.uint16),
    "png-grey.png": lambda: _scene("PNG", "L"),
    "png-1bit.png": lambda: _scene("PNG", "1"),
    "png-trns-rgb.png": _rgb_with_see_through_colour,
    "png-animated.png": lambda: _animation("PNG", duration=100),
    "tiny.png": lambda: encoded(Image.new("RGB", (1, 1), "orange"), "PNG"),
    "tiff-float.tif": lambda: _grey_numbers("TIFF", np.float32, 1 / 65535),
    "tiff-int32.tif": lambda: _grey_numbers("TIFF", np.int32),
    "tiff-rgb.tif": lambda: _scene("TIFF"),
    "bmp.bmp": lambda: _scene("BMP"),
    "gif-still.gif": lambda: _palette("GIF"),
    "gif-animated.gif": lambda: _animation("GIF", duration=100),
    "gif-transparent.gif": lambda: _palette_with_hole("GIF"),
    "webp.webp": lambda: _scene("WEBP"),
    "webp-alpha.webp": lambda: encoded(scenes.cutout(), "WEBP", lossless=True, exact=True),
    "webp-animated.webp": lambda: _animation("WEBP", duration=100),
    "avif.avif": lambda: _scene("AVIF"),
    "jpeg2000.jp2": lambda: _scene("JPEG2000"),
    "icon.ico": lambda: encoded(scenes.scene(32, 32), "ICO"),
    "svg.svg": _svg,
    "pdf.pdf": _pdf,
    "page.html": _html,
    "data.json": lambda: b'{"error": "no picture here"}\n',
    "movie.mp4": _mp4,
    "empty": lambda: b"",
    "truncated.jpg": lambda: damage.truncate(KINDS["jpeg-rgb.jpg"](), 0.6),
    "truncated.png": lambda: damage.truncate(KINDS["png-rgb.png"](), 0.5),
    "png-without-end.png": lambda: damage.without_png_end(KINDS["png-rgb.png"]()),
    "truncated.gif": lambda: damage.truncate(KINDS["gif-animated.gif"](), 0.85),
    "truncated.webp": lambda: damage.truncate(KINDS["webp.webp"](), 0.6),
    "bomb.png": damage.png_bomb,
    "broken.jpg": lambda: damage.with_broken_tables(KINDS["jpeg-rgb.jpg"]()),
}

KINDS: dict[str, Callable[[], bytes]] = {name: functools.cache(make) for name, make in _MAKERS.items()}
"""File name -> function that gives the bytes of that file."""
