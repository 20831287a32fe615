"""`make bench-stalls`: how long does the event loop stand still while pictures of 20 megapixels are decoded?

    python -m benchmarks.stalls [--images 40] [--usual 0]

A timer on the crawl's own loop rings every 10 ms; the table says how late it came. Half of the pictures are JPEG, half
PNG; `--usual 2000` measures the pictures of `make bench` as well.
"""

import argparse
import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks import own_crawl, table
from benchmarks.measure import CACHE, benchmark_lock, run
from benchmarks.nginx import serving
from benchmarks.photos import ensure_pictures, large_photo, photos
from harvester.settings import EXTENSIONS

HEAD = ("pictures", "ticks", "late by ms: p50", "p99", "most", "over 100 ms", "images/s", "peak RSS MB")


def main() -> int:
    """One row per set of pictures."""
    parser = argparse.ArgumentParser(description="How long does the event loop stand still?")
    parser.add_argument("--images", type=int, default=40)
    parser.add_argument("--usual", type=int, default=0)
    options = parser.parse_args()
    folder = CACHE / f"large-{options.images}"
    sets = {f"{options.images} of 20 Mpx": (folder, ensure_pictures(folder, options.images, large_photo))}
    if options.usual:
        sets[f"{options.usual} of 1 Mpx"] = (CACHE / str(options.usual), photos(options.usual))
    print(table.machine(), flush=True)
    with benchmark_lock():
        table.show(HEAD, [_row(label, folder, names) for label, (folder, names) in sets.items()])
    return 0


def _row(label: str, folder: Path, names: Sequence[str]) -> tuple[str, ...]:
    job = CACHE / "jobs/stalls"
    shutil.rmtree(job, ignore_errors=True)
    with serving(folder) as url:
        arguments = own_crawl.write_data_set(job, [url(name) for name in names])
        heartbeat_settings = {"EXTENSIONS": json.dumps(EXTENSIONS | {"benchmarks.heartbeat.Heartbeat": 50})}
        command = own_crawl.crawl_command(
            arguments, job / "out", HEARTBEAT_FILE=str(job / "late.json"), **heartbeat_settings
        )
        usage = run(command, job / "output.txt")
    pictures = own_crawl.list_pictures(job / "out")
    if usage.code or len(pictures) != len(names):
        raise SystemExit(f"{label}: exit code {usage.code}, {len(pictures)} pictures: {usage.last_line}")
    late = sorted(json.loads((job / "late.json").read_text()))
    shutil.rmtree(job / "out")
    percentiles = [f"{late[min(len(late) - 1, int(len(late) * share))]:.1f}" for share in (0.5, 0.99, 1)]
    slow = sum(ms > 100 for ms in late)
    return (label, f"{len(late):,}", *percentiles, str(slow), f"{len(names) / usage.wall:.1f}", f"{usage.rss:.0f}")


if __name__ == "__main__":
    sys.exit(main())
