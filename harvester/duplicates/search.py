"""One search for look-alikes, from the fingerprints to the pairs in the catalogue.

Fresh blobs are compared with all; all with all only where the limits have grown since the last search that ended.
Where there is nothing to compare, no fingerprint is read. What is found counts once the search has ended: one that is
killed leaves nothing behind but digests of pixels.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from sqlalchemy import Engine

from harvester.blobs import BlobStore
from harvester.catalogue import pairs, searches, taken
from harvester.duplicates.alike import Alike, alike
from harvester.duplicates.fingerprints import Fingerprints, read, take_up
from harvester.duplicates.identical import identical
from harvester.duplicates.limits import Limits
from harvester.duplicates.turned import turned_alike
from harvester.imaging import values
from harvester.imaging.values import NO_FINGERPRINT, RECIPE

PIXELS = "pixels"
"""The method of files whose pixels are the very same."""

_WRITTEN_AT_ONCE = 5000


@dataclass(frozen=True)
class Compared:
    """Numbers of blobs: new to the search and known before; flat ones; videos; fingerprints of another recipe.

    `pairs`: how many new ones by method.
    """

    new: int
    known: int
    flat: int
    videos: int
    outdated: int
    pairs: Mapping[str, int]


def search(engine: Engine, store: BlobStore, limits: Limits, pixels: values.Limits) -> Compared:
    """Find all look-alikes that are not known yet. Blocks. Raises DBAPIError."""
    with engine.begin() as connection:
        last = searches.last(connection)
        row = searches.begin(connection, RECIPE, limits.as_dict())
        portions = taken.portions(connection)
    take_up(engine, row, RECIPE, portions)
    with engine.connect() as connection:
        tally = taken.tally(connection, row)
    grown = last is None or last.recipe != RECIPE or limits.beyond(Limits.from_dict(last.limits))
    if grown or tally.new:
        prints = read(engine, row, RECIPE, portions, turned=limits.orientations)
        for method, orientation, found in _found(prints, limits, grown=grown):
            _write(engine, row, prints, method, orientation, found)
        _write(engine, row, prints, PIXELS, "", identical(engine, store, prints, pixels))
    with engine.begin() as connection:
        searches.finish(connection, row, limits.as_dict())
        recipes, by_method = searches.recipes(connection), searches.found_by(connection, row)
    videos = recipes.pop(NO_FINGERPRINT, 0)
    return Compared(*tally, videos, recipes.total() - recipes[RECIPE], by_method)


def _found(prints: Fingerprints, limits: Limits, *, grown: bool) -> Iterator[tuple[str, str, Alike]]:
    """Method, orientation and pairs."""
    new = np.ones(len(prints.fresh), np.bool_) if grown else prints.fresh
    for method, limit in limits.methods.items():
        yield method, "", alike(prints.hashes[method], prints.animated, new, ~prints.flat, limit)
    if limits.orientations:
        usable = ~prints.flat & prints.measured
        found = turned_alike(
            prints.turned, prints.hashes["phash"], prints.animated, new, usable, limits.methods["phash"]
        )
        for orientation, pairs_of_it in found.items():
            yield "phash", orientation, pairs_of_it


def _write(engine: Engine, row: int, prints: Fingerprints, method: str, orientation: str, found: Alike) -> None:
    for start in range(0, len(found.left), _WRITTEN_AT_ONCE):
        chunk = slice(start, start + _WRITTEN_AT_ONCE)
        firsts, seconds = prints.names(found.left[chunk]), prints.names(found.right[chunk])
        noted = [
            pairs.Pair(first, second, method, orientation, score)
            for first, second, score in zip(firsts, seconds, found.score[chunk].tolist(), strict=True)
        ]
        with engine.begin() as connection:
            pairs.add(connection, row, noted)
