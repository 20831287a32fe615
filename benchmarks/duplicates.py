"""`make bench-duplicates`: all pairs within 4 bits, ours beside faiss and imagededup, as whole processes.

    python -m benchmarks.duplicates [--distance 4] [--runs 3] [--only ours multihash] [--most 10000000]

Two kinds of hashes, see `benchmarks.hashes`. CPU is of all processes of a contender and says more than the clock where
others use the machine; `search s` leaves start and reading out. A contender that took too long with fewer hashes is not
asked for more. Every one must find the same number of pairs: else this ends with exit code 1.
"""

import argparse
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks import table
from benchmarks.measure import CACHE, ROOT, Usage, benchmark_lock, run
from benchmarks.venvs import NotInstalled, binaries

HEAD = ("hashes", "kind", "contender", "pairs", "CPU s", "wall s", "search s", "ours ÷ it", "peak RSS MB", "others")
SLOW_SECONDS = 100.0  # seconds: who took longer is not asked for ten times as many
TIMEOUT_SECONDS = 1500.0
PEERS = Path(__file__).parent / "peers"
FAISS, IMAGEDEDUP = ("faiss-cpu==1.15.1", "numpy==2.4.6"), ("imagededup==0.3.3.post2",)


@dataclass(frozen=True)
class Searcher:
    """`command` gets its environment's `bin` folder, the file and the distance; `sizes`: numbers of hashes."""

    name: str
    command: Callable[[Path, str, str], Sequence[str]]
    sizes: Sequence[int]
    environment: str = ""
    packages: tuple[str, ...] = ()

    def prepare(self) -> Path:
        """Its `bin` folder, made where it is missing. Raises NotInstalled."""
        return binaries(self.environment, self.packages) if self.packages else Path(sys.executable).parent


def _own_command(task: str) -> Callable[[Path, str, str], Sequence[str]]:
    return lambda bin, file, distance: [
        f"{bin}/python",
        "-m",
        "benchmarks.peers.harvester_within",
        task,
        file,
        distance,
    ]


def _peer_command(script: str, method: str) -> Callable[[Path, str, str], Sequence[str]]:
    return lambda bin, file, distance: [f"{bin}/python", str(PEERS / script), method, file, distance]


ALL = (10_000, 100_000, 1_000_000, 10_000_000)
FEW = ALL[:1]
INCREMENTAL = "incremental"
"""Compares 1,000 new hashes with the others, so it finds fewer pairs."""

SEARCHERS = (
    Searcher("ours", _own_command("within"), ALL),
    Searcher("multihash", _peer_command("faiss_within.py", "multihash"), ALL[1:], "faiss", FAISS),
    Searcher("flat", _peer_command("faiss_within.py", "flat"), ALL[1:], "faiss", FAISS),
    Searcher("imagededup", _peer_command("imagededup_within.py", "brute_force_cython"), FEW, "imagededup", IMAGEDEDUP),
    Searcher("BK-tree", _peer_command("imagededup_within.py", "bktree"), FEW, "imagededup", IMAGEDEDUP),
    Searcher(INCREMENTAL, _own_command("between"), ALL[2:]),
)


def main() -> int:
    """Exit code 1 where a contender could not be measured, or found something else."""
    options = _options()
    print(f"{table.machine()}; pairs within {options.distance} bits, medians of {options.runs} runs", flush=True)
    rows: list[tuple[str, ...]] = []
    problems: dict[str, str] = {}
    with benchmark_lock():
        for size in [size for size in ALL if size <= options.most]:
            for kind in ("even", "real"):
                rows += _compare(size, kind, options, problems)
    table.show(HEAD, rows)
    print("\n".join(f"{name}: {problem}" for name, problem in problems.items()))
    return int(any("found" in problem or "cannot" in problem for problem in problems.values()))


def _options() -> argparse.Namespace:
    names = [searcher.name for searcher in SEARCHERS]
    parser = argparse.ArgumentParser(description="All pairs within a distance, ours and others.")
    parser.add_argument("--distance", type=int, default=4)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--most", type=int, default=ALL[-1])
    parser.add_argument("--only", nargs="+", choices=names, default=names)
    return parser.parse_args()


def _compare(size: int, kind: str, options: argparse.Namespace, problems: dict[str, str]) -> list[tuple[str, ...]]:
    file = CACHE / f"hashes-{kind}-{size}.npy"
    if not file.is_file():  # in a process of its own: memory that this one holds would be taken for a contender's
        command = [sys.executable, "-c", f"from benchmarks.hashes import file_of; file_of({kind!r}, {size})"]
        subprocess.run(command, cwd=ROOT, check=True)
    rows: list[tuple[str, ...]] = []
    expected, base = "", 0.0
    for searcher in SEARCHERS:
        if size not in searcher.sizes or searcher.name not in options.only or searcher.name in problems:
            continue
        usages = _measure_runs(searcher, str(file), options, problems)
        if not usages:
            continue
        pairs, seconds = usages[0].last_line.split()
        cpu = median(usage.cpu for usage in usages)
        if searcher.name == "ours":
            expected, base = pairs, cpu
        elif searcher.name != INCREMENTAL and expected and pairs != expected:
            problems[searcher.name] = f"found {pairs} pairs of {size:,} {kind} hashes, not {expected}"
        if max(usage.wall for usage in usages) > SLOW_SECONDS:
            problems[searcher.name] = f"not asked for more than {size:,}: that took {usages[0].wall:.0f} s"
        rows.append(_row(size, kind, searcher.name, pairs, seconds, usages, base))
    return rows


def _measure_runs(searcher: Searcher, file: str, options: argparse.Namespace, problems: dict[str, str]) -> list[Usage]:
    usages: list[Usage] = []
    try:
        command = searcher.command(searcher.prepare(), file, str(options.distance))
        for _ in range(options.runs):
            usages.append(run(command, CACHE / "output.txt", limit=TIMEOUT_SECONDS))
            print(f"{searcher.name}: {usages[-1].cpu:.1f} s of CPU", file=sys.stderr, flush=True)
            if usages[-1].code:
                problems[searcher.name] = f"cannot be measured: exit code {usages[-1].code}, {usages[-1].last_line}"
                return []
            if usages[-1].wall > SLOW_SECONDS:
                break
    except (NotInstalled, OSError) as error:
        problems[searcher.name] = f"cannot be run: {error}"
        return []
    return usages


def _row(
    size: int, kind: str, name: str, pairs: str, seconds: str, usages: Sequence[Usage], base: float
) -> tuple[str, ...]:
    cpu = median(usage.cpu for usage in usages)
    return (
        f"{size:,}",
        kind,
        name,
        f"{int(pairs):,}",
        f"{cpu:.1f}",
        f"{median(usage.wall for usage in usages):.1f}",
        f"{float(seconds):.2f}",
        f"{base / cpu:.3f}" if base else "–",
        f"{median(usage.rss for usage in usages):.0f}",
        f"{median(usage.other_load for usage in usages):.0%}",
    )


if __name__ == "__main__":
    sys.exit(main())
