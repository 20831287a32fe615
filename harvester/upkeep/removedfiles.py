"""Taking away the files of removed pictures, as the catalogue has written them down, also by a stopped removal."""

import stat
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from sqlalchemy import Connection, Engine

from harvester.blobs import BlobStore
from harvester.catalogue import audit, queries, removals
from harvester.catalogue.removals import Doomed
from harvester.catalogue.trouble import told_plainly
from harvester.errors import StoreError
from harvester.links import leads_elsewhere
from harvester.places import Places
from harvester.upkeep.blobfiles import hashed


@dataclass
class Swept:
    """`files` that were taken away; `missing` that were not there; `left`: which and why.

    `asked` is what the removals were asked for of which there was something to take away.
    """

    files: int = 0
    missing: list[str] = field(default_factory=list)
    left: dict[str, str] = field(default_factory=dict)
    asked: set[str] = field(default_factory=set)


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
                swept.asked |= {doomed.asked for doomed in batch}
                for doomed in batch:
                    if doomed.path not in again:
                        _take_away(places, doomed, swept)
                removals.done(connection, batch)


def _take_away(places: Places, doomed: Doomed, swept: Swept) -> None:
    path = places.root / doomed.path
    try:
        if why := _not_ours(places, path, doomed):
            swept.left[str(path)] = why
            return
        if path.is_relative_to(places.blobs):
            for thumbnail in _thumbnails(places, path.stem):
                thumbnail.unlink(missing_ok=True)
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
    folders = [f"{size.name}/{sha256[:2]}" for size in places.thumbs.iterdir()]
    files = [f"{folder}/{sha256}.{ext}" for folder in folders for ext in ("jpg", "webp")]
    return [places.thumbs / file for file in files if not leads_elsewhere(places.thumbs, file)]


def _not_ours(places: Places, path: Path, doomed: Doomed) -> str:
    """Why a file is not taken away, empty where it is. Of a hard link to its blob the bytes are not read."""
    if leads_elsewhere(places.root / doomed.folder, doomed.file):
        return "a link, or a file, has the name of a folder above it"
    if not stat.S_ISREG(path.lstat().st_mode):
        return "it is a link, or no file"
    if doomed.sha256 is None or path.is_relative_to(places.blobs):
        return ""
    blob = BlobStore(places.blobs).path(doomed.sha256, path.suffix[1:])
    is_link = blob.is_file() and path.samefile(blob)
    return "" if is_link or hashed(path) == doomed.sha256 else "its bytes are not those that were written"


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
    kept = (one.path for one in batch if one.path.startswith(blobs))
    stored = {path for path in kept if audit.is_known(connection, PurePath(path).stem)}
    for row, collection in queries.all_collections(connection).items():
        folder = f"{collection.directory}/"
        names = {one.path: one.path[len(folder) :].rpartition(".")[0] for one in batch if one.path.startswith(folder)}
        published = audit.published(connection, row, list(set(names.values())))
        stored |= {path for path, name in names.items() if name in published}
    return stored
