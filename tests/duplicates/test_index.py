"""The search equals comparing each hash with each, whatever the hashes are."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from harvester.duplicates import index, join
from harvester.duplicates.index import MAX_DISTANCE, Pairs, find_pairs_between, find_pairs_within, unique_hashes

Hashes = NDArray[np.uint64]
Rows = list[tuple[int, int, int]]

DISTRIBUTIONS = (
    lambda rng, n: rng.integers(0, 2**64, n, np.uint64),
    lambda rng, n: rng.integers(0, 2**14, n, np.uint64) << np.uint64(25),  # all in one bucket of most choices
    lambda rng, n: _biased(rng, n, 0.03),  # around one centre
    lambda rng, n: rng.integers(0, 2**64, 3, np.uint64)[rng.integers(0, 3, n)] ^ _biased(rng, n, 0.05),
    lambda rng, n: rng.choice(rng.integers(0, 2**64, 1 + n // 20, np.uint64), n),  # identical ones
    lambda rng, n: np.where(rng.random(n) < 0.5, np.uint64(2**64 - 1), _biased(rng, n, 0.5)),
)


def _biased(rng: np.random.Generator, number: int, part: float) -> Hashes:
    bits = rng.random((number, 64)) < part
    return np.packbits(bits, axis=1).view(">u8").ravel().astype(np.uint64)


def _brute_force(left: Hashes, right: Hashes, distance: int) -> Rows:
    distances = np.bitwise_count(left[:, None] ^ right[None, :])
    rows, columns = np.nonzero(distances <= distance)
    return sorted(zip(rows.tolist(), columns.tolist(), distances[rows, columns].tolist(), strict=True))


def _rows(pairs: Pairs) -> Rows:
    assert (pairs.left.dtype, pairs.right.dtype, pairs.distance.dtype) == (np.int64, np.int64, np.uint8)
    return sorted(zip(pairs.left.tolist(), pairs.right.tolist(), pairs.distance.tolist(), strict=True))


def _pairs_of(hashes: Hashes, distance: int) -> Rows:
    return [row for row in _brute_force(hashes, hashes, distance) if row[0] < row[1]]


@pytest.fixture(params=["as it is", "cut", "in small buckets"])
def search_mode(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A few hundred hashes are compared each with each; made dear, they are cut and sorted, large buckets again."""
    if request.param != "as it is":
        monkeypatch.setattr(join, "_COMPARE_NS", 40.0)
        monkeypatch.setattr(join, "_CHOICE_NS", 1000.0)
        monkeypatch.setattr(join, "_MAX_CHOICES", 20)
        monkeypatch.setattr(join, "_ROWS_PER_CHUNK", 64)
        monkeypatch.setattr(index, "_ROWS_PER_CHUNK", 64)
        monkeypatch.setattr(index, "_MAX_DIRECT_HASHES", 4)
    if request.param == "in small buckets":
        monkeypatch.setattr(join, "_MAX_BUCKET", 8)
        monkeypatch.setattr(join, "_CELLS_PER_TILE", 512)
        monkeypatch.setattr(join, "_COLUMNS_PER_TILE", 64)
    yield request.param


LAW = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@given(st.integers(0, 2**32), st.integers(0, 300), st.sampled_from(DISTRIBUTIONS), st.integers(0, 8))
@LAW
def test_within_equals_comparing_each_with_each(
    search_mode: str, seed: int, number: int, kind: Callable[[np.random.Generator, int], Hashes], distance: int
) -> None:
    """Every pair is found once, left before right, with its distance, and no other; even and skewed, few and many."""
    hashes = kind(np.random.default_rng(seed), number)
    assert _rows(find_pairs_within(hashes, distance)) == _pairs_of(hashes, distance)


@given(
    st.integers(0, 2**32), st.integers(0, 150), st.integers(0, 300), st.sampled_from(DISTRIBUTIONS), st.integers(0, 8)
)
@LAW
def test_between_equals_comparing_each_with_each(
    search_mode: str,
    seed: int,
    new: int,
    known_count: int,
    kind: Callable[[np.random.Generator, int], Hashes],
    distance: int,
) -> None:
    """Positions left are those among the new, right those among the known; identical hashes are all named."""
    hashes = kind(np.random.default_rng(seed), new + known_count)
    pairs = find_pairs_between(hashes[:new], hashes[new:], distance)
    assert _rows(pairs) == _brute_force(hashes[:new], hashes[new:], distance)


@given(st.lists(st.integers(0, 2**64 - 1), max_size=30), st.integers(0, MAX_DISTANCE))
def test_any_few_hashes_are_searched_exactly(values: list[int], distance: int) -> None:
    """Hashes that hypothesis thinks of, such as 0 and 2**64 - 1, at any distance."""
    hashes = np.array(values, np.uint64)
    assert _rows(find_pairs_within(hashes, distance)) == _pairs_of(hashes, distance)
    assert _rows(find_pairs_between(hashes[::2], hashes[1::2], distance)) == _brute_force(
        hashes[::2], hashes[1::2], distance
    )


@pytest.mark.parametrize("number", [0, 1, 2, 63, 64, 65, 127, 128, 129, 200])
def test_sizes_around_the_batch_size_lose_nothing(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pieces of 64 hashes: pairs on both sides of a border are found, for all hashes in one bucket too."""
    for module, name, value in (
        *((join, "_ROWS_PER_CHUNK", 64), (join, "_MAX_BUCKET", 8), (index, "_ROWS_PER_CHUNK", 64)),
        *((join, "_COMPARE_NS", 40.0), (join, "_CHOICE_NS", 0.0), (join, "_MAX_CHOICES", 20)),
    ):
        monkeypatch.setattr(module, name, value)
    rng = np.random.default_rng(number)
    for hashes in (
        rng.integers(0, 2**64, number, np.uint64),
        np.arange(number, dtype=np.uint64),
        _biased(rng, number, 0.1),
    ):
        for distance in (0, 1, 4):
            assert _rows(find_pairs_within(hashes, distance)) == _pairs_of(hashes, distance)


@pytest.mark.parametrize("kind", DISTRIBUTIONS)
def test_thousands_are_searched_as_they_are(kind: Callable[[np.random.Generator, int], Hashes]) -> None:
    """Nothing made small: enough hashes that the search cuts by itself where that is cheaper."""
    hashes = kind(np.random.default_rng(5), 6000)
    unique = unique_hashes(hashes).unique
    assert _rows(find_pairs_within(unique, 4)) == _pairs_of(unique, 4)
    pairs = find_pairs_between(hashes[:40], unique, 4)
    assert _rows(pairs) == _brute_force(hashes[:40], unique, 4)


def test_identical_hashes_are_pairs_of_each_with_each() -> None:
    """k of them are k * (k - 1) / 2 pairs at distance 0; collapsed they are one hash and no pair."""
    same = np.full(300, 77, np.uint64)
    assert len(find_pairs_within(same, 0).left) == 300 * 299 // 2
    unique, inverse = unique_hashes(same)
    assert (unique.tolist(), set(inverse.tolist())) == ([77], {0})
    assert len(find_pairs_within(unique, 8).left) == 0


@given(st.lists(st.integers(0, 9)))
def test_collapsing_loses_nothing(values: list[int]) -> None:
    """The different hashes at the inverse positions are the hashes."""
    hashes = np.array(values, np.uint64)
    unique, inverse = unique_hashes(hashes)
    assert unique[inverse].tolist() == values
    assert unique.tolist() == sorted(set(values))


@pytest.mark.parametrize("distance", [-1, MAX_DISTANCE + 1])
def test_invalid_distances_are_refused(distance: int) -> None:
    """Before anything is searched."""
    hashes = np.zeros(2, np.uint64)
    with pytest.raises(ValueError, match="0 to 31 bits"):
        find_pairs_within(hashes, distance)
    with pytest.raises(ValueError, match="0 to 31 bits"):
        find_pairs_between(hashes, hashes, distance)
