"""Ours: all pairs within a distance, or those of new hashes and known ones.

python -m benchmarks.peers.ours_within within|between FILE DISTANCE
"""

import sys
import time

import numpy as np

from harvester.duplicates import index

NEW = 1000
"""So many hashes at the end of the file are new."""


def main(task: str, file: str, distance: str) -> None:
    """Prints how many pairs there are, and the seconds without start and reading."""
    hashes = np.load(file)
    started = time.perf_counter()
    if task == "between":
        pairs = len(index.between(hashes[-NEW:], hashes[:-NEW], int(distance)).left)
    else:
        unique = index.collapse(hashes).unique
        pairs = len(index.within(unique, int(distance)).left)
    print(pairs, f"{time.perf_counter() - started:.3f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
