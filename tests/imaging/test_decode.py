"""What is refused by its header, and how many pixels that costs."""

import io
import warnings

import pytest
from PIL import Image, ImageFile, PngImagePlugin

from harvester.errors import ImageRejected
from harvester.imaging.decode import decode_first_frame, open_picture, set_pixel_limit
from harvester.imaging.tiff import count_tiff_pages
from harvester.imaging.truncation import count_gif_frames
from harvester.imaging.types import ImageLimits
from harvester.reasons import REASONS
from tests.imaging.pictures import encoded, photo, png, processed, samples

PICTURE = photo(1, 40, 30)


def _refusal(data: bytes, **limits: object) -> tuple[str, str]:
    with pytest.raises(ImageRejected) as refused:
        open_picture(data, ImageLimits(**limits))  # type: ignore[arg-type]
    assert refused.value.reason in REASONS
    return refused.value.reason, refused.value.detail


def test_a_file_that_is_no_picture_is_identified() -> None:
    """The detail of not-an-image is the kind of thing that came."""
    assert _refusal(b"") == ("not-an-image", "empty")
    assert _refusal(b"<html>") == ("not-an-image", "HTML")


def test_other_picture_formats_are_not_allowed() -> None:
    """A picture in a format that cannot be kept, or that is not wanted, is named."""
    assert _refusal(encoded(PICTURE, "ICO")) == ("format-not-allowed", "ICO")
    assert _refusal(encoded(PICTURE, "GIF"), formats=("JPEG", "PNG")) == ("format-not-allowed", "GIF")


def test_mpo_and_jpeg_are_allowed_apart_from_each_other() -> None:
    """Both begin like a JPEG, but each needs its own name in the list."""
    mpo, jpeg = encoded(PICTURE, "MPO", save_all=True, append_images=[PICTURE.copy()]), encoded(PICTURE, "JPEG")
    assert open_picture(mpo, ImageLimits(formats=("MPO",))).format == "MPO"
    assert open_picture(jpeg, ImageLimits(formats=("JPEG",))).format == "JPEG"
    assert _refusal(mpo, formats=("JPEG",)) == ("format-not-allowed", "MPO")
    assert _refusal(jpeg, formats=("MPO",)) == ("format-not-allowed", "JPEG")
    assert _refusal(jpeg, formats=("PNG",)) == ("format-not-allowed", "JPEG")


def test_an_unreadable_header_is_truncated_or_broken() -> None:
    """Where the file just stops it is truncated; where other bytes stand in the header it is broken."""
    jpeg, gif = encoded(PICTURE, "JPEG"), encoded(PICTURE, "GIF")
    assert _refusal(jpeg[:100])[0] == "truncated"
    assert _refusal(gif[:9])[0] == "truncated"
    assert _refusal(b"\x89PNG\r\n\x1a\n")[0] == "truncated"
    assert _refusal(jpeg[:20] + bytes(400))[0] == "broken"


@pytest.mark.parametrize("filters", ["error", "ignore"])
@pytest.mark.parametrize("size", [(10_001, 10_000), (13_000, 13_000), (100_000, 100_000)])
def test_too_many_pixels_are_seen_in_the_header(
    size: tuple[int, int], filters: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More pixels than allowed are refused before one is decoded: where Pillow is silent, warns, and refuses itself."""
    warnings.simplefilter(filters)  # type: ignore[arg-type]
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda _: pytest.fail("decoded"))
    with pytest.raises(ImageRejected, match="too-many-pixels"):
        processed(png(*size, 1, 0, b""))


@pytest.mark.filterwarnings("ignore")
def test_as_many_pixels_as_allowed_are_fine() -> None:
    """The limit itself is allowed, also above the number at which Pillow begins to warn."""
    head = png(10_000, 10_000, 1, 0, bytes(1))
    assert open_picture(head, ImageLimits()).size == (10_000, 10_000)
    assert open_picture(encoded(PICTURE, "PNG"), ImageLimits(max_pixels=1200)).size == (40, 30)
    assert _refusal(encoded(PICTURE, "PNG"), max_pixels=1199)[0] == "too-many-pixels"


def test_the_pixel_limit_is_passed_to_pillow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pillow's own checks, which also look at frames, refuse from the same number on, whatever the warning filters."""
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", Image.MAX_IMAGE_PIXELS)
    monkeypatch.setattr(PngImagePlugin, "MAX_TEXT_CHUNK", PngImagePlugin.MAX_TEXT_CHUNK)
    warnings.simplefilter("ignore")
    set_pixel_limit(1000)
    with pytest.raises(Image.DecompressionBombWarning):
        Image.open(io.BytesIO(encoded(PICTURE, "PNG")))
    assert _refusal(encoded(PICTURE, "PNG"), max_pixels=1000)[0] == "too-many-pixels"
    set_pixel_limit(200_000_000)
    assert open_picture(png(13_000, 13_000, 1, 0, b""), ImageLimits(max_pixels=200_000_000)).width == 13_000


def test_long_compressed_texts_are_no_reason_to_refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    """A PNG that carries more than a megabyte of text is kept, once the program has set its limits."""
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", Image.MAX_IMAGE_PIXELS)
    monkeypatch.setattr(PngImagePlugin, "MAX_TEXT_CHUNK", PngImagePlugin.MAX_TEXT_CHUNK)
    text = PngImagePlugin.PngInfo()
    text.add_text("workflow", "node " * 300_000, zip=True)
    set_pixel_limit(100_000_000)
    assert processed(encoded(PICTURE, "PNG", pnginfo=text)).rendition is None


def test_small_pictures_are_refused_by_their_upright_size() -> None:
    """The least width and height mean the picture as it is seen, not as it is stored."""
    exif = Image.Exif()
    exif[0x0112] = 6
    for file_format in ("JPEG", "TIFF"):
        rotated = encoded(PICTURE, file_format, exif=exif)
        assert open_picture(rotated, ImageLimits(min_width=30, min_height=40))
        assert _refusal(rotated, min_width=40) == ("too-small", "30 × 40 pixels")
    assert open_picture(encoded(PICTURE, "PNG"), ImageLimits(min_width=40, min_height=30))
    assert _refusal(encoded(PICTURE, "PNG"), min_height=31)[0] == "too-small"


def test_opening_decodes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every format is judged by its header alone."""
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda _: pytest.fail("decoded"))
    for _, data in samples():
        assert open_picture(data, ImageLimits()).width >= 40


def test_frames_and_pages_are_counted_like_pillow_does() -> None:
    """The walks through GIF blocks and TIFF directories find as many frames as Pillow."""
    pictures = [photo(seed, 40, 30) for seed in range(5)]
    gif = encoded(pictures[0], "GIF", save_all=True, append_images=pictures[1:], loop=0, comment=b"x" * 600)
    assert count_gif_frames(gif) == (5, False)
    for big in (False, True):
        tiff = encoded(pictures[0], "TIFF", save_all=True, append_images=pictures[1:], big_tiff=big)
        assert count_tiff_pages(tiff) == (5, False)
        assert processed(tiff).facts.frames == Image.open(io.BytesIO(tiff)).n_frames == 5  # type: ignore[attr-defined]


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
@pytest.mark.parametrize("size", [(1, 1), (33, 7), (200, 120)])
def test_libspng_and_pillow_decode_the_same_pixels(mode: str, size: tuple[int, int]) -> None:
    """The faster decoder of ordinary PNGs changes nothing."""
    data = encoded(photo(1, 200, 120).resize(size).convert(mode), "PNG")
    opened = Image.open(io.BytesIO(data))
    decoded = decode_first_frame(opened, data)
    assert decoded is not opened, "it was not the faster one"
    assert (decoded.mode, decoded.size, decoded.tobytes()) == (mode, size, Image.open(io.BytesIO(data)).tobytes())


@pytest.mark.parametrize("error", [OSError("x"), SyntaxError(), KeyError("x"), ZeroDivisionError(), UserWarning("x")])
def test_whatever_a_decoder_raises_is_a_refusal(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    """Decoders fail in many ways; each is broken, or truncated where the error says so."""

    def fail(_: object) -> None:
        raise error

    picture = Image.open(io.BytesIO(encoded(Image.new("L", (1, 1)), "BMP")))
    monkeypatch.setattr(ImageFile.ImageFile, "load", fail)
    with pytest.raises(ImageRejected) as refused:
        decode_first_frame(picture, b"")
    assert refused.value.reason == "broken"
    error = OSError("image file is truncated")
    with pytest.raises(ImageRejected, match="truncated"):
        decode_first_frame(picture, b"")
