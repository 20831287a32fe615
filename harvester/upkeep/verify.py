"""Is the store sound? Everything the catalogue knows against everything on disk, and what is to be done about it."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sqlalchemy import Engine

from harvester.blobs import BlobStore
from harvester.catalogue import audit, queries
from harvester.catalogue.trouble import told_plainly
from harvester.errors import CatalogueError
from harvester.locks import crawls
from harvester.places import Places
from harvester.upkeep.blobfiles import BlobCheck
from harvester.upkeep.copies import CopyCheck
from harvester.upkeep.findings import Finding, ImageFinding
from harvester.upkeep.leftovers import leftovers


def workload(engine: Engine) -> int:
    """How many files there are to look at, roughly."""
    with told_plainly(engine), engine.connect() as connection:
        return audit.how_much(connection)


def findings(places: Places, engine: Engine, step: Callable[[int], object], threads: int) -> Iterator[Finding]:
    """Everything that is not as it should be, as it is found; `step` is called with the number of files done.

    While crawls run, files younger than the oldest of them are theirs. Raises CatalogueError, also where the database
    finds its own file damaged.
    """
    with told_plainly(engine):
        with engine.connect() as connection:
            if damage := audit.damage(connection):
                raise CatalogueError(f"The catalogue {engine.url.database} is damaged: {damage[0]}.")
            collections = list(queries.all_collections(connection).values())
        in_hand = _in_hand(places)
        with ThreadPoolExecutor(threads) as pool:
            yield from CopyCheck(places, engine, pool, in_hand, step).findings()
            yield from BlobCheck(places, BlobStore(places.blobs), engine, pool, in_hand, step).findings()
        with engine.connect() as connection:
            unfounded = audit.unfounded(connection)
        yield from (ImageFinding("unfounded", key, row=row) for row, key in unfounded)
        yield from (Finding("leftover", str(path)) for path in leftovers(places, collections))


def cores() -> int:
    """Of which this process may use."""
    return len(os.sched_getaffinity(0))


def _in_hand(places: Places) -> Callable[[Path], bool]:
    since = min((crawl.since for crawl in crawls(places)), default=None)

    def in_hand(path: Path) -> bool:
        try:
            return since is not None and path.lstat().st_ctime >= since
        except OSError:
            return True  # gone again meanwhile

    return in_hand
