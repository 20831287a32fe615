"""CleanVision: which pictures of a folder it calls exact or near duplicates, at its defaults.

python cleanvision_alike.py FOLDER

Prints one line of JSON: method -> [[file, file, 0], …].
"""

import contextlib
import json
import os
import sys
from itertools import combinations

from cleanvision import Imagelab


def main(folder: str) -> None:
    """Both of its sets together."""
    with contextlib.redirect_stdout(sys.stderr):
        lab = Imagelab(data_path=folder)
        lab.find_issues({"exact_duplicates": {}, "near_duplicates": {}}, n_jobs=2)
    pairs = [
        [os.path.basename(first), os.path.basename(second), 0]  # noqa: PTH119
        for kind in ("exact_duplicates", "near_duplicates")
        for group in lab.info[kind]["sets"]
        for first, second in combinations(group, 2)
    ]
    print(json.dumps({"near duplicates": pairs}))


if __name__ == "__main__":
    main(sys.argv[1])
