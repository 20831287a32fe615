"""Blocks of hash bits for the pigeonhole search, and moving chosen blocks to the top bits.

If a hash is cut into m blocks, two hashes that differ in d bits are equal in at least m - d of them. So comparing, for
each choice of m - d blocks, the hashes that are equal there misses no pair.
"""

from dataclasses import dataclass
from functools import cache
from itertools import combinations

import numpy as np
import numpy.typing as npt

HashArray = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class Block:
    """A block of `width` adjacent bits of a hash, the lowest of which is number `low`."""

    low: int
    width: int

    @property
    def mask(self) -> int:
        """A mask with the bits of this block set."""
        return ((1 << self.width) - 1) << self.low


@dataclass(frozen=True)
class BlockChoice:
    """The `chosen` blocks, in which hashes must be equal, and the `others` before the last chosen one.

    A pair that is equal in more blocks is met in several choices. It counts only in the first choice, which is the one
    where it differs in each of `others`.
    """

    chosen: tuple[Block, ...]
    others: tuple[Block, ...]
    total_bits: int  # number of bits that were cut into blocks
    free_bits: int  # number of low bits outside the chosen blocks, after these were moved to the top
    moves: tuple[tuple[int, int], ...]
    """(mask, left shift; negative means right) of each move: first the chosen blocks, then all others."""

    def bucket_key(self, hashes: HashArray, bits: int) -> HashArray:
        """The first `bits` bits of the chosen blocks, or all of them if they have fewer."""
        top = self.moves[: len(self.chosen)]
        return _move_bits(hashes, top) >> np.uint64(max(self.free_bits, self.total_bits - bits))

    def move_chosen_up(self, hashes: HashArray) -> HashArray:
        """A copy of the hashes with the chosen blocks moved to the top and all other bits below."""
        return _move_bits(hashes, self.moves)

    def restore(self, hashes: HashArray) -> HashArray:
        """Undo `move_chosen_up`."""
        return _move_bits(hashes, tuple((_shift_mask(mask, shift), -shift) for mask, shift in self.moves))

    def is_first_meeting(self, difference: HashArray) -> npt.NDArray[np.bool_]:
        """A mask of the pairs that count in this choice; `difference` is left ^ right of the restored hashes."""
        is_first = np.ones(len(difference), np.bool_)
        for block in self.others:
            is_first &= (difference & np.uint64(block.mask)) != 0
        return is_first


def _move_bits(hashes: HashArray, moves: tuple[tuple[int, int], ...]) -> HashArray:
    result = np.zeros_like(hashes)
    for mask, shift in moves:
        part = hashes & np.uint64(mask)
        if shift > 0:
            part <<= np.uint64(shift)
        elif shift < 0:
            part >>= np.uint64(-shift)
        result |= part
    return result


def _shift_mask(mask: int, shift: int) -> int:
    return mask << shift if shift > 0 else mask >> -shift


def block_edges(bits: int, block_count: int) -> list[tuple[int, int]]:
    """(first bit, bit after the last) of each block, from the lowest on; the widths differ by at most one."""
    return [(bits * number // block_count, bits * (number + 1) // block_count) for number in range(block_count)]


@cache
def block_choices(bits: int, blocks: int, distance: int) -> tuple[BlockChoice, ...]:
    """Every choice of `blocks` - `distance` blocks, where the low `bits` bits are cut into `blocks` blocks."""
    all_blocks = [Block(low, high - low) for low, high in block_edges(bits, blocks)][::-1]
    return tuple(_make_choice(bits, all_blocks, chosen) for chosen in combinations(range(blocks), blocks - distance))


def _make_choice(bits: int, all_blocks: list[Block], chosen: tuple[int, ...]) -> BlockChoice:
    rest = [number for number in range(len(all_blocks)) if number not in chosen]
    upper_mask = ((1 << 64) - 1) ^ ((1 << bits) - 1)
    moves, rest_moves, top = [], {0: upper_mask}, bits
    for number in (*chosen, *rest):
        block = all_blocks[number]
        top -= block.width
        shift = top - block.low
        if number in chosen:
            moves.append((block.mask, shift))
        else:
            rest_moves[shift] = rest_moves.get(shift, 0) | block.mask
    return BlockChoice(
        chosen=tuple(all_blocks[number] for number in chosen),
        others=tuple(all_blocks[number] for number in rest if number < chosen[-1]),
        total_bits=bits,
        free_bits=sum(all_blocks[number].width for number in rest),
        moves=(*moves, *((mask, shift) for shift, mask in rest_moves.items() if mask)),
    )
