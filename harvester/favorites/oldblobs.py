"""The old tool's blobs: read, compared with what it noted of them, kept under our rules."""

import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from harvester.blobs import BlobStore, digest
from harvester.catalogue.queries import chunks
from harvester.errors import Refused
from harvester.favorites.records import Blob
from harvester.imaging.convert import process
from harvester.imaging.fingerprint import hashes
from harvester.imaging.values import RECIPE, Options
from harvester.reasons import REASONS

ALIKE = 4
"""Bits in which a hash may differ and still be the same picture to the old tool (its default)."""

_AT_ONCE = 64


@dataclass(frozen=True)
class Adopted:
    """What became of a blob: a row for the catalogue's table; or a reason; or neither, where the bytes are lost.

    `alike` says of each hash whether the one made now is within 4 bits of the one the old tool noted.
    """

    sha256: str
    blob: Mapping[str, Any] | None = None
    reason: str = ""
    detail: str = ""
    alike: Mapping[str, bool] = field(default_factory=dict)
    complaints: Sequence[str] = ()

    @property
    def status(self) -> str:
        """The status that goes with the reason."""
        return REASONS[self.reason].status


def adopted(blobs: Sequence[Blob], folder: Path, store: BlobStore, options: Options) -> Iterator[list[Adopted]]:
    """Take over blobs out of `folder`, a few dozen at a time. Raises StoreError."""
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        for chunk in chunks(blobs, _AT_ONCE):
            yield list(pool.map(lambda blob: _adopt(blob, folder, store, options), chunk))


def _adopt(blob: Blob, folder: Path, store: BlobStore, options: Options) -> Adopted:
    file = folder / f"{blob.sha256}.{blob.ext}"
    try:
        data = file.read_bytes()
    except OSError as error:
        return Adopted(blob.sha256, complaints=[f"{file}: cannot be read ({error.strerror}); its images stay owed."])
    if digest(data) != blob.sha256:
        return Adopted(blob.sha256, complaints=[f"{file}: not the bytes its name says; its images stay owed."])
    try:
        made = process(data, options)
        found = asdict(hashes(made.plane))
    except Refused as refused:
        said = f"{file}: {refused.reason} ({refused.detail})."
        return Adopted(blob.sha256, reason=refused.reason, detail=refused.detail, complaints=[said])
    store.put(blob.sha256, made.facts.ext, data)
    row = {**asdict(made.facts), **found, "sha256": blob.sha256, "recipe": RECIPE}
    alike = {name: _distance(value, found[name]) <= ALIKE for name, value in blob.hashes.items()}
    return Adopted(blob.sha256, row, alike=alike, complaints=list(_differences(blob, row, file)))


def _differences(blob: Blob, row: Mapping[str, Any], file: Path) -> Iterator[str]:
    if blob.bytes != row["bytes"]:
        yield f"{file}: has {row['bytes']} bytes, the database says {blob.bytes}; taken over as it is."
    sides = {blob.width, blob.height}
    if None not in sides and sides != {row["width"], row["height"]}:
        size = f"{row['width']} × {row['height']}"
        yield f"{file}: has {size} pixels, the database says {blob.width} × {blob.height}; taken over as it is."


def _distance(one: str, other: str) -> int:
    return (int(one, 16) ^ int(other, 16)).bit_count()
