"""Small pictures for the report, embedded in it."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Row, select

from harvester.blobs import BlobStore
from harvester.catalogue.schema import blobs, collections, images
from harvester.duplicates.groups import Group, groups
from harvester.errors import Refused
from harvester.imaging.convert import process
from harvester.imaging.sniff import EXTENSIONS
from harvester.imaging.values import Options

SAMPLES = 24
GROUPS = 6
MEMBERS = 4
SIDE = 200
"""Pixels: the longest side of a small picture."""

_QUALITY = 78
_CAPTION = 300


@dataclass(frozen=True)
class Sample:
    """A small picture; `data` is a data: URL, empty where it cannot be shown. `page` is an http(s) address or empty."""

    data: str
    told: str
    site: str
    author: str
    page: str
    width: int
    height: int
    format: str
    verdict: str = ""


@dataclass(frozen=True)
class Alike:
    """A group of look-alikes; `members` are the first few, `more` is how many there are besides."""

    name: str
    state: str
    members: Sequence[Sample]
    more: int


class Samples:
    """Makes them; `options` are those of reading bytes that are kept."""

    def __init__(self, connection: Connection, store: BlobStore, options: Options) -> None:
        self._connection = connection
        self._store = store
        self._options = replace(options, format="original", quality=_QUALITY, thumbs={"small": (SIDE, SIDE)})

    def sheet(self) -> list[Sample]:
        """Of all pictures; taken in the order of their sha256, which is as good as drawn by lot, and stays the same."""
        found = select(blobs).where(blobs.c.format.in_(EXTENSIONS)).order_by(blobs.c.sha256).limit(SAMPLES)
        return [self._sample(blob) for blob in self._connection.execute(found).all()]

    def alike(self) -> tuple[list[Alike], dict[str, int]]:
        """The largest groups of look-alikes, and how many groups there are by state."""
        found = groups(self._connection)
        states: dict[str, int] = {}
        for group in found:
            states[group.state] = states.get(group.state, 0) + 1
        return [self._alike(group) for group in found[:GROUPS]], states

    def _alike(self, group: Group) -> Alike:
        shown = group.members[:MEMBERS]
        rows = self._connection.execute(select(blobs).where(blobs.c.sha256.in_([one.sha256 for one in shown])))
        blob_of = {row.sha256: row for row in rows}
        members = [replace(self._sample(blob_of[one.sha256]), verdict=one.verdict) for one in shown]
        return Alike(group.name, group.state, members, len(group.members) - len(shown))

    def _sample(self, blob: Row[Any]) -> Sample:
        found = select(images, collections.c.site).join(collections).where(images.c.sha256 == blob.sha256)
        image = self._connection.execute(found.order_by(images.c.id).limit(1)).first()
        page = (image.page or image.url or image.key) if image else ""
        return Sample(
            data=self._small(blob),
            told=((image.alt or "") if image else "")[:_CAPTION],
            site=image.site if image else "",
            author=(image.author or "") if image else "",
            page=page if page.startswith(("https://", "http://")) else "",
            width=blob.width,
            height=blob.height,
            format=blob.format,
        )

    def _small(self, blob: Row[Any]) -> str:
        data = self._store.read(blob.sha256, blob.ext)
        if data is None:
            return ""
        try:
            small = process(data, self._options).thumbs["small"]
        except Refused:
            return ""
        return f"data:image/jpeg;base64,{base64.b64encode(small).decode()}"
