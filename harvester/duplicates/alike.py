"""Which places of the fingerprints are alike by one method. Of equal hashes each is paired with the next only."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from harvester.duplicates.fingerprints import Flags, Hashes
from harvester.duplicates.index import between, within
from harvester.duplicates.limits import Limit

Places = npt.NDArray[np.int64]
_NEVER = -1


class Alike(NamedTuple):
    """Three equally long arrays: places with left < right, and in how many bits the hashes there differ."""

    left: Places
    right: Places
    score: npt.NDArray[np.int64]


class Classes(NamedTuple):
    """Places of equal hashes, still and animated ones apart: in `order` they follow each other, known ones first.

    `starts` are those places of `order` at which another hash begins.
    """

    order: Places
    starts: Places

    @classmethod
    def of(cls, hashes: Sequence[Hashes], animated: Flags, new: Flags, usable: Flags) -> "Classes":
        """Of the usable places only; where several hashes are given, all of them are equal in a class."""
        places = np.flatnonzero(usable)
        keys = [animated[places], *(of_them[places] for of_them in hashes)]
        order = np.lexsort((new[places], *keys))
        another = np.ones(len(order), np.bool_)
        another[1:] = np.logical_or.reduce([np.diff(key[order]) != 0 for key in keys])
        return cls(places[order], np.flatnonzero(another))

    @property
    def heads(self) -> Places:
        """One place for each hash."""
        return self.order[self.starts]

    def chain(self, new: Flags) -> Alike:
        """Each new place with the one before it that has the same hash."""
        linked = new[self.order].copy()
        linked[self.starts] = False
        at = np.flatnonzero(linked)
        return ordered(self.order[at - 1], self.order[at], np.zeros(len(at), np.int64))


def alike(hashes: Hashes, animated: Flags, new: Flags, usable: Flags, limit: Limit) -> Alike:
    """The pairs within the limit in which a place is new, as many as are needed to hold all look-alikes together."""
    classes = Classes.of([hashes], animated, new, usable)
    heads = classes.heads
    fresh, known = heads[new[heads]], heads[~new[heads]]
    inner = within(hashes[fresh], limit.regular)
    outer = between(hashes[fresh], hashes[known], limit.regular)
    found = together(
        [
            ordered(fresh[inner.left], fresh[inner.right], inner.distance),
            ordered(fresh[outer.left], known[outer.right], outer.distance),
            classes.chain(new),
        ]
    )
    return those(found, allowed(found, animated, limit))


def ordered(one: Places, other: Places, score: npt.NDArray[np.integer]) -> Alike:
    """With left < right."""
    return Alike(np.minimum(one, other), np.maximum(one, other), score.astype(np.int64))


def together(found: list[Alike]) -> Alike:
    """All of them."""
    return Alike(*(np.concatenate(column) for column in zip(*found, strict=True)))


def those(found: Alike, which: Flags) -> Alike:
    """Some of them."""
    return Alike(found.left[which], found.right[which], found.score[which])


def allowed(found: Alike, animated: Flags, limit: Limit) -> Flags:
    """Which are within the limits for still pictures, or for animated ones where either is."""
    moving = animated[found.left] | animated[found.right]
    stricter = _NEVER if limit.animated is None else limit.animated
    fits: Flags = found.score <= np.where(moving, stricter, limit.regular)
    return fits
