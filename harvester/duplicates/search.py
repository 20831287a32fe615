"""Search for near-duplicates, from the fingerprints to the pairs in the catalogue.

Fresh blobs are compared with all blobs. All are compared with all only if the limits have grown since the last finished
search. If there is nothing to compare, no fingerprint is read. Pairs count once the search has finished; a killed
search leaves behind only pixel digests.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from sqlalchemy import Engine

from harvester.catalogue.duplicates import compared_blobs, dedupe_runs, pairs
from harvester.duplicates.fingerprints import Fingerprints, load_prints, register_new_blobs
from harvester.duplicates.limits import MatchLimits
from harvester.duplicates.matches import Matches, find_matches
from harvester.duplicates.orientations import find_rotated_matches
from harvester.duplicates.same_pixels import find_same_pixels
from harvester.imaging import types
from harvester.imaging.types import FINGERPRINT_VERSION, NO_FINGERPRINT
from harvester.storage.blobs import BlobStore

PIXELS_METHOD = "pixels"
"""The method name for files with identical pixels."""

_PAIRS_PER_WRITE = 5000


@dataclass(frozen=True)
class SearchResult:
    """Numbers of blobs: new to the search, known before, low-detail, videos, of another fingerprint version.

    `pairs` has the number of new pairs by method.
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
    """Find all near-duplicates that are not known yet. Blocks. Raises DBAPIError."""
    with engine.begin() as connection:
        last = dedupe_runs.last_finished_run(connection)
        run_id = dedupe_runs.begin_dedupe_run(connection, FINGERPRINT_VERSION, limits.as_dict())
        prefixes = compared_blobs.sha256_prefixes(connection)
    register_new_blobs(engine, run_id, FINGERPRINT_VERSION, prefixes)
    with engine.connect() as connection:
        counts = compared_blobs.count_compared(connection, run_id)
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
        dedupe_runs.finish_dedupe_run(connection, run_id, limits.as_dict())
        by_version, by_method = (
            dedupe_runs.count_by_fingerprint_version(connection),
            dedupe_runs.count_pairs_by_method(connection, run_id),
        )
    videos = by_version.pop(NO_FINGERPRINT, 0)
    return SearchResult(*counts, videos, by_version.total() - by_version[FINGERPRINT_VERSION], by_method)


def _find_by_method(prints: Fingerprints, limits: MatchLimits, *, grown: bool) -> Iterator[tuple[str, str, Matches]]:
    """(method, orientation, matches) for each method and orientation."""
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
