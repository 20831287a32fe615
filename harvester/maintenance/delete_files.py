"""Deletion of the files of removed pictures, as listed in the catalogue; also completes a stopped removal."""

import stat
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from sqlalchemy import Connection, Engine

from harvester.catalogue import audit, pending_deletes, queries, sql
from harvester.catalogue.db_errors import translate_db_errors
from harvester.catalogue.pending_deletes import PendingDelete
from harvester.errors import StoreError
from harvester.maintenance.blob_files import sha256_or_error
from harvester.storage.blobs import BlobStore
from harvester.storage.paths import DataPaths
from harvester.storage.safe_files import escapes_folder


@dataclass
class DeleteResult:
    """The number of deleted files, the paths that were missing, and the skipped paths with the reason.

    `commands` has the arguments of each removal whose files were processed.
    """

    files: int = 0
    missing: list[str] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)
    commands: set[str] = field(default_factory=set)


def delete_removed_files(engine: Engine, places: DataPaths) -> DeleteResult:
    """Delete all pending files; the caller holds the lock of the data directory. Raises StoreError.

    Files that a crawl has stored or published again since then are kept.
    """
    result = DeleteResult()
    with translate_db_errors(engine):
        while True:
            with engine.begin() as connection:
                if not (batch := pending_deletes.next_pending_deletes(connection, sql.CHUNK_SIZE)):
                    return result
                restored = _find_restored(connection, places, batch)
                result.commands |= {pending.command for pending in batch}
                for pending in batch:
                    if pending.path not in restored:
                        _delete_file(places, pending, result)
                pending_deletes.mark_deleted(connection, batch)


def _delete_file(places: DataPaths, pending: PendingDelete, result: DeleteResult) -> None:
    path = places.root / pending.path
    try:
        if reason := _reason_to_keep(places, path, pending):
            result.skipped[str(path)] = reason
            return
        if path.is_relative_to(places.blobs):
            for thumbnail in _find_thumbnails(places, path.stem):
                thumbnail.unlink(missing_ok=True)
        path.unlink()
        result.files += 1
        _remove_empty_folders(places, path.parent)
    except FileNotFoundError:
        if pending.sha256 is not None:
            result.missing.append(str(path))
    except OSError as error:
        raise StoreError(f"{path} cannot be deleted: {error.strerror}. Run the same command again.") from error


def _find_thumbnails(places: DataPaths, sha256: str) -> list[Path]:
    if not places.thumbs.is_dir():
        return []
    folders = [f"{size.name}/{sha256[:2]}" for size in places.thumbs.iterdir()]
    names = [f"{folder}/{sha256}.{ext}" for folder in folders for ext in ("jpg", "webp")]
    return [places.thumbs / file for file in names if not escapes_folder(places.thumbs, file)]


def _reason_to_keep(places: DataPaths, path: Path, pending: PendingDelete) -> str:
    """The reason to keep a file; empty if it may be deleted. A hard link to its blob is not read."""
    if escapes_folder(places.root / pending.folder, pending.file):
        return "a folder above it is a link or a file"
    if not stat.S_ISREG(path.lstat().st_mode):
        return "it is a link, or not a regular file"
    if pending.sha256 is None or path.is_relative_to(places.blobs):
        return ""
    blob = BlobStore(places.blobs).path(pending.sha256, path.suffix[1:])
    is_link = blob.is_file() and path.samefile(blob)
    return "" if is_link or sha256_or_error(path) == pending.sha256 else "its bytes have been changed"


def _remove_empty_folders(places: DataPaths, folder: Path) -> None:
    """Remove empty folders of a layout, because their names tell whose pictures were there."""
    while folder.parent.parent.is_relative_to(places.root / "images"):
        with suppress(OSError):
            folder.rmdir()
        if folder.exists():
            return
        folder = folder.parent


def _find_restored(connection: Connection, places: DataPaths, batch: Sequence[PendingDelete]) -> set[str]:
    """The files of a batch that are recorded again, as paths."""
    blobs = f"{places.relative_to_data(places.blobs)}/"
    blob_paths = (pending.path for pending in batch if pending.path.startswith(blobs))
    restored = {path for path in blob_paths if audit.has_blob(connection, PurePath(path).stem)}
    for collection_id, collection in queries.all_collections(connection).items():
        folder = f"{collection.directory}/"
        name_by_path = {
            pending.path: pending.path[len(folder) :].rpartition(".")[0]
            for pending in batch
            if pending.path.startswith(folder)
        }
        published = audit.find_known_names(connection, collection_id, list(set(name_by_path.values())))
        restored |= {path for path, name in name_by_path.items() if name in published}
    return restored
