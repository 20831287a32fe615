"""What sources promise and what spiders yield: plain dataclasses, read through itemadapter."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from harvester.reasons import REASONS
from harvester.text import json_text


@dataclass(frozen=True)
class DatasetPosition:
    """Where a data set names an image: user, post and URL number, each from 0."""

    user: int
    post: int
    url: int

    @property
    def name(self) -> str:
        """The file name without its extension, as the data set's own downloader wrote it."""
        return f"{self.user}_{self.post}_{self.url}"


@dataclass(frozen=True)
class GenerationMetadata:
    """What a source says of how a picture was generated, and how it was received: numbers of reactions."""

    prompt: str | None = None
    negative_prompt: str | None = None
    model: str | None = None
    base_model: str | None = None
    sampler: str | None = None
    seed: str | None = None
    uuid: str | None = None
    cries: int = 0
    laughs: int = 0
    likes: int = 0
    dislikes: int = 0
    hearts: int = 0
    comments: int = 0


@dataclass(frozen=True)
class DiscoveredImage:
    """One image that a source says exists.

    `key` is the site's image id, or the URL where there is no id; `url` is None where `key` is the address. Its name
    is that of its `position` in a data set, or else `path`: relative to the output folder, without extension, slashes
    between folders. Where there is neither, `reason` says why it will not be fetched. `metadata` is what the source
    says, verbatim.
    """

    key: str
    host: str
    url: str | None = None
    position: DatasetPosition | None = None
    author: str | None = None
    reason: str | None = None
    path: str | None = None
    page: str | None = None
    alt: str | None = None
    metadata: Mapping[str, Any] | None = None
    tags: Sequence[str] = ()
    generation: GenerationMetadata | None = None

    @property
    def name(self) -> str | None:
        """The file name without its extension, with the folders before it; None where the image has no name."""
        return self.position.name if self.position else self.path


@dataclass(frozen=True)
class ListingPage:
    """What one page of a listing holds: `items` entries, some of them promised, the others told in `counts` by a word.

    `next` is the cursor of the page behind it; None ends the listing, as `cut` where that is not the end of what there
    is (then `cut` says why). `mark` is what the next walk over the listing shall know, such as the newest id.
    """

    images: Sequence[DiscoveredImage] = ()
    entry_count: int = 0
    next_cursor: str | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    incomplete: str = ""
    mark: str | None = None


NUMBERED = "numbered"
"""The layout of a collection whose users and posts are numbered in the order in which they are met."""


@dataclass(frozen=True)
class Collection:
    """Where the pictures of one harvest go: a directory, the form they take there, and how they are named.

    `layout` is empty where names are the positions of a given data set, NUMBERED where they are those of one that is
    made here, otherwise a word of the spider's for its folders.
    """

    site: str
    directory: str
    format: str
    layout: str = ""

    @property
    def is_dataset(self) -> bool:
        """Whether names are positions."""
        return self.layout in ("", NUMBERED)


@dataclass
class PipelineState:
    """What an item carries while it is in the chain, and no longer: bytes, a worker, catalogue rows.

    It is not a field of the item, so it is never exported or logged.
    """

    row: int = 0
    stems: dict[int, str] = field(default_factory=dict)  # placement row -> file name without extension
    previous: dict[int, str] = field(default_factory=dict)  # placement row -> sha256 of the file we made there before
    files: dict[int, str] = field(default_factory=dict)  # placement row -> file name as published
    file_sha256: str | None = None  # of those files
    body: bytes = b""
    is_video: bool = False  # the source says so: kept as it is, not decoded
    ext: str = ""
    report: Any = None  # what was found in the bytes: harvester.imaging.types.ImageReport
    coefficients: bytes | None = None  # what phash is made of
    worker: Any = None  # the process that has the picture on its bench
    asked_at: int | None = None  # seconds since 1970


def _json_or_none(value: Any) -> str | None:
    return None if value is None else json_text(value)


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
    metadata: dict[str, Any] = field(default_factory=dict, metadata={"serializer": json_text})
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
    embedded: dict[str, Any] | None = field(default=None, metadata={"serializer": _json_or_none})

    def __post_init__(self) -> None:
        self.state = PipelineState()

    @property
    def is_pending(self) -> bool:
        """Whether the chain still has something to do: neither failed nor skipped."""
        return self.status == "pending"

    def restart_at(self, url: str) -> None:
        """Begin again with another address, as if nothing had been asked for."""
        self.url, self.state.body = url, b""
        self.reopen()

    def reopen(self) -> None:
        """Take a refusal back."""
        self.status, self.reason, self.detail = "pending", "", ""

    def refuse(self, reason: str, detail: str = "") -> None:
        """End this image without a picture; the reason (a word of harvester/reasons.py) decides the status."""
        self.status, self.reason, self.detail = REASONS[reason].status, reason, detail
