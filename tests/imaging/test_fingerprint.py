"""The hashes against those imagehash makes of the full picture."""

import io
import re
from dataclasses import asdict
from typing import Any

import imagehash
import pytest
from PIL import Image

from harvester.imaging.fingerprint import compute_hashes, make_grey_plane
from harvester.imaging.types import Hashes
from tests.imaging.pictures import encoded, photo, processed

NAMES = ("phash", "dhash", "average", "whash")


def _reference(picture: Image.Image) -> dict[str, str]:
    """What imagehash makes of the whole picture, decoded in full and not reduced."""
    return {
        "phash": str(imagehash.phash(picture)),
        "dhash": str(imagehash.dhash(picture)),
        "average": str(imagehash.average_hash(picture)),
        "whash": str(imagehash.whash(picture, image_scale=64)),
    }


def _opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data)).convert("RGB")


def _own_hashes(data: bytes) -> dict[str, Any]:
    values = asdict(compute_hashes(processed(data, "original").plane))
    return {name: values[name] for name in NAMES}


def _distances(first: dict[str, Any], second: dict[str, Any]) -> list[int]:
    return [(int(first[name], 16) ^ int(second[name], 16)).bit_count() for name in NAMES]


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "GIF", "WEBP"])
@pytest.mark.parametrize("size", [(8, 8), (200, 300), (255, 900), (1200, 255), (64, 64)])
def test_below_256_pixels_the_hashes_are_exactly_those_of_imagehash(file_format: str, size: tuple[int, int]) -> None:
    """A picture whose shorter side is below 256 pixels is not reduced in any way."""
    data = encoded(photo(sum(size), *size), file_format)
    assert _own_hashes(data) == _reference(_opened(data))


@pytest.mark.parametrize("options", [{"format": "JPEG", "quality": 85}, {"format": "PNG", "compress_level": 1}])
def test_large_pictures_are_within_four_bits(options: dict[str, Any]) -> None:
    """Sixty larger pictures, JPEGs by the reduced decode and PNGs by averaging: no hash is further off than 4 bits."""
    distances = []
    for seed in range(60):
        picture = photo(seed, 512 + 13 * (seed % 7) * (seed % 3 + 1), 512 + 9 * (seed % 11) * (seed % 4))
        data = encoded(picture, options["format"], **{key: options[key] for key in options if key != "format"})
        distances += _distances(_own_hashes(data), _reference(_opened(data)))
    print(f"\n{options['format']}: max {max(distances)}, mean {sum(distances) / len(distances):.3f} bits")
    assert max(distances) <= 4
    assert sum(distances) / len(distances) < 0.5


@pytest.mark.parametrize("size", [(300, 260), (700, 560), (1300, 1030)])
def test_png_and_jpeg_of_one_picture_have_nearly_the_same_hashes(size: tuple[int, int]) -> None:
    """A JPEG of quality 95 is within 2 bits of the PNG it was made of."""
    for seed in range(3):
        picture = photo(100 + seed, *size)
        pair = (
            _own_hashes(encoded(picture, "PNG", compress_level=1)),
            _own_hashes(encoded(picture, "JPEG", quality=95)),
        )
        assert max(_distances(*pair)) <= 2


def test_different_pictures_have_different_hashes() -> None:
    """Pictures that do not look alike are many bits apart."""
    first, second = (_own_hashes(encoded(photo(seed, 300, 260), "PNG")) for seed in (1, 2))
    assert min(_distances(first, second)) >= 8


@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (5000, 1), (2, 3), (7, 600)])
def test_tiny_and_extreme_pictures_have_hashes(size: tuple[int, int]) -> None:
    """Any size from 1 × 1 gives four hashes of 16 lower-case hex digits."""
    for file_format in ("PNG", "JPEG"):
        values = _own_hashes(encoded(photo(1, max(size[0], 2), max(size[1], 2)).crop((0, 0, *size)), file_format))
        assert all(re.fullmatch("[0-9a-f]{16}", values[name]) for name in NAMES)


def test_the_plane_keeps_at_least_128_pixels() -> None:
    """The shorter side of what is hashed is 128 to 255 pixels for large pictures, and untouched for small ones."""
    for shorter, expected in ((255, 255), (256, 128), (383, 192), (384, 128), (1023, 147), (3000, 131)):
        assert min(make_grey_plane(Image.new("RGB", (shorter, 3000))).size) == expected
    for shorter in (256, 900, 1023, 1024, 2600):
        data = encoded(Image.new("RGB", (shorter, 2600), (9, 99, 199)), "JPEG")
        assert 128 <= min(processed(data, "jpeg").plane.size) < 256


def test_hashes_are_a_value() -> None:
    """Equal pictures give equal hashes."""
    plane = make_grey_plane(photo(1, 64, 64))
    assert compute_hashes(plane) == compute_hashes(plane.copy())
    assert isinstance(compute_hashes(plane), Hashes)
