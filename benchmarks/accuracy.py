"""`make bench-accuracy`: which look-alikes are found, and which are none, beside imagededup and CleanVision.

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
from harvester.duplicates.alike import Alike
from harvester.duplicates.index import within
from harvester.duplicates.limits import Limit
from harvester.duplicates.turned import turned_alike
from harvester.imaging import frequencies
from harvester.imaging.convert import process
from harvester.imaging.fingerprint import hashes
from harvester.imaging.values import Hashes, Options

SET = CACHE / "accuracy"
NAMES = ("phash", "dhash", "average", "whash")
RULE = {"phash": 4, "dhash": 4, "average": 1, "whash": 1}
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
    shutil.rmtree(SET, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "benchmarks.distortions", str(SET)], cwd=ROOT, check=True)
    files = sorted(path.name for path in SET.iterdir())
    print(f"{table.machine()}; {count} photographs, {len(files)} pictures", flush=True)
    ours = _ours(files)
    found = {("ours: " + name, distance): pairs for (name, distance), pairs in ours.items()}
    found |= _of_peers()
    table.show(HEAD, [_judged(*key, pairs, files) for key, pairs in found.items()])
    print()
    shown = [("phash", "4"), ("dhash", "4"), ("average", "1"), ("whash", "1"), ("rule", "4/4/1/1")]
    shown += [("rule, turned too", "4/4/1/1")]
    columns = [ours[name, distance] for name, distance in shown]
    rows = [[word, *(f"{_recall(pairs, files, [file]):.0%}" for pairs in columns)] for file, word in FILE_WORDS.items()]
    table.show(["version", *(f"{name} {distance}" for name, distance in shown)], rows)
    return 0


def _ours(files: Sequence[str]) -> dict[tuple[str, str], Pairs]:
    """(method, distance) -> pairs, as `scrapy dedupe` would find them; flat pictures only where they are kept in."""
    made = [_hashes(SET / file) for file in files]
    waves = frequencies.unpacked([one.coefficients or b"" for one in made])
    usable = ~frequencies.flat(waves)
    plain = np.flatnonzero(usable)
    found: dict[tuple[str, str], Pairs] = {}
    rule: Pairs = set()
    for name in NAMES:
        values = np.array([int(getattr(one, name), 16) for one in made], np.uint64)
        for distance in DISTANCES:
            found[name, str(distance)] = _named(files, plain, within(values[plain], distance))
        rule |= found[name, str(RULE[name])]
        if name == "phash":
            found["phash, flat ones too", "4"] = _named(files, np.arange(len(files)), within(values, 4))
    found["rule", "4/4/1/1"] = rule
    found["rule, turned too", "4/4/1/1"] = rule.union(
        *(_named(files, np.arange(len(files)), pairs) for pairs in _turned(waves, usable))
    )
    return found


def _turned(waves: frequencies.Frequencies, usable: np.ndarray) -> Iterable[Alike]:
    hashes = dict(frequencies.orientations(waves))
    upright = hashes.pop(frequencies.SAME)
    still, new = np.zeros(len(usable), np.bool_), np.ones(len(usable), np.bool_)
    return turned_alike(hashes, upright, still, new, usable, Limit(RULE["phash"], None)).values()


def _hashes(path: Path) -> Hashes:
    return hashes(process(path.read_bytes(), Options()).plane)


def _named(files: Sequence[str], rows: np.ndarray, pairs: object) -> Pairs:
    left, right = (rows[getattr(pairs, side)] for side in ("left", "right"))
    return {_pair(files[one], files[other]) for one, other in zip(left.tolist(), right.tolist(), strict=True)}


def _pair(one: str, other: str) -> tuple[str, str]:
    return (one, other) if one < other else (other, one)


def _of_peers() -> dict[tuple[str, str], Pairs]:
    found: dict[tuple[str, str], Pairs] = {}
    for peer, (script, packages) in PEERS.items():
        try:
            command = [f"{binaries(peer, packages)}/python", str(Path(__file__).parent / "peers" / script), str(SET)]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
        except (NotInstalled, OSError, subprocess.CalledProcessError) as error:
            print(f"{peer}: cannot be run: {getattr(error, 'stderr', '') or error}")
            continue
        for method, pairs in json.loads(done.stdout.splitlines()[-1]).items():
            for distance in DISTANCES if peer == "imagededup" else (0,):
                near = {_pair(one, other) for one, other, apart in pairs if apart <= distance}
                found[f"{peer}: {method}", str(distance)] = near
    return found


def _family(file: str) -> str:
    return file.partition("--")[0]


def _judged(method: str, distance: str, pairs: Pairs, files: Sequence[str]) -> tuple[str, ...]:
    wrong = [pair for pair in pairs if _family(pair[0]) != _family(pair[1])]
    flat = sum(pair[0].startswith("flat") and pair[1].startswith("flat") for pair in wrong)
    words = [file for file, word in FILE_WORDS.items() if "turned too" in method or not word.startswith("turned")]
    precision = f"{1 - len(wrong) / len(pairs):.1%}" if pairs else "–"
    return method, distance, precision, f"{_recall(pairs, files, words):.1%}", str(len(wrong)), str(flat)


def _recall(pairs: Pairs, files: Sequence[str], words: Iterable[str]) -> float:
    """Part of the versions of these words that are in a pair with their original."""
    wanted = set(words)
    versions = [file for file in files if file.partition("--")[2].rpartition(".")[0] in wanted]
    return sum(_pair(file, f"{_family(file)}--{ORIGINAL}.jpg") in pairs for file in versions) / len(versions)


if __name__ == "__main__":
    sys.exit(main())
