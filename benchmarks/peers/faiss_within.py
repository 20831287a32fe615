"""faiss-cpu: the same pairs by its flat index, or by its multi-hash index.

python faiss_within.py flat|multihash FILE DISTANCE

Four tables of 16 bits, one flip each: exact up to distance 7.
"""

import sys
import time

import faiss
import numpy as np

BATCH_SIZE = 50_000
TABLES, BITS, FLIPS = 4, 16, 1


def main(kind: str, file: str, distance: str) -> None:
    """Prints how many pairs of different hashes there are, and the seconds without start and reading."""
    hashes = np.unique(np.load(file))
    codes = hashes.view(np.uint8).reshape(-1, 8)
    started = time.perf_counter()
    index = faiss.IndexBinaryFlat(64)
    if kind == "multihash":
        index = faiss.IndexBinaryMultiHash(64, TABLES, BITS)
        index.nflip = FLIPS
    index.add(codes)
    match_count = 0
    for start in range(0, len(codes), BATCH_SIZE):
        # Its radius is exclusive.
        limits, _, _ = index.range_search(codes[start : start + BATCH_SIZE], int(distance) + 1)
        match_count += int(limits[-1])
    print((match_count - len(codes)) // 2, f"{time.perf_counter() - started:.3f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
