"""Matches between fingerprints by one method.

Of several equal hashes, each is paired only with the next.
"""

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
    """Three arrays of equal length: two indices with left < right, and the distance of the hashes there, in bits."""

    left: Indices
    right: Indices
    score: npt.NDArray[np.int64]


class EqualHashGroups(NamedTuple):
    """Indices of equal hashes, adjacent in `order`, known ones first; still and animated pictures are kept apart.

    `starts` are the positions in `order` at which another hash begins.
    """

    order: Indices
    starts: Indices

    @classmethod
    def of(cls, hashes: Sequence[HashArray], animated: Flags, new: Flags, usable: Flags) -> "EqualHashGroups":
        """Group the usable indices; if several hash arrays are given, members of a group are equal in all of them."""
        indices = np.flatnonzero(usable)
        keys = [animated[indices], *(column[indices] for column in hashes)]
        order = np.lexsort((new[indices], *keys))
        is_first = np.ones(len(order), np.bool_)
        is_first[1:] = np.logical_or.reduce([np.diff(key[order]) != 0 for key in keys])
        return cls(indices[order], np.flatnonzero(is_first))

    @property
    def heads(self) -> Indices:
        """One index for each hash."""
        return self.order[self.starts]

    def link_new(self, new: Flags) -> Matches:
        """Match each new index with the one before it that has the same hash."""
        is_linked = new[self.order].copy()
        is_linked[self.starts] = False
        positions = np.flatnonzero(is_linked)
        return canonical(self.order[positions - 1], self.order[positions], np.zeros(len(positions), np.int64))


def find_matches(hashes: HashArray, animated: Flags, new: Flags, usable: Flags, limit: Limit) -> Matches:
    """Pairs within the limit that contain a new index, enough of them to connect all near-duplicates."""
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
    """Build matches with left < right."""
    return Matches(np.minimum(first, second), np.maximum(first, second), score.astype(np.int64))


def concat(parts: list[Matches]) -> Matches:
    """Concatenate matches."""
    return Matches(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def subset(matches: Matches, mask: Flags) -> Matches:
    """The matches that a mask selects."""
    return Matches(matches.left[mask], matches.right[mask], matches.score[mask])


def within_limit(matches: Matches, animated: Flags, limit: Limit) -> Flags:
    """A mask of the matches within the limit for still pictures or, if either is animated, for animated ones."""
    is_animated = animated[matches.left] | animated[matches.right]
    animated_limit = _NEVER if limit.animated is None else limit.animated
    is_within: Flags = matches.score <= np.where(is_animated, animated_limit, limit.regular)
    return is_within
