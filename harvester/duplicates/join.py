"""All pairs of hashes within a distance, among hashes that are all different: sorted, bucket by bucket, in threads.

Memory: for each thread a copy of the hashes and some MB, and the pairs. A bucket of any size is looked at whole: a
large one is cut anew by the bits in which its hashes may still differ, so skewed hashes cost time but no memory.
"""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain

import numpy as np
import numpy.typing as npt

from harvester.duplicates.blocks import Choice, Hashes, choices
from harvester.duplicates.costs import cheapest

_BUCKET = 256  # hashes, compared neighbour by neighbour up to here
_ROWS = 2**17  # hashes looked at in one go: their temporaries stay in the processor's cache
_CELLS, _COLUMNS = 2**17, 2**12  # comparisons in one go, likewise
_THREADS = 4  # at most: each holds a copy

Positions = npt.NDArray[np.int64]
Distances = npt.NDArray[np.uint8]
Met = tuple[Hashes, Hashes]
"""Left and right of each pair, equally long."""


def pairs(hashes: Hashes, distance: int) -> Iterator[Met]:
    """Each pair of different hashes within a distance once, in any order and direction; `hashes` are all different."""
    blocks = cheapest(hashes, 64, distance)
    if blocks is None:
        yield from _each_with_each(hashes, distance)
        return
    with ThreadPoolExecutor(min(_THREADS, len(os.sched_getaffinity(0)))) as pool:
        for found in pool.map(lambda choice: list(_chosen(hashes, choice, distance)), choices(64, blocks, distance)):
            yield from found


def _bucket(hashes: Hashes, free: int, distance: int) -> Iterator[Met]:
    """The same of hashes that differ in the `free` lowest bits only."""
    blocks = cheapest(hashes, free, distance)
    if blocks is None:
        yield from _each_with_each(hashes, distance)
        return
    for choice in choices(free, blocks, distance):
        yield from _chosen(hashes, choice, distance)


def _chosen(hashes: Hashes, choice: Choice, distance: int) -> Iterator[Met]:
    """The pairs that are equal in the chosen blocks and count there."""
    ordered = np.empty_like(hashes)
    starts = range(0, len(hashes), _ROWS)
    for start in starts:
        ordered[start : start + _ROWS] = choice.moved(hashes[start : start + _ROWS])
    ordered.sort()
    large = np.array(list(_large(ordered, choice.free)), np.int64).reshape(-1, 2)
    inside = (_bucket(ordered[first:end], choice.free, distance) for first, end in large)
    outside = (_neighbours(ordered, choice.free, distance, start, large) for start in starts)
    for left, right in chain(chain.from_iterable(inside), outside):
        left, right = choice.back(left), choice.back(right)
        counts = choice.first_met(left ^ right)
        if counts.any():
            yield left[counts], right[counts]


def _large(ordered: Hashes, free: int) -> Iterator[tuple[int, int]]:
    """(first, end) of the buckets with more than `_BUCKET` hashes."""
    seen = 0
    for start in range(0, len(ordered) - _BUCKET, _ROWS):
        part = ordered[start : start + _ROWS + _BUCKET]
        at = np.flatnonzero((part[_BUCKET:] ^ part[:-_BUCKET]) < np.uint64(1 << free))
        for first in start + at[np.diff(at, prepend=-2) > 1]:
            if first >= seen:
                last_possible = int(ordered[first]) | ((1 << free) - 1)
                seen = int(np.searchsorted(ordered, np.uint64(last_possible), side="right"))
                yield int(first), seen


def _neighbours(ordered: Hashes, free: int, distance: int, start: int, large: npt.NDArray[np.int64]) -> Met:
    """Pairs in the other buckets whose left hash is one of the `_ROWS` hashes from `start` on."""
    part = ordered[start : start + _ROWS + _BUCKET]
    step = part[1:] ^ part[:-1]
    equal = np.append(step < np.uint64(1 << free), False)  # to the next one
    between = slice(np.searchsorted(large[:, 1], start, "right"), np.searchsorted(large[:, 0], start + len(part)))
    for first, end in large[between]:
        equal[max(0, first - start) : end - start] = False
    at = np.flatnonzero(equal[:_ROWS])
    near = at[np.bitwise_count(step[at]) <= distance]
    found = [(part[near], part[near + 1])]
    away = 1
    while len(at := at[equal[at + away]]):
        away += 1
        left, right = part[at], part[at + away]
        met = np.bitwise_count(left ^ right) <= distance
        found.append((left[met], right[met]))
    lefts, rights = zip(*found, strict=True)
    return np.concatenate(lefts), np.concatenate(rights)


def _each_with_each(hashes: Hashes, distance: int) -> Iterator[Met]:
    for row, column, _ in tiles(hashes, hashes, distance, later=True):
        yield hashes[row], hashes[column]


def tiles(
    rows: Hashes, columns: Hashes, distance: int, *, later: bool = False
) -> Iterator[tuple[Positions, Positions, Distances]]:
    """(row, column, distance) of all that are within it, a few at a time; `later`: only columns behind the row."""
    width = min(_COLUMNS, len(columns))
    height = max(1, _CELLS // max(1, width))
    for top in range(0, len(rows), height):
        for first in range(top if later else 0, len(columns), _COLUMNS):
            apart = np.bitwise_count(rows[top : top + height, None] ^ columns[None, first : first + _COLUMNS])
            flat = np.flatnonzero(apart.ravel() <= distance)
            row, column = np.divmod(flat, apart.shape[1])
            row, column, near = row + top, column + first, apart.ravel()[flat]
            if later:
                behind = column > row
                row, column, near = row[behind], column[behind], near[behind]
            if len(row):
                yield row, column, near
