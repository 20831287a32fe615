"""Formats that pack many pictures into one file: WebDataset and Parquet.

A picture stays in the shard it came into; new ones fill up the last shard and begin others. So a second export writes
only the shards in which something is new, changed or gone.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor
from contextlib import AbstractContextManager
from dataclasses import dataclass
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

    def export(self, records: Iterable[Record], reader: Records) -> Iterator[Outcome]:
        """What became of each; `records` is read first, then each shard's from `reader`. Raises StoreError."""
        members = _Members(self._ledger)
        for record in records:
            if record.blob is None or not self._renditions.fits(record.blob):
                yield Outcome(record, failed="blob not recorded" if record.blob is None else "")
            else:
                made_of = (self._renditions.stamp(record.blob), caption(record), row(record))
                members.take(key(record, self._wish), record, digest(json.dumps(made_of).encode()))
        members.drop_others()
        for shard in members.shards():
            yield from self._shard(shard, members, reader)

    def _shard(self, shard: int, members: "_Members", reader: Records) -> Iterator[Outcome]:
        path = f"train/data-{shard:05}.{self._packing.ext}"
        outcomes: Iterator[Outcome] = (Outcome(record) for record in members.records(shard, reader))
        try:
            if self._folder.needs(path, members.stamp(shard)):
                outcomes = iter(self._written(path, shard, members, outcomes))
        except CannotExport as error:
            outcomes = (Outcome(outcome.record, failed=str(error)) for outcome in outcomes)
        for outcome in outcomes:
            outcome.files = [] if outcome.failed else [path]
            yield outcome

    def _written(self, path: str, shard: int, members: "_Members", outcomes: Iterator[Outcome]) -> list[Outcome]:
        part = self._folder.part()
        found: list[Outcome] = []
        try:
            if self._folder.dry:
                found += outcomes
            else:
                with self._packing.begin(part) as file:
                    found += self._packed(file, outcomes)
            for outcome in found:
                if outcome.failed:
                    members.lose(key(outcome.record, self._wish))
            former = self._folder.plan(path, members.stamp(shard))
            if members.size(shard):
                self._folder.publish(path, part.replace, former)
                self._folder.published(path)
            else:
                self._folder.refused(path, former)
        finally:
            part.unlink(missing_ok=True)
        return found

    def _packed(self, shard: Shard, outcomes: Iterator[Outcome]) -> Iterator[Outcome]:
        while some := list(islice(outcomes, _AT_ONCE)):
            for outcome, future in [(one, self._pool.submit(self._sample, one.record)) for one in some]:
                try:
                    shard.add(future.result())
                except CannotExport as error:
                    outcome.failed = str(error)
                yield outcome

    def _sample(self, record: Record) -> Sample:
        assert record.blob is not None
        name = key(record, self._wish)
        picture = self._renditions.whole(record.blob)
        return Sample(name, self._renditions.ext(record.blob), picture, caption(record), row(record))


class _Members:
    """Which picture is in which shard."""

    def __init__(self, ledger: Ledger) -> None:
        self._database = ledger.database
        self._run = ledger.run
        last = "SELECT shard, count(*) FROM members GROUP BY shard ORDER BY shard DESC LIMIT 1"
        self._shard: int
        self._number: int
        self._shard, self._number = self._database.execute(last).fetchone() or (0, 0)
        self._bytes = 0

    def take(self, name: str, record: Record, stamp: str) -> None:
        """A picture belongs to this export."""
        known = self._database.execute("SELECT shard FROM members WHERE key = ?", (name,)).fetchone()
        shard = known[0] if known else self._open(record)
        values = (name, shard, record.image.id, stamp, self._run)
        self._database.execute("INSERT OR REPLACE INTO members VALUES (?, ?, ?, ?, ?)", values)

    def _open(self, record: Record) -> int:
        assert record.blob is not None
        if self._number >= PER_SHARD or self._bytes + record.blob.bytes > BYTES:
            self._shard, self._number, self._bytes = self._shard + 1, 0, 0
        self._number += 1
        self._bytes += record.blob.bytes
        return int(self._shard)

    def drop_others(self) -> None:
        """What this export did not take is gone."""
        self._database.execute("DELETE FROM members WHERE run < ?", (self._run,))

    def lose(self, name: str) -> None:
        """It could not be packed; the next export tries again."""
        self._database.execute("DELETE FROM members WHERE key = ?", (name,))

    def shards(self) -> list[int]:
        """Those with anything in them."""
        return [row[0] for row in self._database.execute("SELECT DISTINCT shard FROM members ORDER BY shard")]

    def size(self, shard: int) -> int:
        """Pictures in it."""
        return int(self._database.execute("SELECT count(*) FROM members WHERE shard = ?", (shard,)).fetchone()[0])

    def stamp(self, shard: int) -> str:
        """What it is made of."""
        made_of = hashlib.sha256()
        for name, stamp in self._database.execute(f"SELECT key, stamp {_IN_SHARD}", (shard,)):
            made_of.update(f"{name} {stamp}\n".encode())
        return made_of.hexdigest()

    def records(self, shard: int, reader: Records) -> Iterator[Record]:
        """Its images."""
        rows = [row[0] for row in self._database.execute(f"SELECT image {_IN_SHARD}", (shard,))]
        return reader.of([(0, image) for image in rows])


_IN_SHARD = "FROM members WHERE shard = ? ORDER BY image"
