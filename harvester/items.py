"""What sources promise and what spiders yield: plain dataclasses, read through itemadapter."""

import json
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Position:
    """Where a data set names an image: user, post and URL number, each from 0."""

    user: int
    post: int
    url: int

    @property
    def name(self) -> str:
        """The file name without its extension, as the data set's own downloader wrote it."""
        return f"{self.user}_{self.post}_{self.url}"


@dataclass(frozen=True)
class Promise:
    """One image that a source says exists.

    `key` is the site's image id, or the URL where there is no id; `url` is None where `key` is the address.
    `position` is None where the image has no name; then `reason` says why it will not be fetched.
    """

    key: str
    host: str
    url: str | None = None
    position: Position | None = None
    author: str | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Collection:
    """Where the pictures of one harvest go: an absolute directory, and the form they take there."""

    site: str
    directory: str
    format: str


@dataclass
class Work:
    """What an item carries while it is in the chain, and no longer: bytes, a worker, catalogue rows.

    It is not a field of the item, so it is never exported or logged.
    """

    row: int = 0
    names: dict[int, str] = field(default_factory=dict)  # sighting row -> file name without extension
    formers: dict[int, str] = field(default_factory=dict)  # sighting row -> sha256 of the file we made there before
    files: dict[int, str] = field(default_factory=dict)  # sighting row -> file name as published
    file_sha256: str | None = None  # of those files
    body: bytes = b""
    ext: str = ""
    worker: Any = None  # the process that has the picture on its bench
    asked_at: int | None = None  # seconds since 1970


@dataclass(eq=False)
class ImageItem:
    """One image and what became of it. Every field is public and appears in feed exports, one row per image.

    Times are UTC, ISO 8601. `blob` is relative to the data directory, `names` to the output directory.
    `reason` is a word of `harvester.reasons`, empty for `done`.
    """

    site: str
    key: str
    url: str
    host: str = ""
    names: list[str] = field(default_factory=list)
    page: str | None = None
    author: str | None = None
    alt: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict, metadata={"serializer": json.dumps})
    status: str = "pending"
    reason: str = ""
    detail: str = ""
    attempts: int = 0
    asked_at: str | None = None
    finished_at: str | None = None
    sha256: str | None = None
    blob: str | None = None
    format: str | None = None
    mode: str | None = None
    width: int | None = None
    height: int | None = None
    bytes: int | None = None
    animated: bool | None = None
    frames: int | None = None
    phash: str | None = None
    dhash: str | None = None
    average: str | None = None
    whash: str | None = None

    def __post_init__(self) -> None:
        self.work = Work()

    @property
    def open(self) -> bool:
        """Whether the chain still has something to do: neither failed nor skipped."""
        return self.status == "pending"

    def refuse(self, status: str, reason: str, detail: str = "") -> None:
        """End this image without a picture."""
        self.status, self.reason, self.detail = status, reason, detail
