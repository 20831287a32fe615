"""What is asked of imaging and what it answers: plain values, so that whoever asks need not load what decodes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harvester.imaging.formats import EXTENSIONS

NO_FINGERPRINT = 0
"""The fingerprint version of files that are not decoded: videos."""

FINGERPRINT_VERSION = 2
"""Goes up whenever the same picture may get another hash; hashes of different versions are not comparable."""

Colour = tuple[int, int, int]


@dataclass(frozen=True)
class ImageLimits:
    """What is accepted: pixels in all, smallest width and height in pixels when upright, Pillow's names of formats."""

    max_pixels: int = 100_000_000
    min_width: int = 0
    min_height: int = 0
    formats: tuple[str, ...] = tuple(sorted(EXTENSIONS))


@dataclass(frozen=True)
class ConversionOptions:
    """What to make of a picture: see `convert`. `thumbs`: name -> (width, height) in pixels to fit into.

    `preview` is the longest side in pixels of a thumbnail that keeps animation; 0: none. `longest` is the longest side
    in pixels of the rendition, which is never enlarged; 0: as it is. `embedded`: generation data is looked for.
    """

    format: str = "jpeg"
    quality: int = 95
    background: Colour = (255, 255, 255)
    limits: ImageLimits = field(default_factory=ImageLimits)
    thumbs: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    preview: int = 0
    max_side: int = 0
    embedded: bool = False


@dataclass(frozen=True)
class Facts:
    """What the file is: Pillow's format and mode names, extension, upright size in pixels, size in bytes, frames."""

    format: str
    ext: str
    mode: str
    width: int
    height: int
    bytes: int
    animated: bool
    frames: int


@dataclass(frozen=True)
class Hashes:
    """Four hashes of 64 bits as 16 lower-case hex digits, bit order as in imagehash.

    `coefficients` are the frequencies that phash is made of, see `frequencies.packed`; None of what is not decoded.
    """

    phash: str
    dhash: str
    average: str
    whash: str
    coefficients: bytes | None


NO_HASHES = Hashes("", "", "", "", None)
"""Those of files that are not decoded."""


@dataclass(frozen=True)
class ImageReport:
    """All that can be told of a picture from its bytes. `embedded` is the generation data in them, None without."""

    facts: Facts
    hashes: Hashes
    embedded: dict[str, Any] | None = None
