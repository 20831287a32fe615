"""What a database of imagefap-favorites holds, as plain records. Times are seconds since 1970; 0 there is None here."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class FailedImage:
    """An image that could not be had when it was last asked for."""

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
    """A user and when all their folders were listed, and read."""

    id: int
    name: str
    listed_at: int | None
    finished_at: int | None


@dataclass(frozen=True)
class OldPlacement:
    """One occurrence of a blob: an image in a folder, the name it had there, a verdict on it (version 2)."""

    image: int
    user: int
    folder: int
    file: str
    verdict: str = "new"


@dataclass(frozen=True)
class OldBlob:
    """Bytes that were kept: `blobs/<sha256>.<ext>` beside the database, and what the old tool measured.

    `hashes` are its perceptual hashes by our names, 16 hex digits; `gone` are images since taken from the site.
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
    """All of it. `groups`: sha256 -> new, false, keep or skip, of look-alikes. Tags: parents before children."""

    users: tuple[OldUser, ...]
    folders: tuple[OldFolder, ...]
    blobs: tuple[OldBlob, ...]
    tags: tuple[OldTag, ...]
    groups: tuple[Mapping[str, str], ...]
