"""Pictures that say how they are to be turned."""

import io
import struct

import numpy as np
import pytest
from PIL import Image, ImageOps

from harvester.imaging.decode import read_orientation
from tests.imaging.pictures import encoded, photo, processed, rgb

STORED_AS = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
UPRIGHT = photo(5, 48, 32)
LOSSLESS = {"PNG": {}, "WEBP": {"lossless": True}, "TIFF": {}}


def _stored(turn: int, file_format: str, picture: Image.Image = UPRIGHT, **options: object) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = turn
    method = STORED_AS[turn]
    return encoded(picture.transpose(method) if method is not None else picture, file_format, exif=exif, **options)


@pytest.mark.parametrize("turn", range(1, 9))
@pytest.mark.parametrize("file_format", LOSSLESS)
def test_every_orientation_comes_out_upright(turn: int, file_format: str) -> None:
    """All eight orientations give the same pixels, and the facts speak of the upright picture."""
    result = processed(_stored(turn, file_format, **LOSSLESS[file_format]))
    pixels = np.asarray(UPRIGHT) if result.rendition is None else rgb(result.rendition)
    assert np.array_equal(pixels, np.asarray(UPRIGHT))
    assert (result.facts.width, result.facts.height) == UPRIGHT.size
    assert result.plane.size == UPRIGHT.size


@pytest.mark.parametrize("turn", range(1, 9))
@pytest.mark.parametrize("file_format", ["JPEG", "AVIF"])
def test_photographs_come_out_upright_and_say_nothing_more(turn: int, file_format: str) -> None:
    """JPEG and AVIF look like what Pillow itself turns upright; nothing in the rendition asks to turn it again."""
    data = _stored(turn, file_format, quality=90)
    result = processed(data, "jpeg")
    if turn == 1 and file_format == "JPEG":
        assert result.rendition is None
        return
    with Image.open(io.BytesIO(data)) as picture:
        expected = np.asarray(ImageOps.exif_transpose(picture).convert("RGB")).astype(int)
    assert np.abs(rgb(result.rendition) - expected).mean() < 4
    assert b"Exif" not in (result.rendition or b"")


def test_large_rotated_photographs_are_hashed_upright_even_when_their_bytes_stay() -> None:
    """The reduced decode of an original turns the small plane as well, and the facts."""
    picture = photo(6, 900, 600)
    straight, rotated = (processed(_stored(turn, "JPEG", picture, quality=90), "original") for turn in (1, 6))
    assert rotated.rendition is None
    assert (rotated.facts.width, rotated.facts.height) == (900, 600)
    assert rotated.plane.size == straight.plane.size
    assert np.abs(np.asarray(rotated.plane).astype(int) - np.asarray(straight.plane)).mean() < 2


def test_a_png_may_state_its_orientation_after_the_pixels() -> None:
    """An eXIf chunk behind the picture counts like one before it."""
    data = _stored(6, "PNG")
    start = data.index(b"eXIf") - 4
    end = start + 12 + int.from_bytes(data[start : start + 4], "big")
    late = data[:start] + data[end:-12] + data[start:end] + data[-12:]
    result = processed(late)
    assert np.array_equal(rgb(result.rendition), np.asarray(UPRIGHT))
    assert (result.facts.width, result.facts.height) == UPRIGHT.size


def _exif(order: str, kind: int, count: int, value: int) -> bytes:
    head = b"II*\0" if order == "<" else b"MM\0*"
    return b"Exif\0\0" + head + struct.pack(order + "IHHHIHHI", 8, 1, 0x0112, kind, count, value, 0, 0)


@pytest.mark.parametrize(
    ("exif", "turn"),
    [
        (_exif("<", 3, 1, 6), 6),
        (_exif(">", 3, 1, 8), 8),
        (_exif("<", 3, 1, 0), 1),
        (_exif("<", 3, 1, 9), 1),
        (_exif("<", 3, 2, 6), 1),
        (_exif("<", 2, 1, 6), 1),
        (_exif("<", 3, 1, 6)[:-12], 1),
        (b"Exif\0\0" + b"II*\0\xff\xff\xff\xff", 1),
        (b"Exif\0\0XX", 1),
        (b"", 1),
        ("text", 1),
        (None, 1),
    ],
)
def test_an_invalid_orientation_is_none(exif: object, turn: int) -> None:
    """Only one whole number from 1 to 8 in readable EXIF counts."""
    picture = Image.new("L", (1, 1))
    picture.info["exif"] = exif
    assert read_orientation(picture) == turn


def test_xmp_orientation_is_ignored() -> None:
    """Like in browsers, an orientation in XMP alone turns nothing."""
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf tiff:Orientation="6"/></x:xmpmeta>'
    assert processed(encoded(UPRIGHT, "JPEG", xmp=xmp), "jpeg").rendition is None
