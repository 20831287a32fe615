"""Which places are alike once one of them is mirrored or turned: its hashes that way against all upright ones."""

from collections.abc import Iterator, Mapping

import numpy as np

from harvester.catalogue.pairs import INVERSE
from harvester.duplicates.alike import Alike, Classes, Places, allowed, ordered, those, together
from harvester.duplicates.fingerprints import Flags, Hashes
from harvester.duplicates.index import between
from harvester.duplicates.limits import Limit


def turned_alike(
    turned: Mapping[str, Hashes], phash: Hashes, animated: Flags, new: Flags, usable: Flags, limit: Limit
) -> Mapping[str, Alike]:
    """By orientation, the pairs in which a place is new: the left one looks like the right one when it is turned so.

    Each pair has the orientation that fits best, and none where the two are alike as they are.
    """
    heads = Classes.of([phash], animated, new, usable).heads
    found: dict[str, list[Alike]] = {}
    for orientation, hashes in turned.items():
        asking = Classes.of([hashes, phash], animated, new, usable).heads
        for left, right in _met(asking, heads, hashes, phash, new, limit):
            met = _measured(left, right, hashes, phash)
            as_they_are = allowed(_measured(left, right, phash, phash), animated, limit)  # each with itself among them
            met = those(met, allowed(met, animated, limit) & ~as_they_are)
            forward, backward = those(met, met.left < met.right), those(met, met.left > met.right)
            found.setdefault(orientation, []).append(forward)
            found.setdefault(INVERSE.get(orientation, orientation), []).append(ordered(*backward))
    return dict(_best({orientation: together(parts) for orientation, parts in found.items()}))


def _met(
    asking: Places, heads: Places, hashes: Hashes, phash: Hashes, new: Flags, limit: Limit
) -> Iterator[tuple[Places, Places]]:
    """New ones against all, known ones against new ones."""
    for lefts, rights in ((asking[new[asking]], heads), (asking[~new[asking]], heads[new[heads]])):
        met = between(hashes[lefts], phash[rights], limit.regular)
        yield lefts[met.left], rights[met.right]


def _measured(left: Places, right: Places, lefts: Hashes, rights: Hashes) -> Alike:
    return Alike(left, right, np.bitwise_count(lefts[left] ^ rights[right]).astype(np.int64))


def _best(found: Mapping[str, Alike]) -> Iterator[tuple[str, Alike]]:
    """Of each pair the orientation with the lowest score."""
    every = together(list(found.values()))
    kind = np.repeat(np.arange(len(found)), [len(part.left) for part in found.values()])
    order = np.lexsort((kind, every.score, every.right, every.left))
    left, right = every.left[order], every.right[order]
    first = np.ones(len(order), np.bool_)
    first[1:] = (np.diff(left) != 0) | (np.diff(right) != 0)
    chosen = order[first]
    for number, orientation in enumerate(found):
        at = chosen[kind[chosen] == number]
        yield orientation, Alike(every.left[at], every.right[at], every.score[at])
