"""imagededup: the same pairs by its brute force (its default) or its BK-tree.

python imagededup_within.py brute_force_cython|bktree FILE DISTANCE
"""

import sys
import time

import numpy as np
from imagededup.methods import PHash


def main(method: str, file: str, distance: str) -> None:
    """Prints how many pairs of different hashes there are, and the seconds without start and reading."""
    hashes = np.unique(np.load(file))
    encoded = {f"{number}.jpg": f"{int(value):016x}" for number, value in enumerate(hashes)}
    started = time.perf_counter()
    options = {"max_distance_threshold": int(distance), "search_method": method, "num_dist_workers": 2}
    duplicates = PHash(verbose=False).find_duplicates(encoding_map=encoded, **options)
    print(sum(map(len, duplicates.values())) // 2, f"{time.perf_counter() - started:.3f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
