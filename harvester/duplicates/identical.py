"""Different files that hold the very same pixels. Only those are decoded that have equal hashes and an equal size."""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from sqlalchemy import Engine

from harvester.blobs import BlobStore
from harvester.catalogue import taken
from harvester.catalogue.queries import chunks
from harvester.duplicates.alike import Alike, Places, ordered
from harvester.duplicates.fingerprints import Fingerprints
from harvester.errors import Refused
from harvester.imaging.pixels import pixel_digest
from harvester.imaging.values import Limits

UNREADABLE = ""
"""In place of the digest of pixels that cannot be decoded, so that it is not tried again."""

_AT_ONCE = 64


def identical(engine: Engine, store: BlobStore, prints: Fingerprints, limits: Limits) -> Alike:
    """Each fresh blob with one of the very same pixels. Pixels are decoded once and remembered."""
    places = _candidates(prints)
    digests = _digests(engine, store, prints, places, limits)
    classes: dict[str, int] = {}
    pairs = []
    for place in places.tolist():  # in each class known blobs come first
        digest = digests.get(place, UNREADABLE)
        if digest != UNREADABLE:
            if digest in classes and prints.fresh[place]:
                pairs.append((classes[digest], place))
            classes[digest] = place
    found = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return ordered(found[:, 0], found[:, 1], np.zeros(len(found), np.int64))


def _candidates(prints: Fingerprints) -> Places:
    """Places of fresh blobs and of those that may equal them, class by class, fresh ones last."""
    phash = prints.hashes["phash"]
    near = np.flatnonzero(np.isin(phash, phash[prints.fresh]))
    keys = [key[near] for key in (*prints.hashes.values(), prints.width, prints.height)]
    order = np.lexsort((prints.fresh[near], *keys))
    another = np.ones(len(order), np.bool_)
    another[1:] = np.logical_or.reduce([np.diff(key[order]) != 0 for key in keys])
    number = np.cumsum(another) - 1
    fresh = np.bincount(number, weights=prints.fresh[near][order])
    wanted = (np.bincount(number) > 1) & (fresh > 0)
    chosen: Places = near[order[wanted[number]]]
    return chosen


def _digests(
    engine: Engine, store: BlobStore, prints: Fingerprints, places: Places, limits: Limits
) -> dict[int, str]:  # fmt: skip
    place_of = dict(zip(prints.names(places), places.tolist(), strict=True))
    with engine.connect() as connection:
        known = taken.pixels_of(connection, list(place_of))
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        for chunk in chunks([sha256 for sha256 in place_of if sha256 not in known], _AT_ONCE):
            with engine.connect() as connection:
                files = taken.files(connection, chunk)
            digests = dict(_digested(pool, store, files, limits))
            with engine.begin() as connection:
                taken.note_pixels(connection, digests)
            known |= digests
    return {place_of[sha256]: digest for sha256, digest in known.items()}


def _digested(
    pool: ThreadPoolExecutor, store: BlobStore, files: Sequence[Any], limits: Limits
) -> Iterator[tuple[str, str]]:
    """A blob that is not there, or is damaged, has no digest now; verify finds it."""

    def digest(file: Any) -> str | None:
        data = store.read(file.sha256, file.ext)
        try:
            return None if data is None else pixel_digest(data, limits)
        except Refused:
            return UNREADABLE

    for file, found in zip(files, pool.map(digest, files), strict=True):
        if found is not None:
            yield file.sha256, found
