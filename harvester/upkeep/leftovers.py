"""Unfinished files of processes that were killed: hidden, never under a final name, and nobody will finish them."""

import os
from collections.abc import Iterator
from pathlib import Path

from harvester.blobs import maker, token
from harvester.errors import StoreError
from harvester.items import Collection
from harvester.locks import at_work
from harvester.places import Places


def leftovers(places: Places, collections: list[Collection]) -> Iterator[Path]:
    """Every unfinished file in the data directory and in these collections whose process is not at work any more.

    A process takes its lock before it begins a file, so a file that is seen now and whose maker has no lock afterwards
    is nobody's.
    """
    outputs = {places.output(collection) for collection in collections}
    for folder in {places.beside(collection) for collection in collections} - outputs:
        yield from _dead(places, folder)
    for root in (*sorted(outputs), places.blobs, places.thumbs):
        for below, _, _ in os.walk(root):
            yield from _dead(places, Path(below))


def sweep(places: Places, collections: list[Collection]) -> int:
    """Remove them; returns how many. Raises StoreError."""
    removed = 0
    for path in leftovers(places, collections):
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise StoreError(f"{path} cannot be removed: {error.strerror}.") from error
        removed += 1
    return removed


def _dead(places: Places, folder: Path) -> list[Path]:
    found = {name: made_by for name in _names(folder) if (made_by := maker(name)) is not None}
    if not found:
        return []
    alive = {token(), *(holder.token for holder in at_work(places))}
    return [folder / name for name, made_by in found.items() if made_by not in alive]


def _names(folder: Path) -> Iterator[str]:
    if folder.is_dir():
        with os.scandir(folder) as entries:
            yield from (entry.name for entry in entries)
