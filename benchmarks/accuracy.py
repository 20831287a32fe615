"""`make bench-accuracy`: which near-duplicates are found, and which are not, beside imagededup and CleanVision.

    python -m benchmarks.accuracy

A set of photographs in many versions (`benchmarks.distortions`) is hashed as in a crawl. Precision: of the pairs that
are called alike, those of one picture. Recall: of the versions, those that are found beside the original; turned ones
are left out of it but where they are looked for.
"""

import argparse
import json
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from benchmarks import table
from benchmarks.distortions import FILE_WORDS, ORIGINAL, photographs
from benchmarks.measure import CACHE, ROOT
from benchmarks.venvs import NotInstalled, binaries
from harvester.duplicates.index import find_pairs_within
from harvester.duplicates.limits import Limit
from harvester.duplicates.matches import Matches
from harvester.duplicates.orientations import find_rotated_matches
from harvester.imaging import dct
from harvester.imaging.convert import process_image
from harvester.imaging.fingerprint import compute_hashes
from harvester.imaging.types import ConversionOptions, Hashes

DATASET = CACHE / "accuracy"
NAMES = ("phash", "dhash", "average", "whash")
DEFAULT_LIMITS = {"phash": 4, "dhash": 4, "average": 1, "whash": 1}
DISTANCES = (0, 1, 2, 3, 4, 5, 6, 8, 10, 12)
HEAD = ("method", "distance", "precision", "recall", "wrong pairs", "flat pairs")
PEERS = {
    "imagededup": ("imagededup_alike.py", ("imagededup==0.3.3.post2",)),
    "cleanvision": ("cleanvision_alike.py", ("cleanvision==0.3.7",)),
}

Pairs = set[tuple[str, str]]


def main() -> int:
    """Prints the tables; exit code 1 where there are no photographs."""
    argparse.ArgumentParser(description="Precision and recall of the hashes.").parse_args()
    if not (count := len(photographs())):
        print("no photographs: make bench-accuracy installs the packages that have them")
        return 1
    shutil.rmtree(DATASET, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "benchmarks.distortions", str(DATASET)], cwd=ROOT, check=True)
    files = sorted(path.name for path in DATASET.iterdir())
    print(f"{table.machine()}; {count} photographs, {len(files)} pictures", flush=True)
    own_pairs = _find_own_pairs(files)
    pairs_by_method = {("ours: " + name, distance): pairs for (name, distance), pairs in own_pairs.items()}
    pairs_by_method |= _find_peer_pairs()
    table.show(HEAD, [_result_row(*key, pairs, files) for key, pairs in pairs_by_method.items()])
    print()
    selected = [("phash", "4"), ("dhash", "4"), ("average", "1"), ("whash", "1"), ("rule", "4/4/1/1")]
    selected += [("rule, turned too", "4/4/1/1")]
    columns = [own_pairs[name, distance] for name, distance in selected]
    rows = [[word, *(f"{_recall(pairs, files, [file]):.0%}" for pairs in columns)] for file, word in FILE_WORDS.items()]
    table.show(["version", *(f"{name} {distance}" for name, distance in selected)], rows)
    return 0


def _find_own_pairs(files: Sequence[str]) -> dict[tuple[str, str], Pairs]:
    """(method, distance) -> pairs, as `scrapy dedupe` would find them; flat pictures only where they are kept in."""
    all_hashes = [_hashes(DATASET / file) for file in files]
    coefficients = dct.unpack_frequencies([image_hashes.coefficients or b"" for image_hashes in all_hashes])
    usable = ~dct.is_low_detail(coefficients)
    plain = np.flatnonzero(usable)
    pairs_by_method: dict[tuple[str, str], Pairs] = {}
    rule: Pairs = set()
    for name in NAMES:
        values = np.array([int(getattr(image_hashes, name), 16) for image_hashes in all_hashes], np.uint64)
        for distance in DISTANCES:
            pairs_by_method[name, str(distance)] = _file_pairs(files, plain, find_pairs_within(values[plain], distance))
        rule |= pairs_by_method[name, str(DEFAULT_LIMITS[name])]
        if name == "phash":
            pairs_by_method["phash, flat ones too", "4"] = _file_pairs(
                files, np.arange(len(files)), find_pairs_within(values, 4)
            )
    pairs_by_method["rule", "4/4/1/1"] = rule
    pairs_by_method["rule, turned too", "4/4/1/1"] = rule.union(
        *(_file_pairs(files, np.arange(len(files)), pairs) for pairs in _find_rotated_pairs(coefficients, usable))
    )
    return pairs_by_method


def _find_rotated_pairs(coefficients: dct.Frequencies, usable: np.ndarray) -> Iterable[Matches]:
    rotated_hashes = dict(dct.phashes_by_orientation(coefficients))
    upright = rotated_hashes.pop(dct.UNCHANGED)
    still, new = np.zeros(len(usable), np.bool_), np.ones(len(usable), np.bool_)
    return find_rotated_matches(
        rotated_hashes, upright, still, new, usable, Limit(DEFAULT_LIMITS["phash"], None)
    ).values()


def _hashes(path: Path) -> Hashes:
    return compute_hashes(process_image(path.read_bytes(), ConversionOptions()).plane)


def _file_pairs(files: Sequence[str], rows: np.ndarray, pairs: object) -> Pairs:
    left, right = (rows[getattr(pairs, side)] for side in ("left", "right"))
    return {_pair(files[first], files[second]) for first, second in zip(left.tolist(), right.tolist(), strict=True)}


def _pair(first: str, second: str) -> tuple[str, str]:
    return (first, second) if first < second else (second, first)


def _find_peer_pairs() -> dict[tuple[str, str], Pairs]:
    pairs_by_method: dict[tuple[str, str], Pairs] = {}
    for peer, (script, packages) in PEERS.items():
        try:
            command = [
                f"{binaries(peer, packages)}/python",
                str(Path(__file__).parent / "peers" / script),
                str(DATASET),
            ]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
        except (NotInstalled, OSError, subprocess.CalledProcessError) as error:
            print(f"{peer}: cannot be run: {getattr(error, 'stderr', '') or error}")
            continue
        for method, pairs in json.loads(done.stdout.splitlines()[-1]).items():
            for distance in DISTANCES if peer == "imagededup" else (0,):
                near = {_pair(first, second) for first, second, bits in pairs if bits <= distance}
                pairs_by_method[f"{peer}: {method}", str(distance)] = near
    return pairs_by_method


def _family(file: str) -> str:
    return file.partition("--")[0]


def _result_row(method: str, distance: str, pairs: Pairs, files: Sequence[str]) -> tuple[str, ...]:
    wrong = [pair for pair in pairs if _family(pair[0]) != _family(pair[1])]
    low_detail = sum(pair[0].startswith("flat") and pair[1].startswith("flat") for pair in wrong)
    words = [file for file, word in FILE_WORDS.items() if "turned too" in method or not word.startswith("turned")]
    precision = f"{1 - len(wrong) / len(pairs):.1%}" if pairs else "–"
    return method, distance, precision, f"{_recall(pairs, files, words):.1%}", str(len(wrong)), str(low_detail)


def _recall(pairs: Pairs, files: Sequence[str], words: Iterable[str]) -> float:
    """Part of the versions of these words that are in a pair with their original."""
    file_words = set(words)
    versions = [file for file in files if file.partition("--")[2].rpartition(".")[0] in file_words]
    return sum(_pair(file, f"{_family(file)}--{ORIGINAL}.jpg") in pairs for file in versions) / len(versions)


if __name__ == "__main__":
    sys.exit(main())
