"""The 64 lowest frequencies of a picture: what phash is made of, also of the picture turned, and whether there are any.

A flip changes the sign of every other frequency, a transposition swaps rows and columns. So one DCT, stored, tells the
phash of all eight orientations without another decode.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

SIDE = 8
"""Frequencies along each axis."""

SAME = "same"
"""The orientation of a picture as it is."""

FLAT_BELOW = 32
"""Waves. In a picture with fewer, more than half of the bits of phash are chance or nothing. Photographs have 50 and
more, blank paper, noise and gradients 25 at most (docs/duplicates-accuracy.md).

The catalogue remembers what is flat (`compared.flat`): another value here needs a revision that forgets it."""

NOISE = 1.0
"""Of a frequency as it is stored: a wave of a 16th of a grey level. Rounding leaves less in a single colour."""

Bits = npt.NDArray[np.bool_]
Frequencies = npt.NDArray[np.floating]

_PIXELS = 32
_WAVES = 2 * np.cos(np.pi / _PIXELS * np.outer(np.arange(SIDE), np.arange(_PIXELS) + 0.5))
"""The lowest frequencies of the DCT (type II) of a row of pixels."""

_PACKED = "<f2"
_ORTHONORMAL = 64.0
"""What a wave is larger by here than in an orthonormal DCT; divided by it, the brightest mean is a quarter of what a
float of 16 bits holds."""

_ODD = np.where(np.arange(SIDE) % 2, -1, 1)
_FLIPPED = _ODD[None, :]  # columns of frequencies: waves from left to right
_TURNED_OVER = _ODD[:, None]


def _transposed(frequencies: Frequencies) -> Frequencies:
    return np.swapaxes(frequencies, -1, -2)


ORIENTATIONS: Mapping[str, Callable[[Frequencies], Frequencies]] = MappingProxyType(
    {
        SAME: lambda frequencies: frequencies,
        "flip-horizontal": lambda frequencies: frequencies * _FLIPPED,
        "flip-vertical": lambda frequencies: frequencies * _TURNED_OVER,
        "rotate-180": lambda frequencies: frequencies * _FLIPPED * _TURNED_OVER,
        "rotate-90": lambda frequencies: _transposed(frequencies) * _FLIPPED,
        "rotate-270": lambda frequencies: _transposed(frequencies) * _TURNED_OVER,
        "transpose": _transposed,
        "transverse": lambda frequencies: _transposed(frequencies) * _FLIPPED * _TURNED_OVER,
    }
)
"""Word -> the frequencies of the picture so changed. Rotations are clockwise, by degrees; flip-horizontal swaps left
and right; transpose mirrors at the diagonal from top left, transverse at the other one."""


def lowest(pixels: npt.NDArray[np.int64]) -> Frequencies:
    """Frequencies (8 x 8) of a grey picture of 32 x 32 pixels; [rows, columns], the mean at [0, 0].

    Rounded, so that frequencies a picture does not have are all equal; imagehash leaves these to the rounding errors.
    """
    found: Frequencies = np.round(_WAVES @ pixels @ _WAVES.T, 3)
    return found


def above_median(frequencies: Frequencies) -> Bits:
    """The bits of phash, of one picture (8 x 8) or many (n x 8 x 8).

    What is above the lower one of the two in the middle is above the median, and the other way round.
    """
    bits = SIDE * SIDE
    middle = np.partition(frequencies.reshape(-1, bits), bits // 2 - 1, axis=1)[:, bits // 2 - 1]
    above: Bits = frequencies > middle.reshape(*frequencies.shape[:-2], 1, 1)
    return above


def packed(frequencies: Frequencies) -> bytes:
    """64 floats of 16 bits, little-endian, row by row: 128 bytes.

    Eleven significant bits: rounding keeps the order of the frequencies, so phash only changes where the two in the
    middle become one.
    """
    return (frequencies / _ORTHONORMAL).astype(_PACKED).tobytes()


def unpacked(coefficients: list[bytes]) -> Frequencies:
    """n x 8 x 8 floats of 32 bits, of what `packed` made."""
    return np.frombuffer(b"".join(coefficients), _PACKED).astype(np.float32).reshape(-1, SIDE, SIDE)


def phash_of(frequencies: Frequencies) -> npt.NDArray[np.uint64]:
    """The phash of each of many pictures as a number."""
    bits = np.packbits(above_median(frequencies).reshape(-1, SIDE * SIDE), axis=1)
    return bits.view(">u8").ravel().astype(np.uint64)


def orientations(frequencies: Frequencies) -> dict[str, npt.NDArray[np.uint64]]:
    """The phash of each of many pictures in each of the eight `ORIENTATIONS`.

    Of 97 in 100 photographs within 2 bits of the phash of the changed picture itself, 0.7 on average: its reduction and
    resize round otherwise. At most 8 were seen, of sides that are no multiple of what they are reduced by.
    """
    return {word: phash_of(change(frequencies)) for word, change in ORIENTATIONS.items()}


def waves(frequencies: Frequencies) -> npt.NDArray[np.int64]:
    """How many frequencies, the mean left out, each of many pictures has above `NOISE`."""
    flat = np.abs(frequencies).reshape(-1, SIDE * SIDE)[:, 1:]
    found: npt.NDArray[np.int64] = np.count_nonzero(flat > NOISE, axis=1)
    return found


def flat(frequencies: Frequencies) -> Bits:
    """Which of many pictures are flat: blank, of a single colour, a plain gradient. Their phash is chance or common."""
    return waves(frequencies) < FLAT_BELOW
