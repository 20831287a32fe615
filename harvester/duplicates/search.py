"""One search for look-alikes, from the fingerprints to the pairs in the catalogue.

Fresh blobs are compared with all; all with all only where the limits have grown since the last search that ended.
Where there is nothing to compare, no fingerprint is read. What is found counts once the search has ended: one that is
killed leaves nothing behind but digests of pixels.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from sqlalchemy import Engine

from harvester.catalogue.duplicates import compared, pairs, searches
from harvester.duplicates.fingerprints import Fingerprints, load_prints, register_new_blobs
from harvester.duplicates.limits import MatchLimits
from harvester.duplicates.matches import Matches, find_matches
from harvester.duplicates.orientations import find_rotated_matches
from harvester.duplicates.same_pixels import find_same_pixels
from harvester.imaging import types
from harvester.imaging.types import FINGERPRINT_VERSION, NO_FINGERPRINT
from harvester.storage.blobs import BlobStore

PIXELS_METHOD = "pixels"
"""The method of files whose pixels are the very same."""

_PAIRS_PER_WRITE = 5000


@dataclass(frozen=True)
class SearchResult:
    """Numbers of blobs: new to the search and known before; flat ones; videos; fingerprints of another version.

    `pairs`: how many new ones by method.
    """

    new: int
    known: int
    low_detail: int
    videos: int
    outdated: int
    pairs: Mapping[str, int]


def find_duplicates(
    engine: Engine, store: BlobStore, limits: MatchLimits, image_limits: types.ImageLimits
) -> SearchResult:
    """Find all look-alikes that are not known yet. Blocks. Raises DBAPIError."""
    with engine.begin() as connection:
        last = searches.last_finished_run(connection)
        run_id = searches.begin_dedupe_run(connection, FINGERPRINT_VERSION, limits.as_dict())
        prefixes = compared.sha256_prefixes(connection)
    register_new_blobs(engine, run_id, FINGERPRINT_VERSION, prefixes)
    with engine.connect() as connection:
        counts = compared.count_compared(connection, run_id)
    grown = (
        last is None
        or last.fingerprint_version != FINGERPRINT_VERSION
        or limits.exceeds(MatchLimits.from_dict(last.limits))
    )
    if grown or counts.new:
        prints = load_prints(engine, run_id, FINGERPRINT_VERSION, prefixes, rotated=limits.orientations)
        for method, orientation, matches in _find_by_method(prints, limits, grown=grown):
            _save(engine, run_id, prints, method, orientation, matches)
        _save(engine, run_id, prints, PIXELS_METHOD, "", find_same_pixels(engine, store, prints, image_limits))
    with engine.begin() as connection:
        searches.finish_dedupe_run(connection, run_id, limits.as_dict())
        by_version, by_method = (
            searches.count_by_fingerprint_version(connection),
            searches.count_pairs_by_method(connection, run_id),
        )
    videos = by_version.pop(NO_FINGERPRINT, 0)
    return SearchResult(*counts, videos, by_version.total() - by_version[FINGERPRINT_VERSION], by_method)


def _find_by_method(prints: Fingerprints, limits: MatchLimits, *, grown: bool) -> Iterator[tuple[str, str, Matches]]:
    """Method, orientation and pairs."""
    new = np.ones(len(prints.fresh), np.bool_) if grown else prints.fresh
    for method, limit in limits.methods.items():
        yield method, "", find_matches(prints.hashes[method], prints.animated, new, ~prints.low_detail, limit)
    if limits.orientations:
        usable = ~prints.low_detail & prints.measured
        rotated_matches = find_rotated_matches(
            prints.rotated, prints.hashes["phash"], prints.animated, new, usable, limits.methods["phash"]
        )
        for orientation, matches in rotated_matches.items():
            yield "phash", orientation, matches


def _save(engine: Engine, run_id: int, prints: Fingerprints, method: str, orientation: str, matches: Matches) -> None:
    for start in range(0, len(matches.left), _PAIRS_PER_WRITE):
        chunk = slice(start, start + _PAIRS_PER_WRITE)
        firsts, seconds = prints.sha256s_at(matches.left[chunk]), prints.sha256s_at(matches.right[chunk])
        batch = [
            pairs.Pair(first, second, method, orientation, score)
            for first, second, score in zip(firsts, seconds, matches.score[chunk].tolist(), strict=True)
        ]
        with engine.begin() as connection:
            pairs.add_pairs(connection, run_id, batch)
