"""Search for all pairs of distinct hashes within a distance, by sorting into buckets, in threads.

Memory: a copy of the hashes and some MB for each thread, and the pairs. A bucket of any size is searched completely; a
large one is cut again by the bits in which its hashes may still differ, so skewed hashes cost time but no memory.
"""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from math import comb

import numpy as np
import numpy.typing as npt

from harvester.duplicates.bit_blocks import BlockChoice, HashArray, block_choices, block_edges

_COMPARE_NS, _CANDIDATE_NS, _SORT_NS = 1.3, 15.0, 60.0
"""Nanoseconds to compare a pair in a full comparison, to compare a pair in a bucket, and to sort one hash."""

_CHOICE_NS = 100_000.0  # nanoseconds of overhead for each choice

_MAX_SAMPLED_PAIRS = 2**20  # largest number of pairs drawn to estimate costs

_MAX_EXTRA_BLOCKS = 7  # largest number of blocks beyond the minimum

_MAX_CHOICES = 1000  # largest number of choices of blocks


def cheapest_block_count(hashes: HashArray, bits: int, distance: int) -> int | None:
    """The best number of blocks for the lowest `bits` bits, the only ones that differ; None for a full comparison."""
    hash_count = len(hashes)
    all_pairs = hash_count * (hash_count - 1) / 2
    best_count, lowest_cost = None, _COMPARE_NS * all_pairs
    if bits <= distance + 1 or lowest_cost <= _CHOICE_NS * (distance + 1):
        return None
    sample = _sample_differences(hashes)
    for block_count in range(distance + 1, min(bits, distance + 1 + _MAX_EXTRA_BLOCKS) + 1):
        choice_count = comb(block_count, distance)
        if choice_count > _MAX_CHOICES or choice_count * _SORT_NS * hash_count > lowest_cost:
            break
        uniform_share = choice_count / 2.0 ** (bits * (block_count - distance) / block_count)
        candidates = max(_mean_meetings(sample, bits, block_count, distance), uniform_share) * all_pairs
        estimate = choice_count * (_CHOICE_NS + _SORT_NS * hash_count) + _CANDIDATE_NS * candidates
        if estimate < lowest_cost:
            best_count, lowest_cost = block_count, estimate
    return best_count


def _sample_differences(hashes: HashArray) -> HashArray:
    """Left ^ right of random pairs, drawn with a fixed seed so that the same hashes give the same plan."""
    generator = np.random.default_rng(len(hashes))
    pair_count = min(4 * len(hashes), _MAX_SAMPLED_PAIRS)
    left = generator.integers(0, len(hashes), pair_count)
    right = generator.integers(1, len(hashes), pair_count)  # never 0, which would pair a hash with itself
    sample: npt.NDArray[np.uint64] = hashes[left] ^ hashes[(left + right) % len(hashes)]
    return sample


def _mean_meetings(sample: HashArray, bits: int, block_count: int, distance: int) -> float:
    """The average number of choices in which a pair is met."""
    equal_blocks = np.zeros(len(sample), np.uint8)
    for low, high in block_edges(bits, block_count):
        equal_blocks += (sample & np.uint64((1 << high) - (1 << low))) == 0
    weights = [comb(number, block_count - distance) for number in range(block_count + 1)]
    return float(np.dot(np.bincount(equal_blocks, minlength=block_count + 1), weights)) / len(sample)


_MAX_BUCKET = 256  # hashes; buckets up to this size are compared neighbour by neighbour

_ROWS_PER_CHUNK = 2**17  # hashes processed at a time, so that temporary arrays stay in the processor cache

_CELLS_PER_TILE, _COLUMNS_PER_TILE = 2**17, 2**12  # comparisons at a time, for the same reason

_MAX_THREADS = 4  # each thread holds a copy of the hashes

Positions = npt.NDArray[np.int64]

Distances = npt.NDArray[np.uint8]

HashPairs = tuple[HashArray, HashArray]
"""The left and the right hash of each pair, as two arrays of equal length."""


def find_pairs(hashes: HashArray, distance: int) -> Iterator[HashPairs]:
    """Each pair of hashes within a distance, once, in any order and direction; `hashes` must be distinct."""
    block_count = cheapest_block_count(hashes, 64, distance)
    if block_count is None:
        yield from _compare_all(hashes, distance)
        return
    with ThreadPoolExecutor(min(_MAX_THREADS, len(os.sched_getaffinity(0)))) as pool:
        for batch in pool.map(
            lambda choice: list(_pairs_of_choice(hashes, choice, distance)), block_choices(64, block_count, distance)
        ):
            yield from batch


def _pairs_in_bucket(hashes: HashArray, free_bits: int, distance: int) -> Iterator[HashPairs]:
    """Like `find_pairs`, for hashes that differ only in the `free_bits` lowest bits."""
    block_count = cheapest_block_count(hashes, free_bits, distance)
    if block_count is None:
        yield from _compare_all(hashes, distance)
        return
    for choice in block_choices(free_bits, block_count, distance):
        yield from _pairs_of_choice(hashes, choice, distance)


def _pairs_of_choice(hashes: HashArray, choice: BlockChoice, distance: int) -> Iterator[HashPairs]:
    """The pairs that are equal in the chosen blocks and count in this choice."""
    sorted_hashes = np.empty_like(hashes)
    starts = range(0, len(hashes), _ROWS_PER_CHUNK)
    for start in starts:
        sorted_hashes[start : start + _ROWS_PER_CHUNK] = choice.move_chosen_up(hashes[start : start + _ROWS_PER_CHUNK])
    sorted_hashes.sort()
    large_buckets = np.array(list(_find_large_buckets(sorted_hashes, choice.free_bits)), np.int64).reshape(-1, 2)
    inside = (_pairs_in_bucket(sorted_hashes[first:end], choice.free_bits, distance) for first, end in large_buckets)
    outside = (_neighbour_pairs(sorted_hashes, choice.free_bits, distance, start, large_buckets) for start in starts)
    for left, right in chain(chain.from_iterable(inside), outside):
        left, right = choice.restore(left), choice.restore(right)
        is_first = choice.is_first_meeting(left ^ right)
        if is_first.any():
            yield left[is_first], right[is_first]


def _find_large_buckets(sorted_hashes: HashArray, free_bits: int) -> Iterator[tuple[int, int]]:
    """(first, end) of each bucket with more than `_MAX_BUCKET` hashes."""
    covered_to = 0
    for start in range(0, len(sorted_hashes) - _MAX_BUCKET, _ROWS_PER_CHUNK):
        chunk = sorted_hashes[start : start + _ROWS_PER_CHUNK + _MAX_BUCKET]
        positions = np.flatnonzero((chunk[_MAX_BUCKET:] ^ chunk[:-_MAX_BUCKET]) < np.uint64(1 << free_bits))
        for first in start + positions[np.diff(positions, prepend=-2) > 1]:
            if first >= covered_to:
                last_possible = int(sorted_hashes[first]) | ((1 << free_bits) - 1)
                covered_to = int(np.searchsorted(sorted_hashes, np.uint64(last_possible), side="right"))
                yield int(first), covered_to


def _neighbour_pairs(
    sorted_hashes: HashArray, free_bits: int, distance: int, start: int, large: npt.NDArray[np.int64]
) -> HashPairs:
    """Pairs in the small buckets whose left hash is one of the `_ROWS_PER_CHUNK` hashes from `start` on."""
    chunk = sorted_hashes[start : start + _ROWS_PER_CHUNK + _MAX_BUCKET]
    differences = chunk[1:] ^ chunk[:-1]
    same_bucket = np.append(differences < np.uint64(1 << free_bits), False)  # as the next hash
    in_chunk = slice(np.searchsorted(large[:, 1], start, "right"), np.searchsorted(large[:, 0], start + len(chunk)))
    for first, end in large[in_chunk]:
        same_bucket[max(0, first - start) : end - start] = False
    positions = np.flatnonzero(same_bucket[:_ROWS_PER_CHUNK])
    close = positions[np.bitwise_count(differences[positions]) <= distance]
    parts = [(chunk[close], chunk[close + 1])]
    gap = 1
    while len(positions := positions[same_bucket[positions + gap]]):
        gap += 1
        left, right = chunk[positions], chunk[positions + gap]
        is_close = np.bitwise_count(left ^ right) <= distance
        parts.append((left[is_close], right[is_close]))
    lefts, rights = zip(*parts, strict=True)
    return np.concatenate(lefts), np.concatenate(rights)


def _compare_all(hashes: HashArray, distance: int) -> Iterator[HashPairs]:
    for row, column, _ in compare_tiles(hashes, hashes, distance, above_diagonal=True):
        yield hashes[row], hashes[column]


def compare_tiles(
    rows: HashArray, columns: HashArray, distance: int, *, above_diagonal: bool = False
) -> Iterator[tuple[Positions, Positions, Distances]]:
    """(row, column, distance) of all pairs within `distance`, tile by tile.

    With `above_diagonal` only columns after the row are compared.
    """
    width = min(_COLUMNS_PER_TILE, len(columns))
    height = max(1, _CELLS_PER_TILE // max(1, width))
    for top in range(0, len(rows), height):
        for first in range(top if above_diagonal else 0, len(columns), _COLUMNS_PER_TILE):
            bits = np.bitwise_count(rows[top : top + height, None] ^ columns[None, first : first + _COLUMNS_PER_TILE])
            hits = np.flatnonzero(bits.ravel() <= distance)
            row, column = np.divmod(hits, bits.shape[1])
            row, column, hit_distances = row + top, column + first, bits.ravel()[hits]
            if above_diagonal:
                is_above = column > row
                row, column, hit_distances = row[is_above], column[is_above], hit_distances[is_above]
            if len(row):
                yield row, column, hit_distances
