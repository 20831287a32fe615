"""Thumbnails that keep animation."""

from io import BytesIO

import pytest
from PIL import Image

from harvester.imaging.convert import process_image
from harvester.imaging.types import ConversionOptions
from tests.imaging.pictures import encoded, photo


def _animation(kind: str, frames: int, size: tuple[int, int]) -> bytes:
    pictures = [photo(seed, *size) for seed in range(frames)]
    return encoded(pictures[0], kind, save_all=True, append_images=pictures[1:], duration=[50, 70, 90][:frames])


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
def test_the_thumbnail_of_an_animation_moves(kind: str) -> None:
    """All frames with their times, the longest side 280 pixels, the shape kept."""
    preview = process_image(_animation(kind, 3, (700, 350)), ConversionOptions(format="original", preview=280)).preview
    assert preview is not None
    assert preview.ext == "webp"
    with Image.open(BytesIO(preview.data)) as small:
        assert (small.size, getattr(small, "n_frames", 1)) == ((280, 140), 3)


@pytest.mark.parametrize(("size", "small"), [((700, 350), (280, 140)), ((90, 300), (84, 280)), ((64, 48), (64, 48))])
def test_the_thumbnail_of_a_still_picture_is_a_jpeg(size: tuple[int, int], small: tuple[int, int]) -> None:
    """Made to fit, never enlarged."""
    preview = process_image(encoded(photo(1, *size), "PNG"), ConversionOptions(format="original", preview=280)).preview
    assert preview is not None
    with Image.open(BytesIO(preview.data)) as image:
        assert (image.format, image.size) == ("JPEG", small)


def test_an_animation_is_shown_up_to_its_first_broken_frame() -> None:
    """The third of three frames cannot be decoded: the picture is kept, and its thumbnail has the two before."""
    data = _animation("WEBP", 3, (320, 320))
    at = data.rindex(b"ANMF") + 224  # within the pixels of the last frame
    preview = process_image(
        data[:at] + b"\xff" * 60 + data[at + 60 :], ConversionOptions(format="original", preview=100)
    ).preview
    assert preview is not None
    with Image.open(BytesIO(preview.data)) as small:
        assert (preview.ext, getattr(small, "n_frames", 1)) == ("webp", 2)


def test_a_thumbnail_is_made_only_on_request() -> None:
    """Nobody else pays for it."""
    assert process_image(_animation("GIF", 3, (320, 320)), ConversionOptions(format="original")).preview is None
