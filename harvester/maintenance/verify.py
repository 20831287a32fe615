"""Verification of the store: everything in the catalogue against everything on disk."""

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
    """The approximate number of files to check."""
    with translate_db_errors(engine), engine.connect() as connection:
        return audit.count_files(connection)


def check_store(
    places: DataPaths, engine: Engine, on_progress: Callable[[int], object], threads: int
) -> Iterator[Finding]:
    """Yield the problems of the store as they are found; call `on_progress` with the number of files done.

    While crawls run, files younger than the oldest crawl are taken for theirs. Raises CatalogueError, also if the
    database reports that its own file is damaged.
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
            incomplete = audit.find_done_without_files(connection)
        yield from (ImageFinding("done-without-file", key, image_id=image_id) for image_id, key in incomplete)
        yield from (Finding("leftover", str(path)) for path in find_leftovers(places, collections))


def count_cores() -> int:
    """The number of processor cores that this process may use."""
    return len(os.sched_getaffinity(0))


def _in_progress_check(places: DataPaths) -> Callable[[Path], bool]:
    since = min((crawl.since for crawl in running_crawls(places)), default=None)

    def is_in_progress(path: Path) -> bool:
        try:
            return since is not None and path.lstat().st_ctime >= since
        except OSError:
            return True  # deleted meanwhile

    return is_in_progress
