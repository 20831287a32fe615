"""Perceptual hashes, which are close for near-duplicates and comparable only within one FINGERPRINT_VERSION."""

import imagehash
import numpy as np
import numpy.typing as npt
from PIL import Image

from harvester.imaging.dct import HASH_SIDE, Bits, above_median, low_frequencies, pack_frequencies
from harvester.imaging.types import Hashes

_MIN_PLANE_SIDE = 128  # pixels; the shorter side is never reduced below this
_PHASH_SCALE, _WHASH_SCALE = 32, 64  # pixels


def make_grey_plane(image: Image.Image) -> Image.Image:
    """The small grey picture (mode L) that is hashed; `image` is upright and flattened.

    If the shorter side is below 256 pixels, the size stays, and the hashes are exactly those of imagehash. Larger
    pictures are averaged over whole blocks to a shorter side of 128 to 255: within 4 bits, and many times as fast.
    """
    grey = image.convert("L")
    short_side = min(grey.size)
    return grey.reduce(short_side // _MIN_PLANE_SIDE) if short_side >= 2 * _MIN_PLANE_SIDE else grey


def compute_hashes(plane: Image.Image) -> Hashes:
    """The four hashes of a grey plane of any size from 1 × 1."""
    # The same as `imagehash.phash`, with only eight rows of the DCT.
    frequencies = low_frequencies(_resize(plane, _PHASH_SCALE))
    return Hashes(
        phash=_to_hex(above_median(frequencies)),
        dhash=_to_hex(imagehash.dhash(plane).hash),
        average=_to_hex(imagehash.average_hash(plane).hash),
        whash=_to_hex(_whash_bits(plane)),
        coefficients=pack_frequencies(frequencies),
    )


def _whash_bits(plane: Image.Image) -> Bits:
    """The bits of `imagehash.whash` at this scale, in a fifth of the time.

    Three levels of Haar wavelets leave a multiple of each block's mean, and subtracting the overall mean shifts the
    median as well, so sums of blocks are enough. In whole numbers, blocks equal to the median are never above it; in
    imagehash these depend on rounding errors.
    """
    block_side = _WHASH_SCALE // HASH_SIDE
    sums = _resize(plane, _WHASH_SCALE).reshape(HASH_SIDE, block_side, HASH_SIDE, block_side).sum(axis=(1, 3))
    bits: Bits = sums > np.median(sums)
    return bits


def _resize(plane: Image.Image, side: int) -> npt.NDArray[np.int64]:
    return np.asarray(plane.resize((side, side), Image.Resampling.LANCZOS), dtype=np.int64)


def _to_hex(bits: Bits) -> str:
    return np.packbits(bits).tobytes().hex()
