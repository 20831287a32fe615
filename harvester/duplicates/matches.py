"""Which places of the fingerprints are alike by one method. Of equal hashes each is paired with the next only."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from harvester.duplicates.fingerprints import Flags, HashArray
from harvester.duplicates.index import find_pairs_between, find_pairs_within
from harvester.duplicates.limits import Limit

Indices = npt.NDArray[np.int64]
_NEVER = -1


class Matches(NamedTuple):
    """Three equally long arrays: places with left < right, and in how many bits the hashes there differ."""

    left: Indices
    right: Indices
    score: npt.NDArray[np.int64]


class EqualHashGroups(NamedTuple):
    """Places of equal hashes, still and animated ones apart: in `order` they follow each other, known ones first.

    `starts` are those places of `order` at which another hash begins.
    """

    order: Indices
    starts: Indices

    @classmethod
    def of(cls, hashes: Sequence[HashArray], animated: Flags, new: Flags, usable: Flags) -> "EqualHashGroups":
        """Of the usable places only; where several hashes are given, all of them are equal in a class."""
        indices = np.flatnonzero(usable)
        keys = [animated[indices], *(column[indices] for column in hashes)]
        order = np.lexsort((new[indices], *keys))
        is_first = np.ones(len(order), np.bool_)
        is_first[1:] = np.logical_or.reduce([np.diff(key[order]) != 0 for key in keys])
        return cls(indices[order], np.flatnonzero(is_first))

    @property
    def heads(self) -> Indices:
        """One place for each hash."""
        return self.order[self.starts]

    def link_new(self, new: Flags) -> Matches:
        """Each new place with the one before it that has the same hash."""
        is_linked = new[self.order].copy()
        is_linked[self.starts] = False
        positions = np.flatnonzero(is_linked)
        return canonical(self.order[positions - 1], self.order[positions], np.zeros(len(positions), np.int64))


def find_matches(hashes: HashArray, animated: Flags, new: Flags, usable: Flags, limit: Limit) -> Matches:
    """The pairs within the limit in which a place is new, as many as are needed to hold all look-alikes together."""
    groups = EqualHashGroups.of([hashes], animated, new, usable)
    heads = groups.heads
    fresh, known = heads[new[heads]], heads[~new[heads]]
    inner = find_pairs_within(hashes[fresh], limit.regular)
    outer = find_pairs_between(hashes[fresh], hashes[known], limit.regular)
    matches = concat(
        [
            canonical(fresh[inner.left], fresh[inner.right], inner.distance),
            canonical(fresh[outer.left], known[outer.right], outer.distance),
            groups.link_new(new),
        ]
    )
    return subset(matches, within_limit(matches, animated, limit))


def canonical(first: Indices, second: Indices, score: npt.NDArray[np.integer]) -> Matches:
    """With left < right."""
    return Matches(np.minimum(first, second), np.maximum(first, second), score.astype(np.int64))


def concat(parts: list[Matches]) -> Matches:
    """All of them."""
    return Matches(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def subset(matches: Matches, mask: Flags) -> Matches:
    """Some of them."""
    return Matches(matches.left[mask], matches.right[mask], matches.score[mask])


def within_limit(matches: Matches, animated: Flags, limit: Limit) -> Flags:
    """Which are within the limits for still pictures, or for animated ones where either is."""
    is_animated = animated[matches.left] | animated[matches.right]
    animated_limit = _NEVER if limit.animated is None else limit.animated
    is_within: Flags = matches.score <= np.where(is_animated, animated_limit, limit.regular)
    return is_within
