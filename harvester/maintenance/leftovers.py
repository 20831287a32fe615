"""Unfinished hidden files that killed processes left behind."""

import os
from collections.abc import Iterator
from pathlib import Path

from harvester.errors import StoreError
from harvester.items import Collection
from harvester.storage.blobs import writer_token, writer_token_of
from harvester.storage.locks import active_holders
from harvester.storage.paths import DataPaths


def find_leftovers(places: DataPaths, collections: list[Collection]) -> Iterator[Path]:
    """Unfinished files in the data directory and in these collections whose process is no longer running.

    A process takes its lock before it begins a file. So a file that exists now, and whose writer holds no lock
    afterwards, is abandoned.
    """
    outputs = {places.output(collection) for collection in collections}
    for folder in {places.metadata_folder(collection) for collection in collections} - outputs:
        yield from _find_abandoned(places, folder)
    for root in (*sorted(outputs), places.blobs, places.thumbs):
        for subfolder, _, _ in os.walk(root):
            yield from _find_abandoned(places, Path(subfolder))


def delete_leftovers(places: DataPaths, collections: list[Collection]) -> int:
    """Delete the leftovers; return how many. Raises StoreError."""
    removed = 0
    for path in find_leftovers(places, collections):
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise StoreError(f"{path} cannot be deleted: {error.strerror}.") from error
        removed += 1
    return removed


def _find_abandoned(places: DataPaths, folder: Path) -> list[Path]:
    owner_by_name = {name: owner for name in _list_names(folder) if (owner := writer_token_of(name)) is not None}
    if not owner_by_name:
        return []
    alive = {writer_token(), *(holder.token for holder in active_holders(places))}
    return [folder / name for name, owner in owner_by_name.items() if owner not in alive]


def _list_names(folder: Path) -> Iterator[str]:
    if folder.is_dir():
        with os.scandir(folder) as entries:
            yield from (entry.name for entry in entries)
