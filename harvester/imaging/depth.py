"""Scaling of grey values with more than 8 bits to 0..255, without clipping.

| mode          | range from black to white                                                    |
|---------------|------------------------------------------------------------------------------|
| I;16, I;16B … | 0 to 65535, whatever values occur; TIFF may say 0 to 4095, or the reverse     |
| I             | 0 to 65535 if all values lie there, else the least to the greatest value      |
| F             | 0 to 1, to 255, to 65535: the first that holds all values, else least to greatest |

In F, NaN and infinite values become black and do not count.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import Image

ValueRange = tuple[float, float]

_STRIP_PIXELS = 2**22  # pixels
_WHITE_LEVELS = {"I": (65535.0,), "F": (1.0, 255.0, 65535.0)}


def is_deep(mode: str) -> bool:
    """Whether a mode holds grey values with more than 8 bits."""
    return mode == "F" or mode.startswith("I")


def value_range(image: Image.Image, range_16_bit: ValueRange = (0.0, 65535.0)) -> ValueRange:
    """The values that become 0 and 255; `range_16_bit` are those of the modes with 16 bits."""
    if image.mode not in _WHITE_LEVELS:
        return range_16_bit
    least, greatest = _finite_extremes(image)
    if least >= 0:
        for white in _WHITE_LEVELS[image.mode]:
            if greatest <= white:
                return 0.0, white
    return least, greatest


def to_eight_bit(
    image: Image.Image, grey_range: ValueRange, transparent: int | None = None
) -> tuple[Image.Image, Image.Image | None]:
    """A deep picture in mode L and, if one value is transparent, its alpha channel in mode L."""
    values = np.asarray(image)
    black, white = grey_range
    finite = np.where(np.isfinite(values), values, black).astype(np.float64)
    levels = np.rint((finite - black) * (255 / (white - black) if white != black else 0.0))
    alpha = None if transparent is None else Image.fromarray(np.where(values == transparent, 0, 255).astype(np.uint8))
    return Image.fromarray(levels.clip(0, 255).astype(np.uint8)), alpha


def split_into_strips(image: Image.Image) -> Iterator[tuple[int, Image.Image]]:
    """The picture in horizontal strips of about 4 million pixels, each with its first row; this avoids large copies."""
    strip_height = max(1, _STRIP_PIXELS // image.width)
    if strip_height >= image.height:
        yield 0, image
        return
    for top in range(0, image.height, strip_height):
        yield top, image.crop((0, top, image.width, min(top + strip_height, image.height)))


def _finite_extremes(image: Image.Image) -> ValueRange:
    """The least and the greatest finite value; 0 and 0 if there is none."""
    bounds = [_finite_bounds(np.asarray(strip)) for _, strip in split_into_strips(image)]
    finite = [bound for bound in bounds if bound is not None]
    return (min(low for low, _ in finite), max(high for _, high in finite)) if finite else (0.0, 0.0)


def _finite_bounds(values: NDArray[np.generic]) -> ValueRange | None:
    finite = values[np.isfinite(values)]
    return (float(finite.min()), float(finite.max())) if finite.size else None
