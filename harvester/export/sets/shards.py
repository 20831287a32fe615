"""Formats that pack many pictures into one file: WebDataset and Parquet.

A picture stays in the shard it came into; new ones fill up the last shard and begin others. So a second export writes
only the shards in which something is new, changed or gone.
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

from harvester.blobs import digest
from harvester.export.sets.folder import CannotExport, Folder
from harvester.export.sets.layouts import key
from harvester.export.sets.ledger import Ledger
from harvester.export.sets.outcome import Outcome
from harvester.export.sets.records import Record, Records
from harvester.export.sets.renditions import Renditions
from harvester.export.sets.rows import caption, row
from harvester.export.sets.wish import Wish

PER_SHARD = 1000
"""Pictures in a shard, at most."""

BYTES = 512 * 2**20
"""Of originals in a shard, roughly at most."""

_AT_ONCE = 16


@dataclass(frozen=True)
class Sample:
    """One picture in a shard: its name, its file's extension and bytes, what is to be seen, and its row."""

    key: str
    ext: str
    picture: bytes
    caption: str
    row: dict[str, Any]


class Shard(Protocol):
    """A shard that is being written."""

    def add(self, sample: Sample) -> None:
        """Take one more picture."""


class Packing(Protocol):
    """How a format packs; `ext` is that of its files, without the dot."""

    ext: str

    def begin(self, path: Path) -> AbstractContextManager[Shard]:
        """Open a new file; it is whole when the context ends."""


class Shards:
    """Writes them."""

    def __init__(
        self, folder: Folder, ledger: Ledger, renditions: Renditions, packing: Packing, pool: Executor, wish: Wish
    ) -> None:
        self._folder = folder
        self._ledger = ledger
        self._renditions = renditions
        self._packing = packing
        self._pool = pool
        self._wish = wish

    def export(self, records: Iterable[Record], reader: Records, gone: Callable[[int], object]) -> Iterator[Outcome]:
        """What became of each; `records` is read first, then each shard's from `reader`. Raises StoreError.

        `gone` is told of images (rows) that have disappeared between the two readings.
        """
        members = _Members(self._ledger)
        for record in records:
            if record.blob is None or not self._renditions.fits(record.blob):
                yield Outcome(record, failed="blob not recorded" if record.blob is None else "")
            else:
                made_of = (self._renditions.stamp(record.blob), caption(record), row(record))
                members.take(key(record, self._wish), record, digest(json.dumps(made_of).encode()))
        members.drop_others()
        for shard in members.shards():
            yield from self._shard(shard, members, reader, gone)

    def _shard(
        self, shard: int, members: "_Members", reader: Records, gone: Callable[[int], object]
    ) -> Iterator[Outcome]:
        path = f"train/data-{shard:05}.{self._packing.ext}"
        images = members.images(shard)
        outcomes = [Outcome(record) for record in reader.of([(0, image) for image in images])]
        for image in set(images) - {outcome.record.image.id for outcome in outcomes}:
            members.lose(shard, image)
            gone(image)
        try:
            if outcomes and self._folder.needs(path, members.stamp(shard)):
                self._write(path, shard, members, outcomes)
        except CannotExport as error:
            for outcome in outcomes:
                outcome.failed = outcome.failed or str(error)
        for outcome in outcomes:
            outcome.files = [] if outcome.failed else [path]
            yield outcome

    def _write(self, path: str, shard: int, members: "_Members", outcomes: list[Outcome]) -> None:
        if self._folder.dry:
            self._folder.pretend(path)
            return
        part = self._folder.write(path, partial(self._pack, outcomes))
        for outcome in outcomes:
            if outcome.failed:
                members.lose(shard, outcome.record.image.id)
        if members.size(shard):
            self._folder.settle(path, members.stamp(shard), part)
        else:
            part.unlink(missing_ok=True)
            self._folder.refused(path)

    def _pack(self, outcomes: Iterable[Outcome], path: Path) -> None:
        left = iter(outcomes)
        with self._packing.begin(path) as file:
            while some := list(islice(left, _AT_ONCE)):
                for outcome, future in [(one, self._pool.submit(self._sample, one.record)) for one in some]:
                    try:
                        file.add(future.result())
                    except CannotExport as error:
                        outcome.failed = str(error)

    def _sample(self, record: Record) -> Sample:
        if record.blob is None:  # changed between the two readings
            raise CannotExport("blob not recorded")
        name = key(record, self._wish)
        picture = self._renditions.whole(record.blob)
        return Sample(name, self._renditions.ext(record.blob), picture, caption(record), row(record))


class _Members:
    """Which picture is in which shard."""

    def __init__(self, ledger: Ledger) -> None:
        self._database = ledger.database
        self._run = ledger.run
        last = "SELECT shard, count(*), sum(bytes) FROM packed GROUP BY shard ORDER BY shard DESC LIMIT 1"
        self._shard: int
        self._number: int
        self._bytes: int
        self._shard, self._number, self._bytes = self._database.execute(last).fetchone() or (0, 0, 0)

    def take(self, name: str, record: Record, stamp: str) -> None:
        """A picture belongs to this export."""
        assert record.blob is not None
        known = self._database.execute("SELECT shard FROM packed WHERE key = ?", (name,)).fetchone()
        shard = known[0] if known else self._open(record.blob.bytes)
        values = (name, shard, record.image.id, stamp, self._run, record.blob.bytes)
        self._database.execute("INSERT OR REPLACE INTO packed VALUES (?, ?, ?, ?, ?, ?)", values)

    def _open(self, size: int) -> int:
        if self._number and (self._number >= PER_SHARD or self._bytes + size > BYTES):
            self._shard, self._number, self._bytes = self._shard + 1, 0, 0
        self._number += 1
        self._bytes += size
        return self._shard

    def drop_others(self) -> None:
        """What this export did not take is gone."""
        self._database.execute("DELETE FROM packed WHERE run < ?", (self._run,))

    def lose(self, shard: int, image: int) -> None:
        """It could not be packed; the next export tries again."""
        self._database.execute("DELETE FROM packed WHERE shard = ? AND image = ?", (shard, image))

    def shards(self) -> list[int]:
        """Those with anything in them."""
        return [row[0] for row in self._database.execute("SELECT DISTINCT shard FROM packed ORDER BY shard")]

    def size(self, shard: int) -> int:
        """Pictures in it."""
        return int(self._database.execute("SELECT count(*) FROM packed WHERE shard = ?", (shard,)).fetchone()[0])

    def stamp(self, shard: int) -> str:
        """What it is made of."""
        made_of = hashlib.sha256()
        for name, stamp in self._database.execute(_STAMPS, (shard,)):
            made_of.update(f"{name} {stamp}\n".encode())
        return made_of.hexdigest()

    def images(self, shard: int) -> list[int]:
        """Its images."""
        return [row[0] for row in self._database.execute(_IMAGES, (shard,))]


_STAMPS = "SELECT key, stamp FROM packed WHERE shard = ? ORDER BY image"
_IMAGES = "SELECT image FROM packed WHERE shard = ? ORDER BY image"
