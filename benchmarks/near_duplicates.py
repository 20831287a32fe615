"""What `scrapy dedupe` takes, time and memory, over a made-up catalogue: python -m benchmarks.near_duplicates 1000000

Prints a line for each step: all with all, nothing new, a thousand new ones, and what `scrapy verdict` needs to list.
Of the pictures 2 % are near-duplicates, 1 % identical by their hashes, of a few sizes.
"""

import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import numpy.typing as npt

from harvester.catalogue.duplicates.dedupe_runs import HASHES
from harvester.catalogue.schema import blobs
from harvester.catalogue.store import open_catalogue
from harvester.imaging.types import FINGERPRINT_VERSION

NEW_PICTURES = 1000


def write(folder: Path, first: int, number: int) -> None:
    """Blobs that have fingerprints and no files."""
    random = np.random.default_rng(first)
    prints = {method: random.integers(2**64, size=number, dtype=np.uint64) for method in HASHES}
    near, same = random.permutation(number)[: number // 50], random.permutation(number)[: number // 100]
    for of_method in prints.values():
        bits = np.uint64(1) << random.integers(64, size=len(near), dtype=np.uint64)
        of_method[near] = of_method[(near + 1) % number] ^ bits
        of_method[same] = of_method[same // 10 * 10]
    coefficients = (random.normal(0, 40, (number, 64))).astype("<f2")
    columns = [column.name for column in blobs.columns]
    with sqlite3.connect(folder / "catalogue.db") as connection:
        into = f"INSERT INTO blobs ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"
        connection.executemany(into, (_row(columns, first + n, n, prints, coefficients[n]) for n in range(number)))


def _row(
    columns: list[str], name: int, n: int, prints: dict[str, npt.NDArray[np.uint64]], coefficients: object
) -> list[object]:
    facts: dict[str, object] = {
        "sha256": hashlib.sha256(b"%d" % name).hexdigest(), "ext": "jpg", "format": "JPEG", "mode": "RGB",
        "width": 800, "height": 600 + name, "bytes": 99_999, "animated": name % 50 == 0, "frames": 1,
        "fingerprint_version": FINGERPRINT_VERSION, "coefficients": coefficients.tobytes(),
        "stored_at": 1_700_000_000 + name,  # type: ignore[attr-defined]
    }  # fmt: skip
    facts |= {method: f"{int(of_method[n]):016x}" for method, of_method in prints.items()}
    return [facts.get(column) for column in columns]


def measure(folder: Path, step: str, *arguments: str) -> None:
    """One command: seconds, and its largest memory in MB."""
    started = time.monotonic()
    command = [sys.executable, "-m", "scrapy", *arguments]
    child = subprocess.Popen(
        command, env=os.environ | {"HARVESTER_DATA_DIR": str(folder)}, stdout=subprocess.PIPE, text=True
    )
    output, _ = child.stdout.read() if child.stdout else "", None
    _, status, used = os.wait4(child.pid, 0)
    seconds = time.monotonic() - started
    print(f"{step:<20} {seconds:7.1f} s  cpu {used.ru_utime + used.ru_stime:7.1f} s  {used.ru_maxrss / 1024:7,.0f} MB")
    if status:
        raise SystemExit(output)
    print("    " + "\n    ".join(output.splitlines()[:5]))


def main() -> None:
    """All steps."""
    number = int(sys.argv[1])
    folder = Path(sys.argv[2] if len(sys.argv) > 2 else "/tmp/near-duplicates")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    open_catalogue(f"sqlite:///{folder / 'catalogue.db'}").dispose()
    write(folder, 0, number)
    measure(folder, "all with all", "dedupe")
    measure(folder, "nothing new", "dedupe")
    write(folder, number, NEW_PICTURES)
    measure(folder, f"{NEW_PICTURES} new", "dedupe")
    measure(folder, "what waits", "verdict")
    measure(folder, "with orientations", "dedupe", "--orientations")
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
