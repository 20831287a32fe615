"""Numbers over the whole collection are those that counting by hand gives. On both databases."""

import statistics

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, delete, insert

from harvester.catalogue import statistics as catalogue_statistics
from harvester.catalogue.schema import blobs

BlobFacts = tuple[str, bool, int, int, int]

_sizes = st.integers(1, 70_000)
_blobs = st.lists(
    st.tuples(st.sampled_from(["JPEG", "PNG", "GIF"]), st.booleans(), _sizes, _sizes, st.integers(1, 2**40)), max_size=9
)


def insert_blobs(connection: Connection, entries: list[BlobFacts]) -> None:
    """Make the catalogue know just these blobs."""
    connection.execute(delete(blobs))
    for number, (file_format, animated, width, height, size) in enumerate(entries):
        hashes = dict.fromkeys(("phash", "dhash", "average", "whash"), "0" * 16)
        facts = {"format": file_format, "animated": animated, "width": width, "height": height, "bytes": size}
        rest = {"ext": "x", "mode": "RGB", "frames": 1, "fingerprint_version": 1, "stored_at": 0, **hashes}
        connection.execute(insert(blobs).values(sha256=f"{number:064x}", **facts, **rest))


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(entries=_blobs)
def test_sums_and_deviations_are_those_of_the_numbers(connection: Connection, entries: list[BlobFacts]) -> None:
    """Total, least, most, mean and standard deviation over all kinds together; equal numbers deviate by nothing."""
    with connection.begin_nested() as example:
        insert_blobs(connection, entries)
        kinds = catalogue_statistics.stats_by_format(connection)
        for summary, numbers in (
            (catalogue_statistics.merge_summaries([kind.bytes for kind in kinds]), [size for *_, size in entries]),
            (
                catalogue_statistics.merge_summaries([kind.pixels for kind in kinds]),
                [width * height for *_, width, height, _ in entries],
            ),
        ):
            assert (summary.number, summary.total) == (len(numbers), sum(numbers))
            assert summary.least == min(numbers, default=None)
            assert summary.most == max(numbers, default=None)
            if numbers:
                assert summary.mean == pytest.approx(statistics.mean(numbers))
            if len(numbers) > 2:
                assert summary.deviation == pytest.approx(statistics.stdev(numbers), rel=1e-6, abs=1e-3)
            else:
                assert summary.deviation is None
        if entries:
            pixels = catalogue_statistics.merge_summaries([kind.pixels for kind in kinds])
            width, height = catalogue_statistics.find_size_by_pixels(connection, pixels.most or 0)
            assert width * height == pixels.most
        assert sum(kind.bytes.number for kind in kinds if kind.animated) == sum(moves for _, moves, *_ in entries)
        example.rollback()
