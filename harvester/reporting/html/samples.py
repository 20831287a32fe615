"""Thumbnails embedded in the report."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Row

from harvester.catalogue import report
from harvester.duplicates.describe import verdict_label
from harvester.duplicates.groups import Group, find_groups
from harvester.errors import ImageRejected
from harvester.imaging.convert import process_image
from harvester.imaging.formats import EXTENSIONS
from harvester.imaging.types import ConversionOptions
from harvester.storage.blobs import BlobStore

SAMPLES_SHOWN = 24
GROUPS_SHOWN = 6
MEMBERS_SHOWN = 4
THUMBNAIL_SIDE = 200
"""Longest side of a thumbnail, in pixels."""

_JPEG_QUALITY = 78
_MAX_DESCRIPTION_LENGTH = 300


@dataclass(frozen=True)
class ReportPicture:
    """A thumbnail. `data` is a data: URL, empty if it cannot be shown; `page` is an http(s) address or empty."""

    data: str
    description: str
    site: str
    author: str
    page: str
    width: int
    height: int
    format: str
    verdict: str = ""


@dataclass(frozen=True)
class GroupSample:
    """A group of near-duplicates; `members` are the first few, `more` is the number of others."""

    name: str
    state: str
    members: Sequence[ReportPicture]
    more: int


class SampleReader:
    """Makes thumbnails; `options` apply to decoding stored bytes."""

    def __init__(self, connection: Connection, store: BlobStore, options: ConversionOptions) -> None:
        self._connection = connection
        self._store = store
        self._options = replace(
            options, format="original", quality=_JPEG_QUALITY, thumbs={"small": (THUMBNAIL_SIDE, THUMBNAIL_SIDE)}
        )

    def read_samples(self) -> list[ReportPicture]:
        """Of all pictures; the same ones every time."""
        sample = report.sample_blobs(self._connection, EXTENSIONS, SAMPLES_SHOWN)
        return [self._report_picture(blob) for blob in sample]

    def read_groups(self) -> tuple[list[GroupSample], dict[str, int]]:
        """The largest groups of near-duplicates, and the number of groups by state."""
        all_groups = find_groups(self._connection)
        states: dict[str, int] = {}
        for group in all_groups:
            states[group.state] = states.get(group.state, 0) + 1
        return [self._group_sample(group) for group in all_groups[:GROUPS_SHOWN]], states

    def _group_sample(self, group: Group) -> GroupSample:
        first_members = group.members[:MEMBERS_SHOWN]
        blob_of = report.blobs_by_sha256(self._connection, [member.sha256 for member in first_members])
        members = [
            replace(self._report_picture(blob_of[member.sha256]), verdict=verdict_label(member.verdict))
            for member in first_members
        ]
        return GroupSample(group.name, group.state, members, len(group.members) - len(first_members))

    def _report_picture(self, blob: Row[Any]) -> ReportPicture:
        image = report.first_image_of(self._connection, blob.sha256)
        page = (image.page or image.url or image.key) if image else ""
        return ReportPicture(
            data=self._thumbnail_url(blob),
            description=((image.alt or "") if image else "")[:_MAX_DESCRIPTION_LENGTH],
            site=image.site if image else "",
            author=(image.author or "") if image else "",
            page=page if page.startswith(("https://", "http://")) else "",
            width=blob.width,
            height=blob.height,
            format=blob.format,
        )

    def _thumbnail_url(self, blob: Row[Any]) -> str:
        data = self._store.read(blob.sha256, blob.ext)
        if data is None:
            return ""
        try:
            thumbnail = process_image(data, self._options).thumbs["small"]
        except ImageRejected:
            return ""
        return f"data:image/jpeg;base64,{base64.b64encode(thumbnail).decode()}"
