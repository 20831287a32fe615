"""Perceptual hashes: close for pictures that look alike. Equal settings give equal hashes only within one RECIPE."""

from dataclasses import dataclass

import imagehash
from PIL import Image

NO_FINGERPRINT = 0
"""The recipe of files that are not decoded: videos."""

RECIPE = 1
"""Goes up whenever the same picture may get another hash; hashes of different recipes are not comparable."""

_PLANE = 256  # pixels, the shorter side is never reduced below
_WHASH_SCALE = 64


@dataclass(frozen=True)
class Hashes:
    """Four hashes of 64 bits as 16 lower-case hex digits, bit order as in imagehash."""

    phash: str
    dhash: str
    average: str
    whash: str


def grey_plane(image: Image.Image) -> Image.Image:
    """The small grey picture (mode L) that is hashed; `image` is upright and flattened.

    A shorter side below 512 pixels is left as it is: the hashes are exactly those imagehash makes of the picture.
    Larger ones are averaged over whole blocks, shorter side 256 to 511: within 2 bits, and many times as fast.
    """
    grey = image.convert("L")
    shorter = min(grey.size)
    return grey.reduce(shorter // _PLANE) if shorter >= 2 * _PLANE else grey


def hashes(plane: Image.Image) -> Hashes:
    """The four hashes of a grey plane; any size from 1 × 1."""
    return Hashes(
        phash=str(imagehash.phash(plane)),
        dhash=str(imagehash.dhash(plane)),
        average=str(imagehash.average_hash(plane)),
        whash=str(imagehash.whash(plane, image_scale=_WHASH_SCALE)),
    )
