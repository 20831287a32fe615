"""Hashes to search in, as a file of numpy's: even ones, and ones as skewed as those of a collection of pictures.

    python -m benchmarks.hashes even|real NUMBER FILE

`real` are perceptual hashes of 8 x 8 frequencies that are drawn as those of pictures are spread: the lower, the larger,
the mean brightness above all. Bit 0 is always set, and half of all bits are. Some pictures are plain (gradients, text,
line drawings): frequencies in one direction only, so they crowd into few hashes. A third are versions of another
picture, a few bits away; some are blank, and have one of three hashes.
"""

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.measure import CACHE

BATCH_SIZE = 250_000
BLANK, PLAIN, VERSIONS = 0.01, 0.04, 0.33
NOISE = 0.08  # of a version, in parts of a frequency's usual size
BLANK_HASHES = np.array([0, 1 << 63, (1 << 63) + 1], np.uint64)


def file_of(kind: str, number: int) -> Path:
    """The file of such hashes, made where it is missing."""
    path = CACHE / f"hashes-{kind}-{number}.npy"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, {"even": even, "real": real}[kind](number))
    return path


def even(number: int) -> NDArray[np.uint64]:
    """Every bit as likely set as not; one in fifty is another one with up to four bits flipped."""
    generator = np.random.default_rng(number)
    hashes = generator.integers(0, 2**64, number, np.uint64)
    copies = number // 50
    flips = np.zeros(copies, np.uint64)
    for _ in range(4):
        flips ^= np.uint64(1) << generator.integers(0, 64, copies, np.uint64)
    hashes[:copies] = hashes[copies : 2 * copies] ^ flips
    return hashes


def real(number: int) -> NDArray[np.uint64]:
    """See the module."""
    generator = np.random.default_rng(number)
    parts = [_draw_hashes(generator, min(BATCH_SIZE, number - start)) for start in range(0, number, BATCH_SIZE)]
    hashes = np.concatenate(parts)
    generator.shuffle(hashes)
    return hashes


def _draw_hashes(generator: np.random.Generator, number: int) -> NDArray[np.uint64]:
    steps = np.arange(8)
    size = (1 / (1 + np.hypot(*np.meshgrid(steps, steps))) ** 1.2).astype(np.float32).ravel()
    versions = int(number * VERSIONS)
    frequencies = generator.standard_normal((number, 64), np.float32) * size
    frequencies *= generator.standard_exponential((number, 64), np.float32) ** 0.5  # of pictures: heavier tails
    plain = int(number * PLAIN)
    frequencies[:plain] *= np.where(np.arange(64) < 8, 1, 0.001).astype(np.float32)
    # Versions of a picture come in families of very different sizes.
    sources = (generator.random(versions) ** 3 * (number - versions)).astype(np.int64)
    frequencies[-versions:] = frequencies[sources]
    frequencies[-versions:] += NOISE * size * generator.standard_normal((versions, 64), np.float32)
    frequencies[:, 0] = 9
    bits = frequencies > np.median(frequencies, axis=1, keepdims=True)
    hashes = np.packbits(bits, axis=1).view(">u8").ravel().astype(np.uint64)
    blank = generator.random(number) < BLANK
    hashes[blank] = generator.choice(BLANK_HASHES, int(blank.sum()))
    return hashes


if __name__ == "__main__":
    np.save(sys.argv[3], {"even": even, "real": real}[sys.argv[1]](int(sys.argv[2])))
