"""Import of blobs of the old tool: read, compare with the old database, and store."""

import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from harvester.catalogue.sql import chunks
from harvester.errors import ImageRejected
from harvester.imaging.convert import process_image
from harvester.imaging.fingerprint import compute_hashes
from harvester.imaging.types import FINGERPRINT_VERSION, ConversionOptions
from harvester.reasons import REASONS
from harvester.spiders.imagefap.old_database.records import OldBlob
from harvester.storage.blobs import BlobStore, digest

MAX_HASH_DISTANCE = 4
"""Bits in which hashes of the same picture may differ, by default, in the old tool."""

_BATCH_SIZE = 64


@dataclass(frozen=True)
class ImportedBlob:
    """The outcome of a blob: a row for the table `blobs`, or a reason, or neither if the bytes are lost.

    `hashes_match` says for each hash whether the new value is within 4 bits of the one in the old database.
    """

    sha256: str
    blob: Mapping[str, Any] | None = None
    reason: str = ""
    detail: str = ""
    hashes_match: Mapping[str, bool] = field(default_factory=dict)
    complaints: Sequence[str] = ()

    @property
    def status(self) -> str:
        """The status of the reason."""
        return REASONS[self.reason].status


def import_blobs(
    blobs: Sequence[OldBlob], folder: Path, store: BlobStore, options: ConversionOptions
) -> Iterator[list[ImportedBlob]]:
    """Import blobs from `folder`, in batches of a few dozen. Raises StoreError."""
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        for chunk in chunks(blobs, _BATCH_SIZE):
            yield list(pool.map(lambda blob: _import_blob(blob, folder, store, options), chunk))


def _import_blob(blob: OldBlob, folder: Path, store: BlobStore, options: ConversionOptions) -> ImportedBlob:
    file = folder / f"{blob.sha256}.{blob.ext}"
    try:
        data = file.read_bytes()
    except OSError as error:
        return ImportedBlob(
            blob.sha256, complaints=[f"{file}: cannot be read ({error.strerror}); its images stay pending."]
        )
    if digest(data) != blob.sha256:
        return ImportedBlob(
            blob.sha256, complaints=[f"{file}: its bytes do not match its name; its images stay pending."]
        )
    try:
        processed = process_image(data, options)
        fingerprints = asdict(compute_hashes(processed.plane))
    except ImageRejected as rejected:
        message = f"{file}: {rejected.reason} ({rejected.detail})."
        return ImportedBlob(blob.sha256, reason=rejected.reason, detail=rejected.detail, complaints=[message])
    store.put(blob.sha256, processed.facts.ext, data)
    row = {**asdict(processed.facts), **fingerprints, "sha256": blob.sha256, "fingerprint_version": FINGERPRINT_VERSION}
    hashes_match = {
        name: _distance(value, fingerprints[name]) <= MAX_HASH_DISTANCE for name, value in blob.hashes.items()
    }
    return ImportedBlob(blob.sha256, row, hashes_match=hashes_match, complaints=list(_differences(blob, row, file)))


def _differences(blob: OldBlob, row: Mapping[str, Any], file: Path) -> Iterator[str]:
    if blob.bytes != row["bytes"]:
        yield f"{file}: has {row['bytes']} bytes, the database says {blob.bytes}; imported as it is."
    sides = {blob.width, blob.height}
    if None not in sides and sides != {row["width"], row["height"]}:
        size = f"{row['width']} × {row['height']}"
        yield f"{file}: has {size} pixels, the database says {blob.width} × {blob.height}; imported as it is."


def _distance(first: str, second: str) -> int:
    return (int(first, 16) ^ int(second, 16)).bit_count()
