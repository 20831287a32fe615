"""Into how many blocks to cut, or whether to compare each with each: what is cheapest for these very hashes.

Real hashes are skewed, so the number of candidates is estimated from pairs drawn from them. As every step costs at most
what comparing each with each would, by that estimate, no skew makes a search worse than that.
"""

from math import comb

import numpy as np
import numpy.typing as npt

from harvester.duplicates.blocks import Hashes, edges

_EACH, _CANDIDATE, _SORTED = 1.3, 15.0, 60.0
"""Nanoseconds: a pair compared where each is with each; a pair of a bucket; a hash moved, sorted and looked at."""
_CHOICE = 100_000.0  # nanoseconds that every choice takes
_DRAWN = 2**20  # pairs, at most
_FURTHER = 7  # blocks more than needed, at most
_MOST = 1000  # choices


def cheapest(hashes: Hashes, bits: int, distance: int) -> int | None:
    """Into how many blocks to cut the lowest `bits` bits, the only ones that differ; None: compare each with each."""
    number = len(hashes)
    all_pairs = number * (number - 1) / 2
    best, cost = None, _EACH * all_pairs
    if bits <= distance + 1 or cost <= _CHOICE * (distance + 1):
        return None
    drawn = _differences(hashes)
    for blocks in range(distance + 1, min(bits, distance + 1 + _FURTHER) + 1):
        choices = comb(blocks, distance)
        if choices > _MOST or choices * _SORTED * number > cost:
            break
        uniform = choices / 2.0 ** (bits * (blocks - distance) / blocks)
        candidates = max(_met(drawn, bits, blocks, distance), uniform) * all_pairs
        estimate = choices * (_CHOICE + _SORTED * number) + _CANDIDATE * candidates
        if estimate < cost:
            best, cost = blocks, estimate
    return best


def _differences(hashes: Hashes) -> Hashes:
    """Left ^ right of pairs drawn with a fixed seed, so that the same hashes take the same way."""
    generator = np.random.default_rng(len(hashes))
    number = min(4 * len(hashes), _DRAWN)
    left = generator.integers(0, len(hashes), number)
    right = generator.integers(1, len(hashes), number)  # never the hash itself
    drawn: npt.NDArray[np.uint64] = hashes[left] ^ hashes[(left + right) % len(hashes)]
    return drawn


def _met(drawn: Hashes, bits: int, blocks: int, distance: int) -> float:
    """In how many choices a pair is met, on average."""
    equal = np.zeros(len(drawn), np.uint8)
    for low, high in edges(bits, blocks):
        equal += (drawn & np.uint64((1 << high) - (1 << low))) == 0
    times = [comb(number, blocks - distance) for number in range(blocks + 1)]
    return float(np.dot(np.bincount(equal, minlength=blocks + 1), times)) / len(drawn)
