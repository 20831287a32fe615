"""The blob store against the catalogue, one folder of 256 at a time: every file is read and hashed, on all cores."""

import hashlib
import os
import re
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from harvester.blobs import BlobStore, maker
from harvester.catalogue import audit, removals
from harvester.places import Places
from harvester.upkeep.findings import Finding

_BLOB = re.compile(r"([0-9a-f]{64})\.[a-z0-9]{1,8}")


@dataclass(frozen=True)
class BlobFinding(Finding):
    """A finding about one blob; its file may be there or not, and its extension is `*` where nothing tells it."""

    sha256: str = ""


@dataclass(frozen=True)
class BlobCheck:
    """Reads the store; `in_hand` says of a path whether a running crawl may be at work on it."""

    places: Places
    store: BlobStore
    engine: Engine
    pool: Executor
    in_hand: Callable[[Path], bool]
    step: Callable[[int], object]

    def findings(self) -> Iterator[BlobFinding]:
        """Everything wrong with the blobs; memory holds one folder's names."""
        for entry in _entries(self.store.root):
            if not (entry.is_dir(follow_symlinks=False) and entry.name in audit.PREFIXES):
                yield BlobFinding("foreign", entry.path)
        for prefix in audit.PREFIXES:
            yield from self._folder(prefix)

    def _folder(self, prefix: str) -> Iterator[BlobFinding]:
        with self.engine.connect() as connection:  # before the files: a blob is on disk before it has a row
            rows = audit.recorded(connection, prefix)
            wanted = audit.wanted(connection, prefix)
            outdated = audit.outdated(connection, prefix)
        files: dict[str, Path] = {}
        for entry in _entries(self.store.root / prefix):
            found = _BLOB.fullmatch(entry.name)
            sha256 = found[1] if found else ""
            ours = sha256.startswith(prefix) and entry.is_file(follow_symlinks=False) if found else False
            if ours and rows.get(sha256, entry.name[65:]) == entry.name[65:]:
                files[sha256] = Path(entry.path)
            elif maker(entry.name) is None and not self.in_hand(Path(entry.path)):
                yield BlobFinding("foreign", entry.path)
        yield from self._files(files, rows, wanted, outdated)
        for sha256 in sorted((rows.keys() | wanted) - files.keys()):
            path = self.store.path(sha256, rows.get(sha256, "*"))
            if not path.is_file():
                yield BlobFinding("missing", str(path), sha256=sha256)

    def _files(
        self, files: dict[str, Path], rows: dict[str, str], wanted: set[str], outdated: set[str]
    ) -> Iterator[BlobFinding]:
        for (sha256, path), found in zip(files.items(), self.pool.map(hashed, files.values()), strict=True):
            self.step(1)
            if found != sha256:
                yield BlobFinding("torn", str(path), _why(found), sha256=sha256)
            elif sha256 not in rows:
                if not self.in_hand(path) and not self._known_by_now(sha256):
                    kind = "unrecorded" if sha256 in wanted else "going" if self._is_going(path) else "orphaned"
                    yield BlobFinding(kind, str(path), sha256=sha256)
            elif sha256 in outdated:
                yield BlobFinding("outdated", str(path), sha256=sha256)
            elif sha256 not in wanted:
                yield BlobFinding("unreferenced", str(path), sha256=sha256)

    def _known_by_now(self, sha256: str) -> bool:
        with self.engine.connect() as connection:
            return audit.is_known(connection, sha256)

    def _is_going(self, path: Path) -> bool:
        with self.engine.connect() as connection:
            return removals.is_doomed(connection, self.places.stored(path))


def hashed(path: Path) -> str:
    """The sha256 of a file, or in its place why it cannot be read. The interpreter's lock is free meanwhile."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        return error.strerror or str(error)


def _why(found: str) -> str:
    return f"its bytes have the sha256 {found}" if len(found) == 64 else found


def _entries(folder: Path) -> Iterator["os.DirEntry[str]"]:
    if folder.is_dir():
        with os.scandir(folder) as entries:
            yield from entries
