"""Golden tests: every mode a picture can have, and what its pixels are in the rendition."""

import struct

import numpy as np
import pytest
from PIL import Image

from harvester.imaging import depth
from harvester.imaging.depth import to_eight_bit, value_range
from harvester.imaging.flatten import flatten
from harvester.imaging.header import Header
from tests.imaging import profiles
from tests.imaging.pictures import HIDDEN, chunk, colour_at, encoded, grey_tiff, near, photo, png, processed, rgb

WHITE, BLUE = (255, 255, 255), (0, 0, 255)
SIZE = (8, 8)


def _header(mode: str, profile: bytes | None = None) -> Header:
    return Header("TIFF", mode, SIZE, 1, profile, None, (0.0, 65535.0))


def _flattened_pixel(picture: Image.Image) -> tuple[int, ...]:
    pixel = flatten(picture, _header(picture.mode), BLUE).getpixel((4, 4))
    assert isinstance(pixel, tuple)
    return pixel


@pytest.mark.parametrize("file_format", ["PNG", "WEBP", "TIFF"])
def test_hidden_colours_of_rgba_do_not_show(file_format: str) -> None:
    """A pixel of alpha 0 becomes the background, whatever colour lies under it."""
    lossless = {"lossless": True, "exact": True} if file_format == "WEBP" else {}
    data = encoded(Image.new("RGBA", SIZE, (*HIDDEN, 0)), file_format, **lossless)
    assert colour_at(data) == WHITE
    assert colour_at(data, background=BLUE) == BLUE


def test_half_transparent_pixels_are_mixed_with_the_background() -> None:
    """Alpha 128 gives the mean of the colour and the background."""
    data = encoded(Image.new("RGBA", SIZE, (200, 100, 0, 128)), "PNG")
    assert near(colour_at(data, background=(0, 0, 100)), (100, 50, 50), 1)


def test_opaque_rgba_keeps_its_colours() -> None:
    """Alpha 255 everywhere changes nothing."""
    assert colour_at(encoded(Image.new("RGBA", SIZE, (1, 2, 3, 255)), "PNG")) == (1, 2, 3)


def test_grey_with_alpha_is_flattened() -> None:
    """LA: transparent pixels show the background, opaque ones their grey."""
    picture = Image.new("LA", SIZE, (90, 0))
    picture.paste((90, 255), (0, 0, 4, 8))
    data = encoded(picture, "PNG")
    assert colour_at(data, x=1) == (90, 90, 90)
    assert colour_at(data, x=6, background=BLUE) == BLUE


def test_sixteen_bit_grey_with_alpha_is_flattened() -> None:
    """A PNG with 16 bits of grey and of alpha: 40000 is 156, alpha 0 is the background."""
    row = b"\x9c\x40\xff\xff" * 4 + b"\x9c\x40\0\0" * 4
    data = png(8, 8, 16, 4, row)
    assert near(colour_at(data, x=1), (156, 156, 156), 1)
    assert colour_at(data, x=6) == WHITE


def test_opaque_palette_keeps_its_colours() -> None:
    """P without transparency shows the colours of its palette."""
    picture = Image.new("P", SIZE, 1)
    picture.putpalette([0, 0, 0, 10, 20, 30])
    for file_format in ("PNG", "GIF", "BMP", "TIFF"):
        assert colour_at(encoded(picture, file_format)) == (10, 20, 30)


@pytest.mark.parametrize("file_format", ["PNG", "GIF"])
def test_the_transparent_entry_of_a_palette_does_not_show(file_format: str) -> None:
    """P with one transparent entry: its pixels become the background, the others keep their colours."""
    picture = Image.new("P", SIZE, 1)
    picture.putpalette([9, 9, 9, *HIDDEN, 70, 80, 90])
    picture.paste(2, (0, 0, 4, 8))
    data = encoded(picture, file_format, transparency=1)
    assert colour_at(data, x=1) == (70, 80, 90)
    assert colour_at(data, x=6, background=BLUE) == BLUE


def test_a_palette_may_be_partly_transparent() -> None:
    """P with an alpha value for each entry is mixed with the background entry by entry."""
    picture = Image.new("P", SIZE, 1)
    picture.putpalette([0, 0, 0, 200, 100, 0])
    assert near(colour_at(encoded(picture, "PNG", transparency=b"\xff\x80")), (227, 177, 127), 1)


def test_palette_and_premultiplied_modes_are_flattened() -> None:
    """PA, La and RGBa, which few files have, lay their pixels on the background like RGBA."""
    rgba = Image.new("RGBA", SIZE, (200, 100, 0, 128))
    assert near(_flattened_pixel(rgba.convert("RGBa")), (100, 50, 127), 2)
    assert near(_flattened_pixel(Image.new("LA", SIZE, (200, 128)).convert("La")), (100, 100, 227), 2)
    palette = Image.new("PA", SIZE, (1, 128))
    palette.putpalette([0, 0, 0, 200, 100, 0])
    assert near(_flattened_pixel(palette), (100, 50, 127), 2)


def test_premultiplied_tiff_is_flattened() -> None:
    """A TIFF with associated alpha is laid on the background."""
    extra_samples = struct.Struct("<HHII")
    data = encoded(Image.new("RGBA", SIZE, (50, 25, 0, 128)), "TIFF")
    data = data.replace(extra_samples.pack(338, 3, 1, 2), extra_samples.pack(338, 3, 1, 1))
    assert near(colour_at(data, background=(0, 0, 100)), (50, 25, 50), 2)


def test_the_transparent_colour_of_rgb_does_not_show() -> None:
    """RGB with tRNS: pixels of exactly that colour become the background."""
    picture = Image.new("RGB", SIZE, HIDDEN)
    picture.paste((201, 30, 60), (0, 0, 4, 8))
    data = encoded(picture, "PNG", transparency=HIDDEN)
    assert colour_at(data, x=1) == (201, 30, 60)
    assert colour_at(data, x=6) == WHITE


def test_the_transparent_colour_of_16_bit_rgb_does_not_show() -> None:
    """RGB with tRNS and 16 bits: the colour is found by the high bytes that decoding leaves."""
    row = b"\x12\x34\x56\x78\x9a\xbc" * 4 + b"\x80\0\x80\0\x80\0" * 4
    data = png(8, 8, 16, 2, row, chunk(b"tRNS", b"\x12\x34\x56\x78\x9a\xbc"))
    assert colour_at(data, x=1) == WHITE
    assert colour_at(data, x=6) == (128, 128, 128)


@pytest.mark.parametrize(
    ("depth_", "clear", "row"), [(1, 1, b"\xf0"), (2, 3, b"\xff\x55"), (4, 9, b"\x99\x99\x11\x11")]
)
def test_the_transparent_level_of_grey_does_not_show(depth_: int, clear: int, row: bytes) -> None:
    """L with tRNS of 1, 2 or 4 bits: the level is meant in the file's own steps."""
    data = png(8, 8, depth_, 0, row, chunk(b"tRNS", clear.to_bytes(2, "big")))
    assert colour_at(data, x=1, background=BLUE) == BLUE
    assert colour_at(data, x=6, background=BLUE) != BLUE


def test_the_transparent_level_of_16_bit_grey_does_not_show() -> None:
    """I;16 with tRNS: only pixels of exactly that level become the background."""
    data = png(8, 8, 16, 0, b"\x9c\x40" * 4 + b"\x9c\x41" * 4, chunk(b"tRNS", b"\x9c\x40"))
    assert colour_at(data, x=1, background=BLUE) == BLUE
    assert near(colour_at(data, x=6, background=BLUE), (156, 156, 156), 1)


@pytest.mark.parametrize("byte_order", ["<u2", ">u2"])
def test_16_bit_grey_is_scaled_and_not_clipped(byte_order: str) -> None:
    """I;16 in both byte orders: 40000 of 65535 becomes 156, 0 black, 65535 white."""
    values = np.full((8, 8), 40000, byte_order)
    values[0, 0], values[0, 1] = 0, 65535
    for data in (encoded(Image.fromarray(values), "TIFF"), encoded(Image.fromarray(values), "PNG")):
        assert near(colour_at(data), (156, 156, 156), 1)
        assert colour_at(data, 0, 0) == (0, 0, 0)
        assert colour_at(data, 1, 0) == WHITE


def test_12_bit_tiff_is_scaled() -> None:
    """Twelve bits a pixel: 4095 is white and 2048 the middle."""
    assert near(colour_at(grey_tiff(12, 1, b"\x80\x08\x00" * 32)), (128, 128, 128), 1)
    assert colour_at(grey_tiff(12, 1, b"\xff" * 96)) == WHITE


def test_16_bit_tiff_in_which_0_is_white_is_no_negative() -> None:
    """WhiteIsZero with 16 bits: 0 becomes white, 65535 black."""
    assert colour_at(grey_tiff(16, 0, bytes(128))) == WHITE
    assert colour_at(grey_tiff(16, 0, b"\xff" * 128)) == (0, 0, 0)


def _levels(values: list[float], dtype: type) -> list[int]:
    picture = Image.fromarray(np.array([values], dtype))
    grey, _ = to_eight_bit(picture, value_range(picture))
    return list(grey.tobytes())


def test_32_bit_grey_within_16_bits_is_scaled_by_257() -> None:
    """I: where all values lie in 0..65535, 65535 is white."""
    assert _levels([0, 257, 40000, 65535], np.int32) == [0, 1, 156, 255]


def test_32_bit_grey_beyond_16_bits_is_stretched() -> None:
    """I: otherwise the least value becomes black and the greatest white."""
    assert _levels([-1000, 0, 1000], np.int32) == [0, 128, 255]
    assert _levels([0, 100_000, 200_000], np.int32) == [0, 128, 255]
    assert _levels([-5, -5, -5], np.int32) == [0, 0, 0]


@pytest.mark.parametrize(
    ("values", "levels"),
    [
        ([0, 0.25, 1], [0, 64, 255]),
        ([0, 1.5, 200], [0, 2, 200]),
        ([0, 40000, 65535], [0, 156, 255]),
        ([-1, 0, 1], [0, 128, 255]),
        ([0, 100_000, 200_000], [0, 128, 255]),
        ([float("nan"), 0.5, float("inf")], [0, 128, 0]),
        ([float("nan"), float("-inf")], [0, 0]),
    ],
)
def test_floating_grey_is_scaled_by_the_range_it_is_in(values: list[float], levels: list[int]) -> None:
    """F: parts of 1, of 255, of 65535, or stretched; what is no number is black."""
    assert _levels(values, np.float32) == levels


def test_float_and_32_bit_files_are_scaled() -> None:
    """TIFF files of modes F and I come out as the same picture."""
    ramp = np.linspace(0, 65535, 64).reshape(8, 8)
    expected = np.repeat(np.rint(ramp / 257)[..., None], 3, 2)
    for values in (ramp.astype(np.int32), (ramp / 65535).astype(np.float32)):
        data = encoded(Image.fromarray(values), "TIFF")
        assert np.abs(rgb(processed(data).rendition) - expected).max() <= 1


def test_bilevel_and_grey_become_rgb() -> None:
    """1 and L keep their greys in all three channels."""
    assert colour_at(encoded(Image.new("1", SIZE, 1), "PNG")) == WHITE
    assert colour_at(encoded(Image.new("L", SIZE, 77), "PNG")) == (77, 77, 77)


def test_cmyk_jpeg_is_not_a_negative() -> None:
    """CMYK as Adobe stores it, inverted: magenta and yellow ink are red, no ink is white."""
    assert near(colour_at(encoded(Image.new("CMYK", SIZE, (0, 255, 255, 0)), "TIFF")), (255, 0, 0), 1)
    red = encoded(Image.new("CMYK", SIZE, (0, 255, 255, 0)), "JPEG", quality=95)
    assert b"Adobe" in red
    assert near(colour_at(red), (255, 0, 0), 3)
    assert near(colour_at(encoded(Image.new("CMYK", SIZE), "JPEG", quality=95)), WHITE, 3)


def test_ycck_jpeg_is_understood() -> None:
    """YCCK: stored as inverted luminance and colour differences, it comes out as the grey that was meant."""
    data = encoded(Image.new("CMYK", SIZE, (55, 127, 127, 0)), "JPEG", quality=100)
    at = data.index(b"Adobe") + 11
    assert near(colour_at(data[:at] + b"\2" + data[at + 1 :]), (55, 55, 55), 3)


def test_rgb_jpeg_without_colour_transform_keeps_its_colours() -> None:
    """A JPEG that stores red, green and blue themselves is no YCbCr."""
    picture = Image.new("RGB", (600, 600), (200, 30, 60))
    plain = encoded(picture, "JPEG", quality=95, keep_rgb=True)
    usual = encoded(picture, "JPEG", quality=95)
    assert near(tuple(rgb(plain)[4, 4]), (200, 30, 60), 3)
    actual, expected = (processed(data).plane.getpixel((4, 4)) for data in (plain, usual))
    assert isinstance(actual, int)
    assert isinstance(expected, int)
    assert abs(actual - expected) <= 2


@pytest.mark.parametrize("mode", ["HSV", "YCbCr", "RGBX"])
def test_other_colour_modes_become_rgb(mode: str) -> None:
    """HSV, YCbCr and RGBX show the colours they stand for."""
    assert near(_flattened_pixel(Image.new("RGB", SIZE, (200, 100, 50)).convert(mode)), (200, 100, 50), 3)


def test_ycbcr_tiff_becomes_rgb() -> None:
    """A TIFF in YCbCr shows the colours it stands for."""
    data = encoded(Image.new("RGB", SIZE, (200, 100, 50)).convert("YCbCr"), "TIFF")
    assert near(colour_at(data), (200, 100, 50), 3)


def test_lab_tiff_becomes_rgb() -> None:
    """A TIFF in CIE Lab shows the colour that the formulas of the CIE give."""
    picture = Image.frombytes("LAB", SIZE, bytes([128, 20, 236]) * 64)
    lightness, a, b = 128 / 2.55, 20, -20
    assert near(colour_at(encoded(picture, "TIFF")), profiles.lab_to_srgb(lightness, a, b), 2)


@pytest.mark.parametrize(
    "mode", ["1", "L", "P", "LA", "PA", "La", "RGBA", "RGBa", "CMYK", "LAB", "YCbCr", "I;16", "I", "F"]
)
def test_large_pictures_are_converted_in_strips_without_seams(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every mode gives the same pixels in strips of a few rows as in one go."""
    grey = np.arange(48 * 40).reshape(40, 48)
    if mode in {"I;16", "I", "F"}:
        picture = Image.fromarray((grey * 30).astype({"I;16": np.uint16, "I": np.int32, "F": np.float32}[mode]))
    else:
        rgba = photo(3, 48, 40).convert("RGBA")
        rgba.putalpha(photo(4, 48, 40).convert("L"))
        via = {"La": "LA", "RGBa": "RGBA", "PA": "P"}.get(mode, mode)
        picture = rgba.convert("L").convert("LA") if via == "LA" else rgba.convert("RGB" if via != "RGBA" else via)
        picture = picture.convert(via).convert(mode)
    whole = np.asarray(flatten(picture.copy(), _header(mode, profiles.adobe_rgb()), BLUE))
    monkeypatch.setattr(depth, "_STRIP_PIXELS", 48 * 7)
    assert np.array_equal(np.asarray(flatten(picture, _header(mode, profiles.adobe_rgb()), BLUE)), whole)
