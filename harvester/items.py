"""Discovered images, collections and items: the plain dataclasses that spiders record and yield."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from harvester.reasons import REASONS
from harvester.text import json_text


@dataclass(frozen=True)
class DatasetPosition:
    """The place of an image in a data set: user, post and URL number, each from 0."""

    user: int
    post: int
    url: int

    @property
    def name(self) -> str:
        """The file name without extension, as the data set's own downloader wrote it."""
        return f"{self.user}_{self.post}_{self.url}"


@dataclass(frozen=True)
class GenerationMetadata:
    """A source's statements on how a picture was generated, and its numbers of reactions."""

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

    `key` is the site's image id, or the URL if there is no id; `url` is None if `key` is the address. The name of the
    image is that of its `position` in a data set, or else `path`: relative to the output folder, without extension,
    with slashes between folders. If it has neither, `reason` says why it will not be fetched. `metadata` is what the
    source says, verbatim.
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
        """The file name without extension, after its folders; None if the image has no name."""
        return self.position.name if self.position else self.path


@dataclass(frozen=True)
class ListingPage:
    """One page of a listing, with `entry_count` entries: discovered images, and others counted by kind in `counts`.

    `next_cursor` is the cursor of the next page; None ends the listing. If that is not the real end, `incomplete` says
    why. `mark` is text for the next walk over the listing, such as the newest id. `entry_ids` are the source's ids of
    all entries, by which a page that comes again is recognised; if it is empty, the keys of the images are compared.
    """

    images: Sequence[DiscoveredImage] = ()
    entry_count: int = 0
    next_cursor: str | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    incomplete: str = ""
    mark: str | None = None
    entry_ids: Sequence[str] = ()


NUMBERED = "numbered"
"""The layout of a collection whose users and posts are numbered in the order in which they are found."""


@dataclass(frozen=True)
class Collection:
    """The destination of the pictures of one harvest: a directory, their format, and how they are named.

    `layout` is empty if names are the positions in a given data set, NUMBERED if they are the positions in a data set
    made by harvester, and otherwise the spider's word for its folders.
    """

    site: str
    directory: str
    format: str
    layout: str = ""

    @property
    def is_dataset(self) -> bool:
        """Whether names are positions in a data set."""
        return self.layout in ("", NUMBERED)


@dataclass
class PipelineState:
    """Working data of an item while it is in the pipelines: bytes, a worker, catalogue rows.

    It is not a field of the item, so it is never exported or logged.
    """

    row: int = 0
    stems: dict[int, str] = field(default_factory=dict)  # placement row -> file name without extension
    previous: dict[int, str] = field(default_factory=dict)  # placement row -> sha256 of the file we made there before
    files: dict[int, str] = field(default_factory=dict)  # placement row -> file name as published
    file_sha256: str | None = None  # of those files
    body: bytes = b""
    is_video: bool = False  # the source calls it a video: kept as it is, not decoded
    ext: str = ""
    report: Any = None  # result of the decode: harvester.imaging.types.ImageReport
    coefficients: bytes | None = None  # the frequencies of the phash
    worker: Any = None  # the worker process that has the picture
    requested_at: int | None = None  # when it was requested, seconds since 1970


def _json_or_none(value: Any) -> str | None:
    return None if value is None else json_text(value)


@dataclass(eq=False)
class ImageItem:
    """One image and its outcome. Every field is public and appears in feed exports, one row per image.

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
    requested_at: str | None = None
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
        """Whether the pipelines still have work to do: neither failed nor skipped."""
        return self.status == "pending"

    def restart_at(self, url: str) -> None:
        """Start again with another address, as if nothing had been requested."""
        self.url, self.state.body = url, b""
        self.reopen()

    def reopen(self) -> None:
        """Take a refusal back."""
        self.status, self.reason, self.detail = "pending", "", ""

    def refuse(self, reason: str, detail: str = "") -> None:
        """End this image without a picture."""
        self.status, self.reason, self.detail = REASONS[reason].status, reason, detail
