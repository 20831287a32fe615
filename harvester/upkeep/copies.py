"""The named copies against the catalogue: is each there, and has it the bytes that were written?"""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from sqlalchemy import Engine

from harvester.blobs import BlobStore
from harvester.catalogue import audit, queries, removals
from harvester.catalogue.audit import Copy
from harvester.items import Collection
from harvester.links import leads_elsewhere
from harvester.places import Places
from harvester.upkeep.blobfiles import hashed
from harvester.upkeep.findings import Finding


@dataclass(frozen=True)
class CopyFinding(Finding):
    """A finding about one named copy; `row` is its sighting, 0 for a file that is none."""

    row: int = 0


@dataclass(frozen=True)
class CopyCheck:
    """Reads the output folders. A hard link to its blob is not read again: the blob is."""

    places: Places
    engine: Engine
    pool: Executor
    in_hand: Callable[[Path], bool]
    step: Callable[[int], object]

    def findings(self) -> Iterator[CopyFinding]:
        """Everything wrong with the named copies; memory holds a few thousand of them."""
        with self.engine.connect() as connection:
            collections = queries.all_collections(connection)
            connection.rollback()
            for page in audit.copies(connection):
                outputs = [self.places.output(collections[copy.collection]) for copy in page]
                paths = [output / copy.file for copy, output in zip(page, outputs, strict=True)]
                wrongs = self.pool.map(self._wrong, page, outputs)
                for copy, path, wrong in zip(page, paths, wrongs, strict=True):
                    self.step(1)
                    if wrong is not None:
                        kind, detail = wrong
                        yield CopyFinding(kind, str(path), detail, row=copy.row)
        for row, collection in collections.items():
            yield from self._foreign(row, collection)

    def _wrong(self, copy: Copy, output: Path) -> tuple[str, str] | None:
        path = output / copy.file
        if leads_elsewhere(output, copy.file) or not (path.is_file() or path.is_symlink()):
            return ("unnamed", "")
        if path.is_symlink():
            return ("altered", "a symbolic link")
        if copy.file_sha256 is None or self._is_its_blob(copy, path):
            return None
        found = hashed(path)
        if found == copy.file_sha256:
            return None
        return ("altered", f"its bytes have the sha256 {found}" if len(found) == 64 else found)

    def _is_its_blob(self, copy: Copy, path: Path) -> bool:
        if copy.file_sha256 != copy.sha256 or copy.sha256 is None or copy.ext is None:
            return False
        try:
            return path.samefile(BlobStore(self.places.blobs).path(copy.sha256, copy.ext))
        except OSError:
            return False

    def _foreign(self, row: int, collection: Collection) -> Iterator[CopyFinding]:
        """Only where the folder is our own: an output elsewhere may be shared with anything."""
        folder = self.places.output(collection)
        if not (folder.is_relative_to(self.places.root / "images") and folder.is_dir()):
            return
        ours = {path.name for path in self.places.files_beside(collection)}
        names = (name for name in _files_below(folder) if name not in ours)
        while batch := list(islice(names, queries.CHUNK)):
            with self.engine.connect() as connection:
                known = audit.published(connection, row, [_stem(name) for name in batch])
                strange = [name for name in batch if _stem(name) not in known and not self.in_hand(folder / name)]
                going = {name for name in strange if removals.is_doomed(connection, f"{collection.directory}/{name}")}
            for name in strange:
                yield CopyFinding("going" if name in going else "foreign", str(folder / name))


def _files_below(folder: Path) -> Iterator[str]:
    """Paths relative to the folder, slashes between folders, without hidden files; links are not followed."""
    for below, _, files in os.walk(folder):
        inside = Path(below).relative_to(folder)
        yield from ((inside / file).as_posix() for file in files if not file.startswith("."))


def _stem(name: str) -> str:
    """As the catalogue writes it: with its folders, without its extension; what lies beside a picture has its stem."""
    return name.rpartition(".")[0]
