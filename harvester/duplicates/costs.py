"""Into how many blocks to cut, or whether to compare each with each: what is cheapest for these very hashes.

Real hashes are skewed, so the number of candidates is estimated from pairs drawn from them. As every step costs at most
what comparing each with each would, by that estimate, no skew makes a search worse than that.
"""

from math import comb

import numpy as np
import numpy.typing as npt

from harvester.duplicates.blocks import HashArray, block_edges

_COMPARE_NS, _CANDIDATE_NS, _SORT_NS = 1.3, 15.0, 60.0
"""Nanoseconds: a pair compared where each is with each; a pair of a bucket; a hash moved, sorted and looked at."""
_CHOICE_NS = 100_000.0  # nanoseconds that every choice takes
_MAX_SAMPLED_PAIRS = 2**20  # pairs, at most
_MAX_EXTRA_BLOCKS = 7  # blocks more than needed, at most
_MAX_CHOICES = 1000  # choices


def cheapest_block_count(hashes: HashArray, bits: int, distance: int) -> int | None:
    """Into how many blocks to cut the lowest `bits` bits, the only ones that differ; None: compare each with each."""
    hash_count = len(hashes)
    all_pairs = hash_count * (hash_count - 1) / 2
    best_count, lowest_cost = None, _COMPARE_NS * all_pairs
    if bits <= distance + 1 or lowest_cost <= _CHOICE_NS * (distance + 1):
        return None
    sample = _sample_differences(hashes)
    for block_count in range(distance + 1, min(bits, distance + 1 + _MAX_EXTRA_BLOCKS) + 1):
        choice_count = comb(block_count, distance)
        if choice_count > _MAX_CHOICES or choice_count * _SORT_NS * hash_count > lowest_cost:
            break
        uniform_share = choice_count / 2.0 ** (bits * (block_count - distance) / block_count)
        candidates = max(_mean_meetings(sample, bits, block_count, distance), uniform_share) * all_pairs
        estimate = choice_count * (_CHOICE_NS + _SORT_NS * hash_count) + _CANDIDATE_NS * candidates
        if estimate < lowest_cost:
            best_count, lowest_cost = block_count, estimate
    return best_count


def _sample_differences(hashes: HashArray) -> HashArray:
    """Left ^ right of pairs drawn with a fixed seed, so that the same hashes take the same way."""
    generator = np.random.default_rng(len(hashes))
    pair_count = min(4 * len(hashes), _MAX_SAMPLED_PAIRS)
    left = generator.integers(0, len(hashes), pair_count)
    right = generator.integers(1, len(hashes), pair_count)  # never the hash itself
    sample: npt.NDArray[np.uint64] = hashes[left] ^ hashes[(left + right) % len(hashes)]
    return sample


def _mean_meetings(sample: HashArray, bits: int, block_count: int, distance: int) -> float:
    """In how many choices a pair is met, on average."""
    equal_blocks = np.zeros(len(sample), np.uint8)
    for low, high in block_edges(bits, block_count):
        equal_blocks += (sample & np.uint64((1 << high) - (1 << low))) == 0
    weights = [comb(number, block_count - distance) for number in range(block_count + 1)]
    return float(np.dot(np.bincount(equal_blocks, minlength=block_count + 1), weights)) / len(sample)
