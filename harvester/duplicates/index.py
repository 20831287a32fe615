"""Which hashes of 64 bits are within a distance of each other: all of them, and no others.

Exact, by the pigeonhole (see `blocks`): every answer equals that of comparing each hash with each.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from harvester.duplicates import join
from harvester.duplicates.blocks import Hashes, choices
from harvester.duplicates.join import Distances, Positions

FURTHEST = 31
"""Bits. Half of all pairs of unrelated hashes are within 32."""

_ROWS = 2**16  # known hashes looked at in one go
_KEY = 22  # bits
_SPARSE = 0.25  # part of the known hashes that may be likely; choosing more of them first brings nothing
_FEW = 2048  # hashes: to compare each of them with all others takes no longer than to sort those


class Pairs(NamedTuple):
    """Three equally long arrays: positions, and in how many bits the hashes there differ. In no certain order."""

    left: Positions
    right: Positions
    distance: Distances


class Collapsed(NamedTuple):
    """The different hashes, ascending; and for each hash that was given its position among them."""

    unique: Hashes
    inverse: Positions


def collapse(hashes: Hashes) -> Collapsed:
    """Identical hashes taken together: `unique[inverse]` are the hashes.

    k identical hashes are k * (k - 1) / 2 pairs. Who only wants groups searches `within(unique, distance)`, and takes
    the hashes of each inverse position as one group.
    """
    unique, inverse = np.unique(hashes, return_inverse=True)
    return Collapsed(unique, inverse.astype(np.int64, copy=False))


def within(hashes: Hashes, distance: int) -> Pairs:
    """All pairs with left < right whose hashes differ in at most `distance` bits, each once; 0 to FURTHEST.

    Identical hashes are searched once, then every pair of them is named too: `collapse` first where these are many.
    Raises ValueError for another distance.
    """
    _check(distance)
    places = _Places.of(hashes)
    found = [_positions(met, places, places) for met in join.pairs(places.unique, distance)]
    found += [_same(places)]
    pairs = _together(found)
    left, right = np.minimum(pairs.left, pairs.right), np.maximum(pairs.left, pairs.right)
    return Pairs(left, right, pairs.distance)


def between(new: Hashes, known: Hashes, distance: int) -> Pairs:
    """All pairs of a new hash (left) and a known one (right) within a distance: 0 to FURTHEST bits.

    Costs little where the new ones are few, so that an incremental run need not compare all with all. Identical
    hashes are searched once, then each is named. Raises ValueError for another distance.
    """
    _check(distance)
    if not len(new) or not len(known):
        return _together([])
    news = _Places.of(new)
    likely = _likely(news.unique, known, distance)
    if min(len(new), len(likely)) <= _FEW:
        found = join.tiles(new, known[likely], distance)
        return _together([Pairs(row, likely[column], near) for row, column, near in found])
    return _across(news, _Places.of(known[likely], likely), distance)


def _across(news: "_Places", knowns: "_Places", distance: int) -> Pairs:
    """Of the pairs in all hashes together those of a new one and a known one."""
    both = np.intersect1d(news.unique, knowns.unique, assume_unique=True)
    found = [_positions((both, both), news, knowns)]
    for left, right in join.pairs(np.union1d(news.unique, knowns.unique), distance):
        for one, other in ((left, right), (right, left)):
            across = news.has(one) & knowns.has(other)
            found.append(_positions((one[across], other[across]), news, knowns))
    return _together(found)


class _Places(NamedTuple):
    """Where the hashes are: those that equal `unique[n]` stand at `order[first[n] : first[n + 1]]`."""

    unique: Hashes
    order: Positions
    first: Positions

    @classmethod
    def of(cls, hashes: Hashes, names: Positions | None = None) -> "_Places":
        """Of hashes whose positions are named otherwise where `names` are given."""
        order = np.argsort(hashes)
        ordered = hashes[order]
        new = np.ones(len(hashes), np.bool_)
        np.not_equal(ordered[1:], ordered[:-1], out=new[1:])
        first = np.append(np.flatnonzero(new), len(hashes))
        return cls(ordered[new], order if names is None else names[order], first)

    def has(self, hashes: Hashes) -> npt.NDArray[np.bool_]:
        """Which of the hashes are among these; there is at least one of these."""
        at = np.searchsorted(self.unique, hashes)
        found: npt.NDArray[np.bool_] = self.unique[np.minimum(at, len(self.unique) - 1)] == hashes
        return found

    def at(self, hashes: Hashes) -> tuple[Positions, Positions]:
        """(first, how many) in `order` of each of the hashes, all of which are among these."""
        at = np.searchsorted(self.unique, hashes)
        return self.first[at], self.first[at + 1] - self.first[at]


def _positions(met: join.Met, lefts: _Places, rights: _Places) -> Pairs:
    """Every pair of positions at which the hashes of a pair stand."""
    (left, lefts_here), (right, rights_here) = lefts.at(met[0]), rights.at(met[1])
    distance = np.bitwise_count(met[0] ^ met[1])
    times = lefts_here * rights_here
    number = np.arange(times.sum()) - np.repeat(np.cumsum(times) - times, times)
    across = np.repeat(rights_here, times)
    left_place = np.repeat(left, times) + number // across
    right_place = np.repeat(right, times) + number % across
    return Pairs(lefts.order[left_place], rights.order[right_place], np.repeat(distance, times))


def _same(places: _Places) -> Pairs:
    """Every pair of identical hashes."""
    times = np.diff(places.first)
    several = places.unique[times > 1]
    left, right, distance = _positions((several, several), places, places)
    once = left < right
    return Pairs(left[once], right[once], distance[once])


def _likely(new: Hashes, known: Hashes, distance: int) -> Positions:
    """Positions of the known hashes that may be near a new one: equal to one in all blocks of some choice.

    Of these blocks the first `_KEY` bits are looked at. All positions, where too few hashes could be told apart.
    """
    every = choices(64, distance + 2, distance)
    bits = min(64 - every[0].free, _KEY)
    if len(every) * len(new) > _SPARSE * 2.0**bits:
        return np.arange(len(known))
    tables = [(choice, _table(choice.key(new, bits), bits)) for choice in every]
    found = np.zeros(len(known), np.bool_)
    for start in range(0, len(known), _ROWS):
        part = known[start : start + _ROWS]
        for choice, table in tables:
            found[start : start + _ROWS] |= table[choice.key(part, bits)]
    return np.flatnonzero(found)


def _table(keys: Hashes, bits: int) -> npt.NDArray[np.bool_]:
    table = np.zeros(1 << bits, np.bool_)
    table[keys] = True
    return table


def _together(found: list[Pairs]) -> Pairs:
    if not found:
        return Pairs(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.uint8))
    left, right, distance = (np.concatenate(column) for column in zip(*found, strict=True))
    return Pairs(left, right, distance)


def _check(distance: int) -> None:
    if not 0 <= distance <= FURTHEST:
        raise ValueError(f"a distance is 0 to {FURTHEST} bits, not {distance}")
