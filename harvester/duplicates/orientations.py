"""Matches between mirrored or rotated pictures and upright ones."""

from collections.abc import Iterator, Mapping

import numpy as np

from harvester.catalogue.duplicates.pairs import INVERSE_ROTATIONS
from harvester.duplicates.fingerprints import Flags, HashArray
from harvester.duplicates.index import find_pairs_between
from harvester.duplicates.limits import Limit
from harvester.duplicates.matches import EqualHashGroups, Indices, Matches, canonical, concat, subset, within_limit


def find_rotated_matches(
    rotated: Mapping[str, HashArray], phash: HashArray, animated: Flags, new: Flags, usable: Flags, limit: Limit
) -> Mapping[str, Matches]:
    """Matches that contain a new index, by orientation: the left picture, transformed so, looks like the right one.

    Each pair is listed under its best orientation; pairs that match upright are left out.
    """
    heads = EqualHashGroups.of([phash], animated, new, usable).heads
    parts_by_orientation: dict[str, list[Matches]] = {}
    for orientation, hashes in rotated.items():
        rotated_heads = EqualHashGroups.of([hashes, phash], animated, new, usable).heads
        for left, right in _candidate_pairs(rotated_heads, heads, hashes, phash, new, limit):
            pairs = _measure(left, right, hashes, phash)
            # Upright matches include each picture with itself.
            upright = within_limit(_measure(left, right, phash, phash), animated, limit)
            pairs = subset(pairs, within_limit(pairs, animated, limit) & ~upright)
            forward, backward = subset(pairs, pairs.left < pairs.right), subset(pairs, pairs.left > pairs.right)
            parts_by_orientation.setdefault(orientation, []).append(forward)
            parts_by_orientation.setdefault(INVERSE_ROTATIONS.get(orientation, orientation), []).append(
                canonical(*backward)
            )
    return dict(_keep_best({orientation: concat(parts) for orientation, parts in parts_by_orientation.items()}))


def _candidate_pairs(
    rotated: Indices, heads: Indices, hashes: HashArray, phash: HashArray, new: Flags, limit: Limit
) -> Iterator[tuple[Indices, Indices]]:
    """Pairs of new rotated hashes with all upright ones, and of known rotated hashes with new upright ones."""
    for lefts, rights in ((rotated[new[rotated]], heads), (rotated[~new[rotated]], heads[new[heads]])):
        pairs = find_pairs_between(hashes[lefts], phash[rights], limit.regular)
        yield lefts[pairs.left], rights[pairs.right]


def _measure(left: Indices, right: Indices, lefts: HashArray, rights: HashArray) -> Matches:
    return Matches(left, right, np.bitwise_count(lefts[left] ^ rights[right]).astype(np.int64))


def _keep_best(matches: Mapping[str, Matches]) -> Iterator[tuple[str, Matches]]:
    """For each pair, keep the orientation with the lowest score."""
    all_matches = concat(list(matches.values()))
    orientation_number = np.repeat(np.arange(len(matches)), [len(part.left) for part in matches.values()])
    order = np.lexsort((orientation_number, all_matches.score, all_matches.right, all_matches.left))
    left, right = all_matches.left[order], all_matches.right[order]
    is_first = np.ones(len(order), np.bool_)
    is_first[1:] = (np.diff(left) != 0) | (np.diff(right) != 0)
    chosen = order[is_first]
    for number, orientation in enumerate(matches):
        selected = chosen[orientation_number[chosen] == number]
        yield orientation, Matches(all_matches.left[selected], all_matches.right[selected], all_matches.score[selected])
