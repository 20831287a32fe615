"""Is the store sound? Everything the catalogue knows against everything on disk, and what is to be done about it."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sqlalchemy import Engine

from harvester.catalogue import audit, queries
from harvester.catalogue.db_errors import translate_db_errors
from harvester.errors import CatalogueError
from harvester.maintenance.blob_files import BlobCheck
from harvester.maintenance.copies import OutputFileCheck
from harvester.maintenance.findings import Finding, ImageFinding
from harvester.maintenance.leftovers import find_leftovers
from harvester.storage.blobs import BlobStore
from harvester.storage.locks import running_crawls
from harvester.storage.paths import DataPaths


def count_files(engine: Engine) -> int:
    """How many files there are to look at, roughly."""
    with translate_db_errors(engine), engine.connect() as connection:
        return audit.count_files(connection)


def check_store(
    places: DataPaths, engine: Engine, on_progress: Callable[[int], object], threads: int
) -> Iterator[Finding]:
    """Everything that is not as it should be, as it is found; `step` is called with the number of files done.

    While crawls run, files younger than the oldest of them are theirs. Raises CatalogueError, also where the database
    finds its own file damaged.
    """
    with translate_db_errors(engine):
        with engine.connect() as connection:
            if damage := audit.find_damage(connection):
                raise CatalogueError(f"The catalogue {engine.url.database} is damaged: {damage[0]}.")
            collections = list(queries.all_collections(connection).values())
        is_in_progress = _in_progress_check(places)
        with ThreadPoolExecutor(threads) as pool:
            yield from OutputFileCheck(places, engine, pool, is_in_progress, on_progress).findings()
            yield from BlobCheck(places, BlobStore(places.blobs), engine, pool, is_in_progress, on_progress).findings()
        with engine.connect() as connection:
            unfounded = audit.find_done_without_files(connection)
        yield from (ImageFinding("unfounded", key, image_id=image_id) for image_id, key in unfounded)
        yield from (Finding("leftover", str(path)) for path in find_leftovers(places, collections))


def count_cores() -> int:
    """Of which this process may use."""
    return len(os.sched_getaffinity(0))


def _in_progress_check(places: DataPaths) -> Callable[[Path], bool]:
    since = min((crawl.since for crawl in running_crawls(places)), default=None)

    def is_in_progress(path: Path) -> bool:
        try:
            return since is not None and path.lstat().st_ctime >= since
        except OSError:
            return True  # gone again meanwhile

    return is_in_progress
