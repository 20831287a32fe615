"""Progressive JPEGs at an eighth of their size: scans that do not matter there are left out, and nobody can tell."""

from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from harvester.errors import ImageRejected
from harvester.imaging.convert import process_image
from harvester.imaging.decode import DECODE_ERRORS, without_ac_scans
from harvester.imaging.fingerprint import compute_hashes, make_grey_plane
from tests.imaging.pictures import encoded, photo, processed, small_limits

MANY_EXAMPLES = settings(max_examples=150, deadline=None, database=None)
LARGE = encoded(photo(3, 1100, 1024), "JPEG", progressive=True)


def _decode_at_an_eighth(data: bytes) -> bytes:
    with Image.open(BytesIO(data), formats=("JPEG",)) as image:
        image.draft("L", (1, 1))
        image.load()
        assert image.format == "JPEG"
        return bytes(image.tobytes())


def _full_decode_outcome(data: bytes) -> str:
    """What decoding all of it at an eighth says."""
    try:
        _decode_at_an_eighth(data)
    except Image.DecompressionBombError:  # a damaged header can ask for that, too
        return "too-many-pixels"
    except DECODE_ERRORS as error:
        return "truncated" if "runcated" in str(error) else "broken"
    return "done"


@MANY_EXAMPLES
@given(
    size=st.tuples(st.integers(8, 90), st.integers(8, 90)),  # a shorter side is never drafted to an eighth
    mode=st.sampled_from(("RGB", "L")),
    quality=st.integers(1, 100),
    sampling=st.sampled_from(("4:4:4", "4:2:2", "4:2:0")),
)
def test_the_pixels_are_identical(size: tuple[int, int], mode: str, quality: int, sampling: str) -> None:
    """Whatever the size, the quality and the sampling, the small picture without AC scans is the one with them."""
    picture = photo(sum(size), *size).convert(mode)
    options = {"subsampling": sampling} if mode == "RGB" else {}
    data = encoded(picture, "JPEG", progressive=True, quality=quality, **options)
    reduced = without_ac_scans(data)
    assert reduced is not None
    assert len(reduced) <= len(data)
    assert _decode_at_an_eighth(reduced) == _decode_at_an_eighth(data)


def test_most_of_a_photograph_is_left_out() -> None:
    """Nine tenths of the file are AC coefficients."""
    assert len(without_ac_scans(LARGE) or b"") < len(LARGE) / 5


@pytest.mark.parametrize("size", [(1100, 1024), (700, 1030), (540, 300)])
def test_hashes_are_those_of_the_whole_file(size: tuple[int, int]) -> None:
    """Large enough for an eighth or not, the hashes are those of the file decoded as it is, as small as it may be."""
    data = encoded(photo(4, *size), "JPEG", progressive=True)
    with Image.open(BytesIO(data)) as whole:
        whole.draft("L", (128, 128))
        expected = compute_hashes(make_grey_plane(whole))
    assert compute_hashes(processed(data, "jpeg").plane) == expected


@pytest.mark.parametrize(
    "data",
    [
        encoded(photo(1, 64, 64), "JPEG"),
        encoded(photo(1, 64, 64), "JPEG", progressive=True, restart_marker_rows=1),
        LARGE[:-2],
        LARGE[:2] + b"\xff" + LARGE[2:],
        LARGE[:300],
        b"\xff\xd8",
        b"",
    ],
    ids=["baseline", "restart-markers", "no-end", "fill-byte", "cut", "start-only", "nothing"],
)
def test_other_jpegs_are_not_reduced(data: bytes) -> None:
    """Only files of the usual parts are taken apart; all others are decoded as they are."""
    assert without_ac_scans(data) is None


@MANY_EXAMPLES
@given(st.data())
def test_damage_is_judged_as_in_the_whole_file(data_source: st.DataObject) -> None:
    """Bytes changed, cut out or put in anywhere: a file is refused when decoding all of it fails, and only then."""
    data = bytearray(LARGE)
    head = len(without_ac_scans(LARGE) or b"")  # tables and headers lie at the start of their scans: aim there as often
    for _ in range(data_source.draw(st.integers(1, 4))):
        at = data_source.draw(st.one_of(st.integers(2, len(data) - 1), st.integers(2, min(head, len(data) - 1))))
        data[at : at + data_source.draw(st.integers(0, 6))] = data_source.draw(st.binary(max_size=6))
    damaged = bytes(data)
    try:
        process_image(damaged, small_limits())
        outcome = "done"
    except ImageRejected as refused:
        outcome = refused.reason
    # What the header or the missing end says is judged before anything is decoded.
    assert outcome in {_full_decode_outcome(damaged), "too-many-pixels", "not-an-image", "truncated"}
    assert outcome != "done" or _full_decode_outcome(damaged) == "done"
