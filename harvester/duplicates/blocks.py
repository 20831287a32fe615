"""How 64 bits are cut for the pigeonhole, and the bits of the chosen blocks moved to the top.

Of m blocks at least m - d are equal in two hashes that differ in d bits. So whoever compares, for each choice of
m - d blocks, the hashes that are equal there, misses no pair.
"""

from dataclasses import dataclass
from functools import cache
from itertools import combinations

import numpy as np
import numpy.typing as npt

Hashes = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class Block:
    """Bits of a hash: those of `mask`, the lowest of which is number `low`."""

    low: int
    width: int

    @property
    def mask(self) -> int:
        """These bits set."""
        return ((1 << self.width) - 1) << self.low


@dataclass(frozen=True)
class Choice:
    """Blocks in which hashes shall be equal, and the blocks before the last of them that are not among these.

    A pair that is equal in more blocks is met in several choices. It counts in the first only: where it differs in
    each of `others`.
    """

    chosen: tuple[Block, ...]
    others: tuple[Block, ...]
    bits: int  # that were cut
    free: int  # how many of the low bits are in no chosen block, once these were moved to the top
    moves: tuple[tuple[int, int], ...]
    """(mask, shift to the left, negative: to the right): first those of the chosen blocks, then all others."""

    def key(self, hashes: Hashes, bits: int) -> Hashes:
        """The first so many bits of the chosen blocks, or all of them where they have fewer."""
        top = self.moves[: len(self.chosen)]
        return _moved(hashes, top) >> np.uint64(max(self.free, self.bits - bits))

    def moved(self, hashes: Hashes) -> Hashes:
        """The chosen blocks on top of the bits that were cut, all else below; a copy."""
        return _moved(hashes, self.moves)

    def back(self, hashes: Hashes) -> Hashes:
        """What `moved` was given."""
        return _moved(hashes, tuple((_shifted(mask, shift), -shift) for mask, shift in self.moves))

    def first_met(self, difference: Hashes) -> npt.NDArray[np.bool_]:
        """Which of the pairs count here; `difference` is left ^ right, moved back."""
        counts = np.ones(len(difference), np.bool_)
        for block in self.others:
            counts &= (difference & np.uint64(block.mask)) != 0
        return counts


def _moved(hashes: Hashes, moves: tuple[tuple[int, int], ...]) -> Hashes:
    done = np.zeros_like(hashes)
    for mask, shift in moves:
        part = hashes & np.uint64(mask)
        if shift > 0:
            part <<= np.uint64(shift)
        elif shift < 0:
            part >>= np.uint64(-shift)
        done |= part
    return done


def _shifted(mask: int, shift: int) -> int:
    return mask << shift if shift > 0 else mask >> -shift


def edges(bits: int, blocks: int) -> list[tuple[int, int]]:
    """(first bit, bit behind the last) of each block, from the lowest on; as equally wide as can be."""
    return [(bits * number // blocks, bits * (number + 1) // blocks) for number in range(blocks)]


@cache
def choices(bits: int, blocks: int, distance: int) -> tuple[Choice, ...]:
    """Every choice of `blocks` - `distance` of the blocks into which the low `bits` bits are cut."""
    cut = [Block(low, high - low) for low, high in edges(bits, blocks)][::-1]
    return tuple(_choice(bits, cut, chosen) for chosen in combinations(range(blocks), blocks - distance))


def _choice(bits: int, cut: list[Block], chosen: tuple[int, ...]) -> Choice:
    rest = [number for number in range(len(cut)) if number not in chosen]
    above = ((1 << 64) - 1) ^ ((1 << bits) - 1)
    moves, other, top = [], {0: above}, bits
    for number in (*chosen, *rest):
        block = cut[number]
        top -= block.width
        shift = top - block.low
        if number in chosen:
            moves.append((block.mask, shift))
        else:
            other[shift] = other.get(shift, 0) | block.mask
    return Choice(
        chosen=tuple(cut[number] for number in chosen),
        others=tuple(cut[number] for number in rest if number < chosen[-1]),
        bits=bits,
        free=sum(cut[number].width for number in rest),
        moves=(*moves, *((mask, shift) for shift, mask in other.items() if mask)),
    )
