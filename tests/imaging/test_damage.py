"""Damaged files: each is refused for what it is, or decoded; nothing else ever comes out of `process`."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harvester.errors import ImageRejected
from harvester.imaging.convert import process_image
from harvester.imaging.fingerprint import compute_hashes
from harvester.reasons import REASONS
from tests.imaging.pictures import encoded, photo, processed, samples, small_limits

FILES = dict(samples())
TRAILING_BYTES = {"gif": 1, "gif-moving": 1, "tiff-pages": 4}  # bytes at the end without meaning: trailer, padding
MANY_EXAMPLES = settings(max_examples=250, deadline=None, database=None)


def _truncation_points(data: bytes) -> list[int]:
    """Where to cut: densely in the header and at the end, and at forty places between."""
    length = len(data)
    return sorted({*range(16, 60, 3), *range(60, length, max(1, length // 40)), *range(length - 24, length)})


def _outcome(data: bytes) -> str:
    """The reason of the refusal, or "done"; any other exception fails the test."""
    try:
        result = process_image(data, small_limits())
    except ImageRejected as refused:
        assert refused.reason in REASONS
        return refused.reason
    compute_hashes(result.plane)
    return "done"


@pytest.mark.parametrize("name", FILES)
def test_whole_files_are_accepted(name: str) -> None:
    """The undamaged files of the following tests are all decoded."""
    assert _outcome(FILES[name]) == "done"


@pytest.mark.parametrize("name", FILES)
def test_a_file_truncated_anywhere_is_refused(name: str) -> None:
    """However many bytes are missing at the end, the picture is refused as truncated."""
    data = FILES[name]
    outcomes = {
        end: _outcome(data[:end]) for end in _truncation_points(data) if end < len(data) - TRAILING_BYTES.get(name, 0)
    }
    assert set(outcomes.values()) == {"truncated"}, outcomes


def test_a_large_photograph_truncated_anywhere_is_refused_by_the_reduced_decode_too() -> None:
    """Decoding at reduced scale finds the same cuts as decoding in full."""
    for options in ({"quality": 85}, {"progressive": True}):
        data = encoded(photo(9, 640, 540), "JPEG", **options)
        assert processed(data, "jpeg").rendition is None
        for end in _truncation_points(data):
            with pytest.raises(ImageRejected, match="truncated"):
                processed(data[:end], "jpeg")


def test_a_png_without_its_end_is_truncated() -> None:
    """The end chunk is missed even though all pixels are there; what follows it does not matter."""
    data = FILES["png"]
    assert _outcome(data[:-12]) == "truncated"
    assert _outcome(data + b"trailing bytes") == "done"


def test_a_gif_needs_all_its_blocks_but_not_its_trailer() -> None:
    """A GIF may lack the last byte, but not a part of a later frame, nor a frame that was announced."""
    data = FILES["gif-moving"]
    assert _outcome(data[:-1]) == "done"
    assert _outcome(data[:-2]) == "truncated"
    second = data.index(b"\x21\xf9", len(data) // 2)
    assert _outcome(data[: second + 8]) == "truncated"
    assert _outcome(data + bytes(30)) == "done"


def test_pixels_that_cannot_be_decoded_are_broken() -> None:
    """A complete file with garbage for pixels is broken, not truncated."""
    data = FILES["png"]
    start = data.index(b"IDAT") + 4
    assert _outcome(data[:start] + b"\xa5" * 500 + data[start + 500 :]) == "broken"
    data = FILES["jpeg"]
    tables = data.index(b"\xff\xc4") + 4
    assert _outcome(data[:tables] + b"\xa5" * (len(data) - tables)) == "broken"


@MANY_EXAMPLES
@given(st.binary(max_size=400))
def test_arbitrary_bytes_are_refused(data: bytes) -> None:
    """Bytes that nobody made a picture of are refused with a known reason, whatever they are."""
    assert _outcome(data) != "done"


@MANY_EXAMPLES
@given(st.sampled_from(sorted(FILES)), st.data())
def test_arbitrary_bytes_after_a_valid_header_do_no_harm(name: str, data: st.DataObject) -> None:
    """A real header followed by anything is decoded or refused."""
    header_length = data.draw(st.integers(12, 400))
    _outcome(FILES[name][:header_length] + data.draw(st.binary(max_size=300)))


@MANY_EXAMPLES
@given(st.sampled_from(sorted(FILES)), st.lists(st.tuples(st.integers(0, 9999), st.integers(0, 255)), max_size=8))
def test_changed_bytes_do_no_harm(name: str, changes: list[tuple[int, int]]) -> None:
    """A file with a few bytes changed, most of them in its first half kilobyte, is decoded or refused."""
    data = bytearray(FILES[name])
    for place, value in changes:
        data[(place if place % 3 == 0 else place % 512) % len(data)] = value
    _outcome(bytes(data))


@MANY_EXAMPLES
@given(st.sampled_from(sorted(FILES)), st.sampled_from(sorted(FILES)), st.data())
def test_spliced_files_do_no_harm(name: str, other: str, data: st.DataObject) -> None:
    """A piece taken out, put in twice or taken from another file is decoded or refused."""
    whole, piece = FILES[name], FILES[other]
    start, end = sorted(data.draw(st.tuples(st.integers(0, len(whole)), st.integers(0, len(whole)))))
    begin = data.draw(st.integers(0, len(piece)))
    _outcome(whole[:start] + piece[begin : begin + data.draw(st.integers(0, 200))] + whole[end:])
