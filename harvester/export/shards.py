"""Writer for formats that pack many pictures into one file: WebDataset and Parquet.

A picture stays in its shard; new pictures fill up the last shard and start others. So a second export writes only the
shards in which something is new, changed or gone.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

from harvester.export.layouts import picture_key
from harvester.export.manifest_db import ExportManifest
from harvester.export.options import ExportOptions
from harvester.export.output_folder import CannotExport, OutputFolder
from harvester.export.records import Record, RecordReader
from harvester.export.renditions import Renditions
from harvester.export.result import ExportedImage
from harvester.export.rows import caption_from_record, row_from_record
from harvester.storage.blobs import digest

MAX_SHARD_PICTURES = 1000
"""Largest number of pictures in a shard."""

MAX_SHARD_BYTES = 512 * 2**20
"""Approximate largest size of the originals in a shard, in bytes."""

_PACK_BATCH_SIZE = 16


@dataclass(frozen=True)
class Sample:
    """One picture in a shard: its key, the extension and bytes of its file, its caption, and its row."""

    key: str
    ext: str
    picture: bytes
    caption: str
    row: dict[str, Any]


class Shard(Protocol):
    """A shard that is being written."""

    def add(self, sample: Sample) -> None:
        """Add a picture."""


class ShardFormat(Protocol):
    """A format of shards; `ext` is the extension of its files, without the dot."""

    ext: str

    def begin(self, path: Path) -> AbstractContextManager[Shard]:
        """Open a new shard, which is complete when the context ends."""


class ShardWriter:
    """Writes shards."""

    def __init__(
        self,
        folder: OutputFolder,
        manifest: ExportManifest,
        renditions: Renditions,
        shard_format: ShardFormat,
        pool: Executor,
        options: ExportOptions,
    ) -> None:
        self._folder = folder
        self._manifest = manifest
        self._renditions = renditions
        self._shard_format = shard_format
        self._pool = pool
        self._options = options

    def export(
        self, records: Iterable[Record], reader: RecordReader, on_removed: Callable[[int], object]
    ) -> Iterator[ExportedImage]:
        """Export the records; yield the outcome of each. Raises StoreError.

        All `records` are read first, then those of each shard again from `reader`. `on_removed` is called with images
        (rows) that disappeared between the two readings.
        """
        members = _ShardMembers(self._manifest)
        for record in records:
            if record.blob is None or not self._renditions.can_hold(record.blob):
                yield ExportedImage(record, failure="blob not recorded" if record.blob is None else "")
            else:
                content = (self._renditions.stamp(record.blob), caption_from_record(record), row_from_record(record))
                members.add(picture_key(record, self._options), record, digest(json.dumps(content).encode()))
        members.remove_others()
        for shard in members.shard_numbers():
            yield from self._export_shard(shard, members, reader, on_removed)

    def _export_shard(
        self, shard: int, members: "_ShardMembers", reader: RecordReader, on_removed: Callable[[int], object]
    ) -> Iterator[ExportedImage]:
        path = f"train/data-{shard:05}.{self._shard_format.ext}"
        images = members.image_ids(shard)
        outcomes = [ExportedImage(record) for record in reader.read([(0, image) for image in images])]
        for image in set(images) - {outcome.record.image.id for outcome in outcomes}:
            members.discard(shard, image)
            on_removed(image)
        try:
            if outcomes and self._folder.needs_writing(path, members.stamp(shard)):
                self._write_shard(path, shard, members, outcomes)
        except CannotExport as error:
            for outcome in outcomes:
                outcome.failure = outcome.failure or str(error)
        for outcome in outcomes:
            outcome.files = [] if outcome.failure else [path]
            yield outcome

    def _write_shard(self, path: str, shard: int, members: "_ShardMembers", outcomes: list[ExportedImage]) -> None:
        if self._folder.dry:
            self._folder.count_dry_run(path)
            return
        part = self._folder.write_part(path, partial(self._pack_shard, outcomes))
        for outcome in outcomes:
            if outcome.failure:
                members.discard(shard, outcome.record.image.id)
        if members.count_pictures(shard):
            self._folder.plan_and_publish(path, members.stamp(shard), part)
        else:
            part.unlink(missing_ok=True)
            self._folder.cancel_file(path)

    def _pack_shard(self, outcomes: Iterable[ExportedImage], path: Path) -> None:
        remaining = iter(outcomes)
        with self._shard_format.begin(path) as file:
            while batch := list(islice(remaining, _PACK_BATCH_SIZE)):
                for outcome, future in [
                    (member, self._pool.submit(self._make_sample, member.record)) for member in batch
                ]:
                    try:
                        file.add(future.result())
                    except CannotExport as error:
                        outcome.failure = str(error)

    def _make_sample(self, record: Record) -> Sample:
        if record.blob is None:  # changed between the two readings
            raise CannotExport("blob not recorded")
        name = picture_key(record, self._options)
        picture = self._renditions.read_rendition(record.blob)
        return Sample(
            name, self._renditions.ext(record.blob), picture, caption_from_record(record), row_from_record(record)
        )


class _ShardMembers:
    """The assignment of pictures to shards, stored in the manifest."""

    def __init__(self, manifest: ExportManifest) -> None:
        self._database = manifest.database
        self._run = manifest.run
        query = "SELECT shard, count(*), sum(bytes) FROM packed GROUP BY shard ORDER BY shard DESC LIMIT 1"
        self._last_shard: int
        self._last_pictures: int
        self._last_bytes: int
        self._last_shard, self._last_pictures, self._last_bytes = self._database.execute(query).fetchone() or (0, 0, 0)

    def add(self, name: str, record: Record, stamp: str) -> None:
        """Add a picture to this export."""
        assert record.blob is not None
        existing = self._database.execute("SELECT shard FROM packed WHERE key = ?", (name,)).fetchone()
        shard = existing[0] if existing else self._choose_shard(record.blob.bytes)
        values = (name, shard, record.image.id, stamp, self._run, record.blob.bytes)
        self._database.execute("INSERT OR REPLACE INTO packed VALUES (?, ?, ?, ?, ?, ?)", values)

    def _choose_shard(self, size: int) -> int:
        if self._last_pictures and (
            self._last_pictures >= MAX_SHARD_PICTURES or self._last_bytes + size > MAX_SHARD_BYTES
        ):
            self._last_shard, self._last_pictures, self._last_bytes = self._last_shard + 1, 0, 0
        self._last_pictures += 1
        self._last_bytes += size
        return self._last_shard

    def remove_others(self) -> None:
        """Remove pictures that do not belong to this export."""
        self._database.execute("DELETE FROM packed WHERE run < ?", (self._run,))

    def discard(self, shard: int, image: int) -> None:
        """Remove a picture that could not be packed; the next export tries again."""
        self._database.execute("DELETE FROM packed WHERE shard = ? AND image = ?", (shard, image))

    def shard_numbers(self) -> list[int]:
        """The numbers of the shards with pictures."""
        return [row[0] for row in self._database.execute("SELECT DISTINCT shard FROM packed ORDER BY shard")]

    def count_pictures(self, shard: int) -> int:
        """The number of pictures in a shard."""
        return int(self._database.execute("SELECT count(*) FROM packed WHERE shard = ?", (shard,)).fetchone()[0])

    def stamp(self, shard: int) -> str:
        """A digest that identifies the content of a shard."""
        hasher = hashlib.sha256()
        for name, stamp in self._database.execute(_STAMPS_QUERY, (shard,)):
            hasher.update(f"{name} {stamp}\n".encode())
        return hasher.hexdigest()

    def image_ids(self, shard: int) -> list[int]:
        """The image rows of a shard, in order."""
        return [row[0] for row in self._database.execute(_IMAGES_QUERY, (shard,))]


_STAMPS_QUERY = "SELECT key, stamp FROM packed WHERE shard = ? ORDER BY image"
_IMAGES_QUERY = "SELECT image FROM packed WHERE shard = ? ORDER BY image"
