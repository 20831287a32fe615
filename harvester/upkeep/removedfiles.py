"""Taking away the files of removed pictures, as the catalogue has written them down, also by a stopped removal."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Connection, Engine

from harvester.blobs import BlobStore
from harvester.catalogue import audit, queries, removals
from harvester.catalogue.removals import Doomed
from harvester.catalogue.trouble import told_plainly
from harvester.errors import StoreError
from harvester.places import Places
from harvester.upkeep.blobfiles import hashed


@dataclass
class Swept:
    """`files` that were taken away; `missing` that were not there; `left` because their bytes are not as written."""

    files: int = 0
    missing: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)


def sweep_removed(engine: Engine, places: Places) -> Swept:
    """Take them all away; the caller holds the lock of the data directory. Raises StoreError.

    What a crawl has stored or named again since then stays.
    """
    swept = Swept()
    with told_plainly(engine):
        while True:
            with engine.begin() as connection:
                if not (batch := removals.pending(connection, queries.CHUNK)):
                    return swept
                again = _again(connection, places, batch)
                for doomed in batch:
                    if doomed.path not in again:
                        _take_away(places, doomed, swept)
                removals.done(connection, batch)


def _take_away(places: Places, doomed: Doomed, swept: Swept) -> None:
    path = places.root / doomed.path
    try:
        if path.is_relative_to(places.blobs):
            for thumbnail in _thumbnails(places, path.stem):
                thumbnail.unlink(missing_ok=True)
        elif path.is_file() and not _is_ours(places, path, doomed.sha256):
            swept.left.append(str(path))
            return
        path.unlink()
        swept.files += 1
        _prune(places, path.parent)
    except FileNotFoundError:
        if doomed.sha256 is not None:
            swept.missing.append(str(path))
    except OSError as error:
        raise StoreError(f"{path} cannot be removed: {error.strerror}. Run the same command again.") from error


def _thumbnails(places: Places, sha256: str) -> list[Path]:
    if not places.thumbs.is_dir():
        return []
    folders = [size / sha256[:2] for size in places.thumbs.iterdir()]
    return [folder / f"{sha256}.{ext}" for folder in folders for ext in ("jpg", "webp")]


def _is_ours(places: Places, path: Path, sha256: str | None) -> bool:
    """Whether a named copy has the bytes that were written; a link to its blob is not read."""
    if sha256 is None:
        return True
    blob = BlobStore(places.blobs).path(sha256, path.suffix[1:])
    return (blob.is_file() and path.samefile(blob)) or hashed(path) == sha256


def _prune(places: Places, folder: Path) -> None:
    """Folders of a layout that are empty now say who was there."""
    while folder.parent.parent.is_relative_to(places.root / "images"):
        with suppress(OSError):
            folder.rmdir()
        if folder.exists():
            return
        folder = folder.parent


def _again(connection: Connection, places: Places, batch: Sequence[Doomed]) -> set[str]:
    """Files that have got a row again."""
    blobs = f"{places.stored(places.blobs)}/"
    stored = {one.path for one in batch if one.path.startswith(blobs) and audit.is_known(connection, _stem(one.path))}
    for row, collection in queries.all_collections(connection).items():
        folder = f"{collection.directory}/"
        names = {_stem(one.path[len(folder) :]): one.path for one in batch if one.path.startswith(folder)}
        stored |= {names[name] for name in audit.published(connection, row, list(names))}
    return stored


def _stem(path: str) -> str:
    """Without the extension; for blobs, without the folders too."""
    stem = path.rpartition(".")[0]
    return stem.rpartition("/")[2] if len(stem.rpartition("/")[2]) == 64 else stem
