"""Ours: all pairs within a distance, or those of new hashes and known ones.

python -m benchmarks.peers.harvester_within within|between FILE DISTANCE
"""

import sys
import time

import numpy as np

from harvester.duplicates import index

NEW_HASHES = 1000
"""So many hashes at the end of the file are new."""


def main(task: str, file: str, distance: str) -> None:
    """Prints how many pairs there are, and the seconds without start and reading."""
    hashes = np.load(file)
    started = time.perf_counter()
    if task == "between":
        pairs = len(index.find_pairs_between(hashes[-NEW_HASHES:], hashes[:-NEW_HASHES], int(distance)).left)
    else:
        unique = index.unique_hashes(hashes).unique
        pairs = len(index.find_pairs_within(unique, int(distance)).left)
    print(pairs, f"{time.perf_counter() - started:.3f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
