"""Which hashes of 64 bits are within a distance of each other. Compares each with each: a stand-in for few of them."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Hashes = npt.NDArray[np.uint64]


class Pairs(NamedTuple):
    """Three equally long arrays: positions, and in how many bits the hashes there differ."""

    left: npt.NDArray[np.int64]
    right: npt.NDArray[np.int64]
    distance: npt.NDArray[np.uint8]


def within(hashes: Hashes, distance: int) -> Pairs:
    """All pairs with left < right whose hashes differ in at most `distance` bits."""
    found = between(hashes, hashes, distance)
    once = found.left < found.right
    return Pairs(found.left[once], found.right[once], found.distance[once])


def between(new: Hashes, known: Hashes, distance: int) -> Pairs:
    """All pairs of a new hash (left) and a known one (right) within a distance."""
    lefts, rights, distances = [], [], []
    for position, one in enumerate(new):
        differing = np.bitwise_count(known ^ one)
        near = np.flatnonzero(differing <= distance)
        lefts.append(np.full(len(near), position, np.int64))
        rights.append(near)
        distances.append(differing[near])
    nothing = np.zeros(0, np.int64)
    return Pairs(
        np.concatenate([nothing, *lefts]),
        np.concatenate([nothing, *rights]),
        np.concatenate([nothing, *distances]).astype(np.uint8),
    )
