"""Exact search for pairs of 64-bit hashes within a distance.

It uses the pigeonhole principle (see `bit_blocks`); every result equals that of comparing each hash with every other.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from harvester.duplicates import join
from harvester.duplicates.bit_blocks import HashArray, block_choices
from harvester.duplicates.join import Distances, Positions

MAX_DISTANCE = 31
"""Largest distance, in bits. Half of all pairs of unrelated hashes are within 32 bits."""

_ROWS_PER_CHUNK = 2**16  # known hashes processed at a time
_KEY_BITS = 22  # bits of a bucket key
_MAX_LIKELY_SHARE = 0.25  # largest share of likely hashes at which filtering pays off
_MAX_DIRECT_HASHES = 2048  # up to this number, comparing with all others is as fast as sorting


class Pairs(NamedTuple):
    """Three arrays of equal length, in no particular order: two positions and the distance of their hashes in bits."""

    left: Positions
    right: Positions
    distance: Distances


class UniqueHashes(NamedTuple):
    """The distinct hashes, ascending, and the position of each given hash among them."""

    unique: HashArray
    inverse: Positions


def unique_hashes(hashes: HashArray) -> UniqueHashes:
    """Collapse identical hashes; `unique[inverse]` are the given hashes.

    k identical hashes form k * (k - 1) / 2 pairs. To find only groups, search `find_pairs_within(unique, distance)` and
    treat the hashes with the same inverse position as one group.
    """
    unique, inverse = np.unique(hashes, return_inverse=True)
    return UniqueHashes(unique, inverse.astype(np.int64, copy=False))


def find_pairs_within(hashes: HashArray, distance: int) -> Pairs:
    """All pairs with left < right whose hashes differ in at most `distance` bits (0 to MAX_DISTANCE), each once.

    Identical hashes are searched once, but every pair of them is returned; if there are many, call `unique_hashes`
    first. Raises ValueError for another distance.
    """
    _check_distance(distance)
    positions = _HashPositions.of(hashes)
    parts = [_expand_pairs(batch, positions, positions) for batch in join.find_pairs(positions.unique, distance)]
    parts += [_identical_pairs(positions)]
    pairs = _concat(parts)
    left, right = np.minimum(pairs.left, pairs.right), np.maximum(pairs.left, pairs.right)
    return Pairs(left, right, pairs.distance)


def find_pairs_between(new: HashArray, known: HashArray, distance: int) -> Pairs:
    """All pairs of a new hash (left) and a known one (right) within `distance` bits (0 to MAX_DISTANCE).

    This is cheap for few new hashes, so an incremental search need not compare all with all. Identical hashes are
    searched once, but each of them is returned. Raises ValueError for another distance.
    """
    _check_distance(distance)
    if not len(new) or not len(known):
        return _concat([])
    new_positions = _HashPositions.of(new)
    likely = _find_likely(new_positions.unique, known, distance)
    if min(len(new), len(likely)) <= _MAX_DIRECT_HASHES:
        tile_matches = join.compare_tiles(new, known[likely], distance)
        return _concat([Pairs(row, likely[column], distances) for row, column, distances in tile_matches])
    return _find_across(new_positions, _HashPositions.of(known[likely], likely), distance)


def _find_across(new: "_HashPositions", known: "_HashPositions", distance: int) -> Pairs:
    """The pairs of a new and a known hash, found by searching all hashes together."""
    common = np.intersect1d(new.unique, known.unique, assume_unique=True)
    parts = [_expand_pairs((common, common), new, known)]
    for left, right in join.find_pairs(np.union1d(new.unique, known.unique), distance):
        for new_side, known_side in ((left, right), (right, left)):
            is_across = new.contains(new_side) & known.contains(known_side)
            parts.append(_expand_pairs((new_side[is_across], known_side[is_across]), new, known))
    return _concat(parts)


class _HashPositions(NamedTuple):
    """Positions of hashes: those equal to `unique[n]` are at `order[starts[n] : starts[n + 1]]`."""

    unique: HashArray
    order: Positions
    starts: Positions

    @classmethod
    def of(cls, hashes: HashArray, positions: Positions | None = None) -> "_HashPositions":
        """Build the index of these hashes; `positions` replaces their own positions if given."""
        order = np.argsort(hashes)
        sorted_hashes = hashes[order]
        is_first = np.ones(len(hashes), np.bool_)
        np.not_equal(sorted_hashes[1:], sorted_hashes[:-1], out=is_first[1:])
        starts = np.append(np.flatnonzero(is_first), len(hashes))
        return cls(sorted_hashes[is_first], order if positions is None else positions[order], starts)

    def contains(self, hashes: HashArray) -> npt.NDArray[np.bool_]:
        """A mask of the given hashes that are in this index, which must not be empty."""
        position = np.searchsorted(self.unique, hashes)
        is_member: npt.NDArray[np.bool_] = self.unique[np.minimum(position, len(self.unique) - 1)] == hashes
        return is_member

    def locate(self, hashes: HashArray) -> tuple[Positions, Positions]:
        """(start, count) in `order` of each of the given hashes, all of which must be in this index."""
        position = np.searchsorted(self.unique, hashes)
        return self.starts[position], self.starts[position + 1] - self.starts[position]


def _expand_pairs(hash_pairs: join.HashPairs, lefts: _HashPositions, rights: _HashPositions) -> Pairs:
    """Every pair of positions that have the two hashes of a pair."""
    (left_start, left_count), (right_start, right_count) = lefts.locate(hash_pairs[0]), rights.locate(hash_pairs[1])
    distance = np.bitwise_count(hash_pairs[0] ^ hash_pairs[1])
    pair_counts = left_count * right_count
    pair_number = np.arange(pair_counts.sum()) - np.repeat(np.cumsum(pair_counts) - pair_counts, pair_counts)
    row_width = np.repeat(right_count, pair_counts)
    left_position = np.repeat(left_start, pair_counts) + pair_number // row_width
    right_position = np.repeat(right_start, pair_counts) + pair_number % row_width
    return Pairs(lefts.order[left_position], rights.order[right_position], np.repeat(distance, pair_counts))


def _identical_pairs(positions: _HashPositions) -> Pairs:
    """Every pair of positions with identical hashes."""
    counts = np.diff(positions.starts)
    repeated = positions.unique[counts > 1]
    left, right, distance = _expand_pairs((repeated, repeated), positions, positions)
    is_ordered = left < right
    return Pairs(left[is_ordered], right[is_ordered], distance[is_ordered])


def _find_likely(new: HashArray, known: HashArray, distance: int) -> Positions:
    """Positions of the known hashes that may be near a new one: equal to one in all blocks of some choice.

    Only the first `_KEY_BITS` bits of these blocks are compared. If that would exclude too few hashes, returns all.
    """
    all_choices = block_choices(64, distance + 2, distance)
    bits = min(64 - all_choices[0].free_bits, _KEY_BITS)
    if len(all_choices) * len(new) > _MAX_LIKELY_SHARE * 2.0**bits:
        return np.arange(len(known))
    tables = [(choice, _bit_table(choice.bucket_key(new, bits), bits)) for choice in all_choices]
    is_likely = np.zeros(len(known), np.bool_)
    for start in range(0, len(known), _ROWS_PER_CHUNK):
        chunk = known[start : start + _ROWS_PER_CHUNK]
        for choice, table in tables:
            is_likely[start : start + _ROWS_PER_CHUNK] |= table[choice.bucket_key(chunk, bits)]
    return np.flatnonzero(is_likely)


def _bit_table(keys: HashArray, bits: int) -> npt.NDArray[np.bool_]:
    table = np.zeros(1 << bits, np.bool_)
    table[keys] = True
    return table


def _concat(parts: list[Pairs]) -> Pairs:
    if not parts:
        return Pairs(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.uint8))
    left, right, distance = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Pairs(left, right, distance)


def _check_distance(distance: int) -> None:
    if not 0 <= distance <= MAX_DISTANCE:
        raise ValueError(f"a distance must be from 0 to {MAX_DISTANCE} bits, not {distance}")
