"""Which pictures look like others that were flipped or turned: each in every orientation against all others."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from harvester.duplicates.index import between
from harvester.duplicates.join import Distances, Positions
from harvester.imaging.frequencies import ORIENTATIONS, SAME, Frequencies, flat, orientations, unpacked

INVERSE = {word: {"rotate-90": "rotate-270", "rotate-270": "rotate-90"}.get(word, word) for word in ORIENTATIONS}
"""Word -> what undoes it."""

TURNED = tuple(word for word in ORIENTATIONS if word != SAME)


class Turned(NamedTuple):
    """Four equally long arrays. The left picture, changed as `TURNED[orientation]` says, looks like the right one.

    left < right, each pair once, by its nearest orientation; `distance` in bits.
    """

    left: Positions
    right: Positions
    distance: Distances
    orientation: npt.NDArray[np.uint8]


def measured(coefficients: Iterable[bytes]) -> Frequencies:
    """Frequencies of pictures, from the column `coefficients` of the catalogue's table `blobs`."""
    return unpacked(list(coefficients))


def turned(frequencies: Frequencies, distance: int) -> Turned:
    """All pairs that look alike once one of them is flipped or turned; flat pictures are in none.

    A pair that is as near without a change is left out: symmetric pictures are found by their phash. Raises ValueError
    for a distance that `between` does not take.
    """
    rows = np.flatnonzero(~flat(frequencies))
    hashes = orientations(frequencies[rows])
    found = [_pairs(number, hashes, distance) for number in range(len(TURNED))]
    left, right, apart, orientation = (np.concatenate(column) for column in zip(*found, strict=True))
    nearest = np.lexsort((orientation, apart, right, left))
    left, right, apart, orientation = left[nearest], right[nearest], apart[nearest], orientation[nearest]
    first = np.ones(len(left), np.bool_)
    first[1:] = (left[1:] != left[:-1]) | (right[1:] != right[:-1])
    first &= np.bitwise_count(hashes[SAME][left] ^ hashes[SAME][right]) > apart
    return Turned(rows[left[first]], rows[right[first]], apart[first], orientation[first])


def _pairs(number: int, hashes: dict[str, npt.NDArray[np.uint64]], distance: int) -> Turned:
    """Those of one orientation; where the right one stands before the left, it is the one that is changed back."""
    found = between(hashes[TURNED[number]], hashes[SAME], distance)
    here = found.left != found.right
    left, right, apart = found.left[here], found.right[here], found.distance[here]
    swapped = left > right
    orientation = np.full(len(left), number, np.uint8)
    orientation[swapped] = TURNED.index(INVERSE[TURNED[number]])
    return Turned(np.minimum(left, right), np.maximum(left, right), apart, orientation)
