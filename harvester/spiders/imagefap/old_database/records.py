"""Plain records of a database of imagefap-favorites. Times are seconds since 1970; 0 in the file becomes None."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class FailedImage:
    """An image that the old tool could not get when it last tried."""

    image: int
    failed_at: int | None
    name: str


@dataclass(frozen=True)
class OldFolder:
    """A favourite folder of a user, its images in the site's order; `pages` is the number of its last page plus one."""

    user: int
    id: int
    name: str
    pages: int
    read_at: int | None
    finished_at: int | None
    images: tuple[int, ...]
    failed: tuple[FailedImage, ...]


@dataclass(frozen=True)
class OldUser:
    """A user, and when all their folders were listed and read."""

    id: int
    name: str
    listed_at: int | None
    finished_at: int | None


@dataclass(frozen=True)
class OldPlacement:
    """One occurrence of a blob: an image in a folder, its name there, and in version 2 a verdict on it."""

    image: int
    user: int
    folder: int
    file: str
    verdict: str = "new"


@dataclass(frozen=True)
class OldBlob:
    """Bytes that were kept: `blobs/<sha256>.<ext>` beside the database, and what the old tool measured.

    `hashes` are its perceptual hashes by harvester's names, 16 hex digits; `removed_at` has the images that were since
    removed from the site.
    """

    sha256: str
    ext: str
    bytes: int
    width: int | None
    height: int | None
    hashes: Mapping[str, str]
    tags: frozenset[int]
    placements: tuple[OldPlacement, ...]
    removed_at: Mapping[int, int | None]  # image -> when that was noticed


@dataclass(frozen=True)
class OldTag:
    """A tag in the tree; `parent` is None at the top."""

    id: int
    name: str
    parent: int | None


@dataclass(frozen=True)
class OldDatabase:
    """The whole database. `groups` of near-duplicates: sha256 -> new, false, keep, skip. `tags` has parents first."""

    users: tuple[OldUser, ...]
    folders: tuple[OldFolder, ...]
    blobs: tuple[OldBlob, ...]
    tags: tuple[OldTag, ...]
    groups: tuple[Mapping[str, str], ...]
