"""The phash of a turned picture, from the frequencies of the picture as it is; and which pictures have none."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image, ImageDraw

from harvester.imaging.fingerprint import grey_plane, hashes
from harvester.imaging.frequencies import ORIENTATIONS, Frequencies, flat, lowest, orientations, packed, unpacked
from tests.imaging.pictures import encoded, photo, processed

PILLOWS = {
    "flip-horizontal": Image.Transpose.FLIP_LEFT_RIGHT,
    "flip-vertical": Image.Transpose.FLIP_TOP_BOTTOM,
    "rotate-180": Image.Transpose.ROTATE_180,
    "rotate-90": Image.Transpose.ROTATE_270,  # Pillow turns counter-clockwise
    "rotate-270": Image.Transpose.ROTATE_90,
    "transpose": Image.Transpose.TRANSPOSE,
    "transverse": Image.Transpose.TRANSVERSE,
}


def _frequencies(picture: Image.Image) -> Frequencies:
    coefficients = hashes(grey_plane(picture)).coefficients
    assert coefficients is not None
    assert len(coefficients) == 128
    return unpacked([coefficients])


def _turned(pixels: np.ndarray, word: str) -> np.ndarray:
    return np.asarray(Image.fromarray(pixels).transpose(PILLOWS[word])) if word in PILLOWS else pixels


@given(arrays(np.uint8, (32, 32)), st.sampled_from(sorted(ORIENTATIONS)))
@settings(deadline=None)
def test_frequencies_change_as_the_pixels_do(pixels: np.ndarray, word: str) -> None:
    """Of the same 32 x 32 pixels, flipped or turned, the frequencies are those the table says: for any pixels."""
    changed = ORIENTATIONS[word](lowest(pixels.astype(np.int64)))
    assert np.abs(changed - lowest(_turned(pixels, word).astype(np.int64))).max() <= 0.001


def test_there_are_eight_orientations() -> None:
    """As many as a square has, all different."""
    found = orientations(_frequencies(photo(1, 300, 200)))
    assert list(found) == ["same", *PILLOWS]
    assert len({int(hash_[0]) for hash_ in found.values()}) == 8


@pytest.mark.parametrize("size", [(120, 90), (300, 260), (701, 560), (512, 512)])
def test_a_turned_pictures_phash_is_known_without_it(size: tuple[int, int]) -> None:
    """Whatever its size, the derived phash is near the one of the picture when it is really turned."""
    distances = []
    for seed in range(5):
        picture = photo(seed, *size)
        found = orientations(_frequencies(picture))
        for word, transposition in PILLOWS.items():
            really = int(hashes(grey_plane(picture.transpose(transposition))).phash, 16)
            distances.append((int(found[word][0]) ^ really).bit_count())
    assert max(distances) <= 8
    assert sum(distances) / len(distances) <= 1.5


def test_packing_keeps_what_matters() -> None:
    """Sixteen bits hold every frequency there can be; phash loses a bit at most, where the middle two become one."""
    for pixels in (np.full((32, 32), 255), np.indices((32, 32)).sum(axis=0) % 2 * 255):
        assert np.isfinite(unpacked([packed(lowest(pixels.astype(np.int64)))])).all()
    lost = []
    for seed in range(60):
        found = hashes(grey_plane(photo(seed, 200, 150)))
        assert found.coefficients is not None
        same = int(orientations(unpacked([found.coefficients]))["same"][0])
        lost.append((same ^ int(found.phash, 16)).bit_count())
    print(f"\nphash of {sum(map(bool, lost))} in {len(lost)} pictures lost a bit")
    assert max(lost) <= 1
    assert sum(lost) <= 3


def _flats() -> dict[str, Image.Image]:
    across = np.linspace(0, 255, 400)[None, :].repeat(300, axis=0).astype(np.uint8)
    aslant = (np.add.outer(np.arange(300), np.arange(400)) / 3).astype(np.uint8)
    noise = np.random.default_rng(1).normal(128, 8, (300, 400, 3)).clip(0, 255).astype(np.uint8)
    halves = Image.new("L", (400, 300))
    ImageDraw.Draw(halves).rectangle((0, 0, 199, 299), fill=255)
    pictures = {"gradient": across, "slanting gradient": aslant, "noise": noise}
    colours = {name: Image.new("RGB", (400, 300), name) for name in ("white", "black", "teal")}
    return colours | {name: Image.fromarray(pixels) for name, pixels in pictures.items()} | {"halves": halves}


@pytest.mark.parametrize("name", sorted(_flats()))
@pytest.mark.parametrize("file_format", ["PNG", "JPEG"])
def test_pictures_without_information_are_flat(name: str, file_format: str) -> None:
    """Blank ones, single colours, gradients and noise, whatever the codec makes of them."""
    options = {"quality": 40} if file_format == "JPEG" else {}
    plane = processed(encoded(_flats()[name].convert("RGB"), file_format, **options), "original").plane
    coefficients = hashes(plane).coefficients
    assert coefficients is not None
    assert flat(unpacked([coefficients])).tolist() == [True]


def test_photographs_are_not_flat() -> None:
    """Nor is a dark one, nor a page of text."""
    page = Image.new("RGB", (480, 640), "white")
    for line in range(40, 600, 14):
        ImageDraw.Draw(page).text((40, line), "Every picture converted and named, every byte kept"[: 20 + line % 31], 0)
    dark = photo(3, 300, 200).point(lambda level: level // 8)
    pictures = [photo(1, 300, 200), dark, page]
    assert flat(np.concatenate([_frequencies(picture) for picture in pictures])).tolist() == [False] * 3
