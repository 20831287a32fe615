"""Search for files with identical pixels; decodes only files with equal hashes and equal size."""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from sqlalchemy import Engine

from harvester.catalogue.duplicates import compared_blobs
from harvester.catalogue.sql import chunks
from harvester.duplicates.fingerprints import Fingerprints
from harvester.duplicates.matches import Indices, Matches, canonical
from harvester.errors import ImageRejected
from harvester.imaging.pixel_digest import compute_pixel_digest
from harvester.imaging.types import ImageLimits
from harvester.storage.blobs import BlobStore

UNREADABLE = ""
"""Stored instead of a digest if pixels cannot be decoded, so that this is not tried again."""

_BLOBS_PER_BATCH = 64


def find_same_pixels(engine: Engine, store: BlobStore, prints: Fingerprints, limits: ImageLimits) -> Matches:
    """Match each fresh blob with one that has identical pixels; each blob is decoded once and its digest stored."""
    indices = _find_candidates(prints)
    digests = _load_digests(engine, store, prints, indices, limits)
    last_by_digest: dict[str, int] = {}
    pairs = []
    for index in indices.tolist():  # in each group known blobs come first
        digest = digests.get(index, UNREADABLE)
        if digest != UNREADABLE:
            if digest in last_by_digest and prints.fresh[index]:
                pairs.append((last_by_digest[digest], index))
            last_by_digest[digest] = index
    pair_array = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return canonical(pair_array[:, 0], pair_array[:, 1], np.zeros(len(pair_array), np.int64))


def _find_candidates(prints: Fingerprints) -> Indices:
    """Indices of fresh blobs and of those that may equal them, group by group, fresh ones last."""
    phash = prints.hashes["phash"]
    same_phash = np.flatnonzero(np.isin(phash, phash[prints.fresh]))
    keys = [key[same_phash] for key in (*prints.hashes.values(), prints.width, prints.height)]
    order = np.lexsort((prints.fresh[same_phash], *keys))
    is_first = np.ones(len(order), np.bool_)
    is_first[1:] = np.logical_or.reduce([np.diff(key[order]) != 0 for key in keys])
    group_number = np.cumsum(is_first) - 1
    fresh_count = np.bincount(group_number, weights=prints.fresh[same_phash][order])
    is_candidate = (np.bincount(group_number) > 1) & (fresh_count > 0)
    candidates: Indices = same_phash[order[is_candidate[group_number]]]
    return candidates


def _load_digests(
    engine: Engine, store: BlobStore, prints: Fingerprints, indices: Indices, limits: ImageLimits
) -> dict[int, str]:  # fmt: skip
    index_of = dict(zip(prints.sha256s_at(indices), indices.tolist(), strict=True))
    with engine.connect() as connection:
        known = compared_blobs.pixel_digests(connection, list(index_of))
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        for chunk in chunks([sha256 for sha256 in index_of if sha256 not in known], _BLOBS_PER_BATCH):
            with engine.connect() as connection:
                files = compared_blobs.blob_files(connection, chunk)
            digests = dict(_compute_digests(pool, store, files, limits))
            with engine.begin() as connection:
                compared_blobs.record_pixel_digests(connection, digests)
            known |= digests
    return {index_of[sha256]: digest for sha256, digest in known.items()}


def _compute_digests(
    pool: ThreadPoolExecutor, store: BlobStore, files: Sequence[Any], limits: ImageLimits
) -> Iterator[tuple[str, str]]:
    """Yield (sha256, digest); leave out missing or damaged blobs, which `scrapy verify` reports."""

    def digest_or_none(file: Any) -> str | None:
        data = store.read(file.sha256, file.ext)
        try:
            return None if data is None else compute_pixel_digest(data, limits)
        except ImageRejected:
            return UNREADABLE

    for file, result in zip(files, pool.map(digest_or_none, files), strict=True):
        if result is not None:
            yield file.sha256, result
