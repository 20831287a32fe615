"""Options and results of imaging: plain values, so that callers need not load the decoders."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harvester.imaging.formats import EXTENSIONS

NO_FINGERPRINT = 0
"""The fingerprint version of files that are not decoded: videos."""

FINGERPRINT_VERSION = 2
"""Increased whenever the same picture may get other hashes; hashes of different versions are not comparable."""

Colour = tuple[int, int, int]


@dataclass(frozen=True)
class ImageLimits:
    """Limits for pictures: most pixels, least width and height in pixels when upright, formats by Pillow's names."""

    max_pixels: int = 100_000_000
    min_width: int = 0
    min_height: int = 0
    formats: tuple[str, ...] = tuple(sorted(EXTENSIONS))


@dataclass(frozen=True)
class ConversionOptions:
    """Options of a conversion; see `harvester.imaging.convert`.

    `thumbs` maps the names of thumbnails to the (width, height) in pixels into which they fit.
    `preview` is the longest side in pixels of a thumbnail that keeps animation; 0: none. `max_side` is the longest side
    in pixels of the rendition, which is never enlarged; 0: no limit.
    """

    format: str = "jpeg"
    quality: int = 95
    background: Colour = (255, 255, 255)
    limits: ImageLimits = field(default_factory=ImageLimits)
    thumbs: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    preview: int = 0
    max_side: int = 0


@dataclass(frozen=True)
class Facts:
    """Facts of a file: Pillow's format and mode names, extension, upright size in pixels, size in bytes, frames."""

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

    `coefficients` are the frequencies of phash, see `dct.pack_frequencies`; None for files that are not decoded.
    """

    phash: str
    dhash: str
    average: str
    whash: str
    coefficients: bytes | None


NO_HASHES = Hashes("", "", "", "", None)
"""The hashes of files that are not decoded."""


@dataclass(frozen=True)
class RenditionFacts:
    """Facts of the file that goes into the output folder: extension, size in bytes, sha256."""

    ext: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class ImageReport:
    """All results of a decode. `embedded` is the generation data in the bytes; None if there is none.

    `sha256` is that of the bytes as received.
    """

    facts: Facts
    hashes: Hashes
    embedded: dict[str, Any] | None
    sha256: str
    rendition: RenditionFacts
