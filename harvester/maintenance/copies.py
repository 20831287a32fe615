"""The named copies against the catalogue: is each there, and has it the bytes that were written?"""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from sqlalchemy import Engine

from harvester.catalogue import audit, pending_deletes, queries, sql
from harvester.catalogue.audit import OutputFile
from harvester.items import Collection
from harvester.maintenance.blob_files import sha256_or_error
from harvester.maintenance.findings import Finding
from harvester.storage.blobs import BlobStore
from harvester.storage.paths import DataPaths
from harvester.storage.safe_files import escapes_folder


@dataclass(frozen=True)
class OutputFileFinding(Finding):
    """A finding about one named copy; `row` is its placement, 0 for a file that is none."""

    placement_id: int = 0


@dataclass(frozen=True)
class OutputFileCheck:
    """Reads the output folders. A hard link to its blob is not read again: the blob is."""

    places: DataPaths
    engine: Engine
    pool: Executor
    is_in_progress: Callable[[Path], bool]
    on_progress: Callable[[int], object]

    def findings(self) -> Iterator[OutputFileFinding]:
        """Everything wrong with the named copies; memory holds a few thousand of them."""
        with self.engine.connect() as connection:
            collections = queries.all_collections(connection)
            connection.rollback()
            for batch in audit.iter_output_files(connection):
                outputs = [self.places.output(collections[output_file.collection]) for output_file in batch]
                paths = [output / output_file.file for output_file, output in zip(batch, outputs, strict=True)]
                problems = self.pool.map(self._check_file, batch, outputs)
                for output_file, path, problem in zip(batch, paths, problems, strict=True):
                    self.on_progress(1)
                    if problem is not None:
                        kind, detail = problem
                        yield OutputFileFinding(kind, str(path), detail, placement_id=output_file.row)
        for collection_id, collection in collections.items():
            yield from self._find_foreign(collection_id, collection)

    def _check_file(self, output_file: OutputFile, output: Path) -> tuple[str, str] | None:
        path = output / output_file.file
        if escapes_folder(output, output_file.file) or not (path.is_file() or path.is_symlink()):
            return ("unnamed", "")
        if path.is_symlink():
            return ("altered", "a symbolic link")
        if output_file.file_sha256 is None or self._is_linked_blob(output_file, path):
            return None
        digest = sha256_or_error(path)
        if digest == output_file.file_sha256:
            return None
        return ("altered", f"its bytes have the sha256 {digest}" if len(digest) == 64 else digest)

    def _is_linked_blob(self, output_file: OutputFile, path: Path) -> bool:
        if output_file.file_sha256 != output_file.sha256 or output_file.sha256 is None or output_file.ext is None:
            return False
        try:
            return path.samefile(BlobStore(self.places.blobs).path(output_file.sha256, output_file.ext))
        except OSError:
            return False

    def _find_foreign(self, collection_id: int, collection: Collection) -> Iterator[OutputFileFinding]:
        """Only where the folder is our own: an output elsewhere may be shared with anything."""
        folder = self.places.output(collection)
        if not (folder.is_relative_to(self.places.root / "images") and folder.is_dir()):
            return
        own_names = {path.name for path in self.places.metadata_files(collection)}
        names = (name for name in _walk_files(folder) if name not in own_names)
        while batch := list(islice(names, sql.CHUNK_SIZE)):
            with self.engine.connect() as connection:
                recorded = audit.find_known_names(
                    connection, collection_id, [_without_extension(name) for name in batch]
                )
                foreign = [
                    name
                    for name in batch
                    if _without_extension(name) not in recorded and not self.is_in_progress(folder / name)
                ]
                pending_deletes = {
                    name
                    for name in foreign
                    if pending_deletes.is_pending_delete(connection, f"{collection.directory}/{name}")
                }
            for name in foreign:
                yield OutputFileFinding("going" if name in pending_deletes else "foreign", str(folder / name))


def _walk_files(folder: Path) -> Iterator[str]:
    """Paths relative to the folder, slashes between folders, without hidden files; links are not followed."""
    for subfolder, _, files in os.walk(folder):
        relative = Path(subfolder).relative_to(folder)
        yield from ((relative / file).as_posix() for file in files if not file.startswith("."))


def _without_extension(name: str) -> str:
    """As the catalogue writes it: with its folders, without its extension; what lies beside a picture has its stem."""
    return name.rpartition(".")[0]
