"""Pictures that look alike once one of them is flipped or turned."""

from PIL import Image

from harvester.duplicates.look import TURNED, measured, turned
from harvester.imaging.fingerprint import grey_plane, hashes
from tests.imaging.pictures import photo
from tests.imaging.test_frequencies import PILLOWS


def _coefficients(picture: Image.Image) -> bytes:
    found = hashes(grey_plane(picture)).coefficients
    assert found is not None
    return found


def test_every_orientation_is_found_and_named() -> None:
    """Each pair once, with the word for what makes the left one look like the right one, wherever the two stand."""
    one, others = photo(1, 400, 300), [photo(seed, 400, 300) for seed in (2, 3, 4)]
    for word, transposition in PILLOWS.items():
        for pictures, expected in (
            ([*others, one, one.transpose(transposition)], (3, 4)),
            ([one, *others, one.transpose(transposition)], (0, 4)),
        ):
            found = turned(measured(map(_coefficients, pictures)), 4)
            assert [*zip(found.left.tolist(), found.right.tolist(), strict=True)] == [expected], word
            assert TURNED[found.orientation[0]] == word
            assert found.distance[0] <= 4


def test_what_looks_alike_without_a_turn_is_no_turned_pair() -> None:
    """A picture and its copy, also a symmetric one; nor is a picture a pair with itself."""
    half = photo(5, 200, 300)
    symmetric = Image.new("RGB", (400, 300))
    symmetric.paste(half, (0, 0))
    symmetric.paste(half.transpose(Image.Transpose.FLIP_LEFT_RIGHT), (200, 0))
    pictures = [symmetric, symmetric, photo(6, 400, 300), photo(6, 400, 300)]
    assert len(turned(measured(map(_coefficients, pictures)), 4).left) == 0


def test_flat_pictures_are_in_no_pair() -> None:
    """Two gradients, one from left to right and one from top to bottom, would be each other turned."""
    gradient = Image.linear_gradient("L").resize((300, 300))
    pictures = [gradient, gradient.transpose(Image.Transpose.ROTATE_90), Image.new("RGB", (9, 9))]
    assert len(turned(measured(map(_coefficients, pictures)), 8).left) == 0


def test_no_pictures_are_no_pairs() -> None:
    """Nothing is asked of nothing."""
    assert len(turned(measured([]), 4).left) == 0
