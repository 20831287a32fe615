"""The phash of a turned picture, from the frequencies of the picture as it is; and which pictures have none."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image, ImageDraw

from harvester.imaging.dct import (
    ORIENTATIONS,
    Frequencies,
    is_low_detail,
    low_frequencies,
    pack_frequencies,
    phashes_by_orientation,
    unpack_frequencies,
)
from harvester.imaging.fingerprint import compute_hashes, make_grey_plane
from tests.imaging.pictures import encoded, photo, processed

TRANSPOSITIONS = {
    "flip-horizontal": Image.Transpose.FLIP_LEFT_RIGHT,
    "flip-vertical": Image.Transpose.FLIP_TOP_BOTTOM,
    "rotate-180": Image.Transpose.ROTATE_180,
    "rotate-90": Image.Transpose.ROTATE_270,  # Pillow turns counter-clockwise
    "rotate-270": Image.Transpose.ROTATE_90,
    "transpose": Image.Transpose.TRANSPOSE,
    "transverse": Image.Transpose.TRANSVERSE,
}


def _frequencies(picture: Image.Image) -> Frequencies:
    coefficients = compute_hashes(make_grey_plane(picture)).coefficients
    assert coefficients is not None
    assert len(coefficients) == 128
    return unpack_frequencies([coefficients])


def _rotated(pixels: np.ndarray, word: str) -> np.ndarray:
    return np.asarray(Image.fromarray(pixels).transpose(TRANSPOSITIONS[word])) if word in TRANSPOSITIONS else pixels


@given(arrays(np.uint8, (32, 32)), st.sampled_from(sorted(ORIENTATIONS)))
@settings(deadline=None)
def test_frequencies_change_as_the_pixels_do(pixels: np.ndarray, word: str) -> None:
    """Of the same 32 x 32 pixels, flipped or turned, the frequencies are those the table says: for any pixels."""
    changed = ORIENTATIONS[word](low_frequencies(pixels.astype(np.int64)))
    assert np.abs(changed - low_frequencies(_rotated(pixels, word).astype(np.int64))).max() <= 0.001


def test_there_are_eight_orientations() -> None:
    """As many as a square has, all different."""
    hashes_by_orientation = phashes_by_orientation(_frequencies(photo(1, 300, 200)))
    assert list(hashes_by_orientation) == ["same", *TRANSPOSITIONS]
    assert len({int(hash_[0]) for hash_ in hashes_by_orientation.values()}) == 8


@pytest.mark.parametrize("size", [(120, 90), (300, 260), (701, 560), (512, 512)])
def test_the_phash_of_a_rotated_picture_is_derived(size: tuple[int, int]) -> None:
    """Whatever its size, the derived phash is near the one of the picture when it is really turned."""
    distances = []
    for seed in range(5):
        picture = photo(seed, *size)
        hashes_by_orientation = phashes_by_orientation(_frequencies(picture))
        for word, transposition in TRANSPOSITIONS.items():
            expected = int(compute_hashes(make_grey_plane(picture.transpose(transposition))).phash, 16)
            distances.append((int(hashes_by_orientation[word][0]) ^ expected).bit_count())
    assert max(distances) <= 8
    assert sum(distances) / len(distances) <= 1.5


def test_packing_keeps_the_phash() -> None:
    """Sixteen bits hold every frequency there can be; phash loses a bit at most, where the middle two become one."""
    for pixels in (np.full((32, 32), 255), np.indices((32, 32)).sum(axis=0) % 2 * 255):
        assert np.isfinite(unpack_frequencies([pack_frequencies(low_frequencies(pixels.astype(np.int64)))])).all()
    lost_bits = []
    for seed in range(60):
        picture_hashes = compute_hashes(make_grey_plane(photo(seed, 200, 150)))
        assert picture_hashes.coefficients is not None
        same = int(phashes_by_orientation(unpack_frequencies([picture_hashes.coefficients]))["same"][0])
        lost_bits.append((same ^ int(picture_hashes.phash, 16)).bit_count())
    print(f"\nphash of {sum(map(bool, lost_bits))} in {len(lost_bits)} pictures lost a bit")
    assert max(lost_bits) <= 1
    assert sum(lost_bits) <= 3


def _low_detail_pictures() -> dict[str, Image.Image]:
    across = np.linspace(0, 255, 400)[None, :].repeat(300, axis=0).astype(np.uint8)
    diagonal = (np.add.outer(np.arange(300), np.arange(400)) / 3).astype(np.uint8)
    noise = np.random.default_rng(1).normal(128, 8, (300, 400, 3)).clip(0, 255).astype(np.uint8)
    halves = Image.new("L", (400, 300))
    ImageDraw.Draw(halves).rectangle((0, 0, 199, 299), fill=255)
    pictures = {"gradient": across, "slanting gradient": diagonal, "noise": noise}
    colours = {name: Image.new("RGB", (400, 300), name) for name in ("white", "black", "teal")}
    return colours | {name: Image.fromarray(pixels) for name, pixels in pictures.items()} | {"halves": halves}


@pytest.mark.parametrize("name", sorted(_low_detail_pictures()))
@pytest.mark.parametrize("file_format", ["PNG", "JPEG"])
def test_pictures_without_information_are_low_detail(name: str, file_format: str) -> None:
    """Blank ones, single colours, gradients and noise, whatever the codec makes of them."""
    options = {"quality": 40} if file_format == "JPEG" else {}
    plane = processed(encoded(_low_detail_pictures()[name].convert("RGB"), file_format, **options), "original").plane
    coefficients = compute_hashes(plane).coefficients
    assert coefficients is not None
    assert is_low_detail(unpack_frequencies([coefficients])).tolist() == [True]


def test_photographs_are_not_low_detail() -> None:
    """Nor is a dark one, nor a page of text."""
    page = Image.new("RGB", (480, 640), "white")
    for line in range(40, 600, 14):
        ImageDraw.Draw(page).text((40, line), "Every picture converted and named, every byte kept"[: 20 + line % 31], 0)
    dark = photo(3, 300, 200).point(lambda level: level // 8)
    pictures = [photo(1, 300, 200), dark, page]
    assert is_low_detail(np.concatenate([_frequencies(picture) for picture in pictures])).tolist() == [False] * 3
