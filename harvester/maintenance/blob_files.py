"""Check of the blob store against the catalogue: reads and hashes every file, on all cores, folder by folder."""

import hashlib
import os
import re
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from harvester.catalogue import audit, pending_deletes
from harvester.maintenance.findings import Finding
from harvester.storage.blobs import BlobStore, writer_token_of
from harvester.storage.paths import DataPaths

_BLOB = re.compile(r"([0-9a-f]{64})\.[a-z0-9]{1,8}")


@dataclass(frozen=True)
class BlobFinding(Finding):
    """A finding about one blob, whose file may be missing; its extension is `*` if it is unknown."""

    sha256: str = ""


@dataclass(frozen=True)
class BlobCheck:
    """Reads the blob store; `is_in_progress` tells whether a running crawl may be working on a path."""

    places: DataPaths
    store: BlobStore
    engine: Engine
    pool: Executor
    is_in_progress: Callable[[Path], bool]
    on_progress: Callable[[int], object]

    def findings(self) -> Iterator[BlobFinding]:
        """Everything that is wrong with the blobs; memory holds the names of one folder."""
        for entry in _scan_folder(self.store.root):
            if not (entry.is_dir(follow_symlinks=False) and entry.name in audit.SHA256_PREFIXES):
                yield BlobFinding("foreign", entry.path)
        for prefix in audit.SHA256_PREFIXES:
            yield from self._check_folder(prefix)

    def _check_folder(self, prefix: str) -> Iterator[BlobFinding]:
        with self.engine.connect() as connection:  # before the files: a blob is on disk before it has a row
            recorded = audit.find_recorded_blobs(connection, prefix)
            referenced = audit.find_referenced_blobs(connection, prefix)
            outdated = audit.find_outdated_blobs(connection, prefix)
        files: dict[str, Path] = {}
        for entry in _scan_folder(self.store.root / prefix):
            match = _BLOB.fullmatch(entry.name)
            sha256 = match[1] if match else ""
            is_blob = sha256.startswith(prefix) and entry.is_file(follow_symlinks=False) if match else False
            if is_blob and recorded.get(sha256, entry.name[65:]) == entry.name[65:]:
                files[sha256] = Path(entry.path)
            elif writer_token_of(entry.name) is None and not self.is_in_progress(Path(entry.path)):
                yield BlobFinding("foreign", entry.path)
        yield from self._check_files(files, recorded, referenced, outdated)
        for sha256 in sorted((recorded.keys() | referenced) - files.keys()):
            path = self.store.path(sha256, recorded.get(sha256, "*"))
            if not path.is_file():
                yield BlobFinding("missing", str(path), sha256=sha256)

    def _check_files(
        self, files: dict[str, Path], recorded: dict[str, str], referenced: set[str], outdated: set[str]
    ) -> Iterator[BlobFinding]:
        for (sha256, path), digest in zip(files.items(), self.pool.map(sha256_or_error, files.values()), strict=True):
            self.on_progress(1)
            if digest != sha256:
                yield BlobFinding("corrupt", str(path), _mismatch_text(digest), sha256=sha256)
            elif sha256 not in recorded:
                if not self.is_in_progress(path) and not self._is_recorded_now(sha256):
                    kind = (
                        "unrecorded"
                        if sha256 in referenced
                        else "pending-delete"
                        if self._is_pending_delete(path)
                        else "orphaned"
                    )
                    yield BlobFinding(kind, str(path), sha256=sha256)
            elif sha256 in outdated:
                yield BlobFinding("outdated", str(path), sha256=sha256)
            elif sha256 not in referenced:
                yield BlobFinding("unreferenced", str(path), sha256=sha256)

    def _is_recorded_now(self, sha256: str) -> bool:
        with self.engine.connect() as connection:
            return audit.has_blob(connection, sha256)

    def _is_pending_delete(self, path: Path) -> bool:
        with self.engine.connect() as connection:
            return pending_deletes.is_pending_delete(connection, self.places.relative_to_data(path))


def sha256_or_error(path: Path) -> str:
    """The sha256 of a file, or the reason why it cannot be read. Releases the interpreter lock."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        return error.strerror or str(error)


def _mismatch_text(digest: str) -> str:
    return f"its bytes have the sha256 {digest}" if len(digest) == 64 else digest


def _scan_folder(folder: Path) -> Iterator["os.DirEntry[str]"]:
    if folder.is_dir():
        with os.scandir(folder) as entries:
            yield from entries
