"""Records of an imagefap-favorites database. Times are in seconds since 1970; None stands for its 0."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class FailedImage:
    """An image that could not be fetched at the last attempt."""

    image: int
    failed_at: int | None
    name: str


@dataclass(frozen=True)
class OldFolder:
    """A favourites folder of a site user, with its images in the order of the site.

    `pages` is one more than the number of the last page.
    """

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
    """A site user, and the times when all folders were listed and read."""

    id: int
    name: str
    listed_at: int | None
    finished_at: int | None


@dataclass(frozen=True)
class OldPlacement:
    """A placement of a blob: an image in a folder, its file name there, and a verdict on it (version 2)."""

    image: int
    user: int
    folder: int
    file: str
    verdict: str = "new"


@dataclass(frozen=True)
class OldBlob:
    """Stored bytes (`blobs/<sha256>.<ext>` beside the database), with the measurements of the old tool.

    `hashes` are its perceptual hashes (16 hex digits) under the names of harvester; `removed_at` has images that have
    been removed from the site.
    """

    sha256: str
    ext: str
    bytes: int
    width: int | None
    height: int | None
    hashes: Mapping[str, str]
    tags: frozenset[int]
    placements: tuple[OldPlacement, ...]
    removed_at: Mapping[int, int | None]  # image -> time when the removal was noticed


@dataclass(frozen=True)
class OldTag:
    """A tag in the tree; `parent` is None at the top level."""

    id: int
    name: str
    parent: int | None


@dataclass(frozen=True)
class OldDatabase:
    """A whole database. `groups` have verdicts on near-duplicates by sha256; in `tags` parents come before children."""

    users: tuple[OldUser, ...]
    folders: tuple[OldFolder, ...]
    blobs: tuple[OldBlob, ...]
    tags: tuple[OldTag, ...]
    groups: tuple[Mapping[str, str], ...]
