"""Pictures and damaged files for the tests of `harvester.imaging`, made on the spot."""

import io
import struct
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from harvester.imaging.convert import ProcessedImage, process_image
from harvester.imaging.types import ConversionOptions, ImageLimits

Colour = tuple[int, int, int]
HIDDEN = (200, 30, 60)
"""A colour that must not show: it lies under full transparency."""


def encoded(picture: Image.Image, file_format: str, **options: Any) -> bytes:
    """The bytes Pillow writes."""
    file = io.BytesIO()
    picture.save(file, file_format, **options)
    return file.getvalue()


def rgb(data: bytes | None) -> NDArray[np.int16]:
    """The pixels of a file that must be in mode RGB: height × width × 3, signed so that differences are safe."""
    assert data is not None
    with Image.open(io.BytesIO(data)) as picture:
        assert picture.mode == "RGB"
        return np.asarray(picture).astype(np.int16)


def processed(data: bytes, file_format: str = "rgb", **options: Any) -> ProcessedImage:
    """What `process` makes of it; "rgb" by default because PNG shows every value as it is."""
    return process_image(data, ConversionOptions(format=file_format, **options))


def colour_at(data: bytes, x: int = 4, y: int = 4, **options: Any) -> Colour:
    """The colour of one pixel of the PNG rendition."""
    red, green, blue = (int(part) for part in rgb(processed(data, **options).rendition)[y, x])
    return red, green, blue


def near(actual: Colour, expected: tuple[float, ...], levels: int) -> bool:
    """Whether no channel is further away than that."""
    return max(abs(a - b) for a, b in zip(actual, expected, strict=True)) <= levels


def photo(seed: int, width: int, height: int) -> Image.Image:
    """Something like a photograph: soft clouds of several sizes, hard-edged shapes, light from one side, noise."""
    rng = np.random.default_rng(seed)
    pixels = np.zeros((height, width, 3), np.float32)
    for cells, weight in ((2, 90), (4, 60), (9, 35), (24, 18), (70, 8)):
        grid = rng.uniform(-1, 1, (cells, cells + 1, 3)).astype(np.float32)
        pixels += weight * np.dstack([_enlarged(grid[..., band], width, height) for band in range(3)])
    y, x = np.mgrid[0:height, 0:width].astype(np.float32) / min(width, height)
    for _ in range(4):
        slope, offset, shade = rng.uniform(-2, 2), rng.uniform(-0.5, 1.5), rng.uniform(-60, 60, 3)
        pixels[(y - slope * x - offset > 0) & (y - slope * x - offset < rng.uniform(0.1, 0.5))] += shade
    pixels += (rng.uniform(-60, 60) * x)[..., None] + rng.normal(0, 4, (height, width, 1)).astype(np.float32)
    return Image.fromarray((pixels + 120).clip(0, 255).astype(np.uint8))


def _enlarged(values: NDArray[np.float32], width: int, height: int) -> NDArray[np.float32]:
    return np.asarray(Image.fromarray(values).resize((width, height), Image.Resampling.BICUBIC))


def chunk(name: bytes, body: bytes) -> bytes:
    """One PNG chunk."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(width: int, height: int, depth: int, kind: int, row: bytes, *extra: bytes) -> bytes:
    """A PNG whose rows are all the same; `extra` are chunks that stand before the pixels."""
    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)
    pixels = zlib.compress((b"\0" + row) * height, 1)
    chunks = (chunk(b"IHDR", header), *extra, chunk(b"IDAT", pixels), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def grey_tiff(bits: int, photometric: int, pixels: bytes, width: int = 8, height: int = 8) -> bytes:
    """A little-endian TIFF with one strip of grey pixels; photometric 0: the value 0 is white, 1: it is black."""
    entries = [(256, 4, width), (257, 4, height), (258, 3, bits), (259, 3, 1), (262, 3, photometric)]
    entries += [(273, 4, 8 + 2 + 9 * 12 + 4), (277, 3, 1), (278, 4, height), (279, 4, len(pixels))]
    directory = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in entries)
    return struct.pack("<2sHIH", b"II", 42, 8, len(entries)) + directory + bytes(4) + pixels


def samples() -> Iterator[tuple[str, bytes]]:
    """A valid file of every format and of their main variants, each with its name."""
    still, other = photo(1, 48, 40), photo(2, 48, 40)
    exif = Image.Exif()
    exif[0x0112] = 6
    moving: dict[str, Any] = {"save_all": True, "append_images": [other], "duration": 100}
    yield "jpeg", encoded(still, "JPEG", exif=exif)
    yield "jpeg-grey", encoded(still.convert("L"), "JPEG")
    yield "jpeg-progressive", encoded(still, "JPEG", progressive=True)
    yield "jpeg-cmyk", encoded(still.convert("CMYK"), "JPEG")
    yield "png", encoded(still, "PNG", exif=exif)
    yield "png-palette", encoded(still.quantize(40), "PNG", transparency=bytes(range(0, 240, 6)))
    yield "png-moving", encoded(still, "PNG", **moving)
    yield "gif", encoded(still, "GIF")
    yield "gif-moving", encoded(still, "GIF", **moving)
    yield "webp", encoded(still, "WEBP")
    yield "webp-lossless", encoded(still.convert("RGBA"), "WEBP", lossless=True, exif=exif)
    yield "webp-moving", encoded(still, "WEBP", **moving)
    yield "avif", encoded(still, "AVIF", exif=exif)
    yield "bmp", encoded(still, "BMP")
    yield "bmp-palette", encoded(still.quantize(40), "BMP")
    yield "tiff", encoded(still, "TIFF")
    yield "tiff-deflate", encoded(still, "TIFF", compression="tiff_adobe_deflate")
    yield "tiff-fax", encoded(still.convert("1"), "TIFF", compression="group4")
    yield "tiff-pages", encoded(still, "TIFF", save_all=True, append_images=[other])
    yield "jpeg2000", encoded(still, "JPEG2000")
    yield "jpeg2000-raw", encoded(still, "JPEG2000", no_jp2=True)


def small_limits(**limits: Any) -> ConversionOptions:
    """Options for damaged files, whose headers may state anything."""
    return ConversionOptions(
        format="jpeg", limits=ImageLimits(max_pixels=500_000, **limits), thumbs={"small": (20, 20)}
    )
