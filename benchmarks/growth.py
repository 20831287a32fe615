"""`make bench-growth`: does a large catalogue slow down new work, and how fast is known work recognised?

    python -m benchmarks.growth [--images 1000] [--known 1000,10000,100000] [--runs 3]

First the same new pictures with more and more images already in the catalogue; then a data set in which the catalogue
knows everything. The crawl itself is timed from the first picture to the last, by the times of the files; around it lie
the start of the process and the end of the run, which writes the status file of the whole collection.
"""

import argparse
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from benchmarks import own_crawl, table
from benchmarks.known_images import fill_catalogue, known_urls
from benchmarks.measure import CACHE, Usage, benchmark_lock, run
from benchmarks.nginx import serving
from benchmarks.photos import photos

JOB = CACHE / "jobs/growth"
NEW_HEAD = ("known before", "images/s", "of the crawl", "start s", "close s", "CPU ms/image", "peak RSS MB", "others")
KNOWN_HEAD = ("all of them known", "images/s", "without start-up", "wall s", "start-up s", "peak RSS MB")


def main() -> int:
    """Two tables."""
    parser = argparse.ArgumentParser(description="New work beside a large catalogue; known work.")
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument(
        "--known", type=lambda text: [int(word) for word in text.split(",")], default="1000,10000,100000"
    )
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    folder = CACHE / str(options.images)
    names = photos(options.images)
    print(f"{table.machine()}; {options.images} new images, medians of {options.runs} runs", flush=True)
    with benchmark_lock(), serving(folder) as url:
        _measure_new_work(options.known, [url(name) for name in names], options.runs)
        _measure_known_work(max(options.known), options.runs)
    return 0


def _measure_new_work(sizes: Sequence[int], urls: Sequence[str], runs: int) -> None:
    results_by_size: dict[int, list[tuple[float, ...]]] = {size: [] for size in sizes}
    for _ in range(runs):
        for size in sizes:
            results_by_size[size].append(_crawl_beside_known(size, urls))
    rows = []
    for size, results in results_by_size.items():
        whole, crawl, start, close, cpu, rss, other_load = (median(column) for column in zip(*results, strict=True))
        speeds = (f"{whole:.0f}", f"{crawl:.0f}", f"{start:.2f}", f"{close:.2f}")
        rows.append((f"{size:,}", *speeds, f"{cpu:.1f}", f"{rss:.0f}", f"{other_load:.0%}"))
    table.show(NEW_HEAD, rows)


def _crawl_beside_known(size: int, urls: Sequence[str]) -> tuple[float, ...]:
    """Images/s of the process and of the crawl, seconds before and after the crawl, CPU ms per image, RSS, others."""
    data = _fresh()
    arguments = own_crawl.write_data_set(JOB, urls, before=fill_catalogue(data, size))
    usage = _crawl(arguments, data)
    times = sorted(path.stat().st_ctime for path in own_crawl.list_pictures(data))
    if len(times) != len(urls):
        raise SystemExit(f"only {len(times)} of {len(urls)} pictures were made")
    crawl = (len(times) - 1) / (times[-1] - times[0])
    close = usage.began + usage.wall - times[-1]
    costs = 1000 * usage.cpu / len(urls), usage.rss, usage.other_load
    return len(urls) / usage.wall, crawl, times[0] - usage.began, close, *costs


def _measure_known_work(size: int, runs: int) -> None:
    print()
    usages = [_crawl_all_known(size) for _ in range(runs)]
    start = median(_crawl_all_known(1).wall for _ in range(runs))
    wall, rss = median(usage.wall for usage in usages), median(usage.rss for usage in usages)
    bare = f"{size / max(wall - start, 0.001):,.0f}"
    table.show(KNOWN_HEAD, [(f"{size:,}", f"{size / wall:,.0f}", bare, f"{wall:.2f}", f"{start:.2f}", f"{rss:.0f}")])


def _crawl_all_known(size: int) -> Usage:
    data = _fresh()
    fill_catalogue(data, size)
    return _crawl(own_crawl.write_data_set(JOB, known_urls(size)), data)


def _fresh() -> Path:
    shutil.rmtree(JOB, ignore_errors=True)
    JOB.mkdir(parents=True)
    return JOB / "out"


def _crawl(arguments: Sequence[str], data: Path) -> Usage:
    usage = run(own_crawl.crawl_command(arguments, data), JOB / "output.txt")
    if usage.code:
        raise SystemExit(f"the crawl ended with exit code {usage.code}: {usage.last_line}")
    return usage


if __name__ == "__main__":
    sys.exit(main())
