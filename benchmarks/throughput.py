"""`make bench`: ours and what a user would pick instead, as whole processes on the same pictures, side by side.

    python -m benchmarks.throughput [--images 2000] [--runs 3] [--only ours,limit]

The contenders take turns, so that a slow minute of the machine hits all of them; the table shows medians. images/s
counts the pictures that were really left behind. CPU is user and system time of all processes of the contender,
without the server's; RSS is the peak of its largest process, or of all together. `others` is what the server and
everything else on the machine took of it: above some 10 % the machine was not idle, and the figures are too low.
"""

import argparse
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median

from benchmarks import own_crawl, table
from benchmarks.contenders import CONTENDERS, HARVESTER, Contender, Job
from benchmarks.measure import CACHE, ROOT, Usage, benchmark_lock, run
from benchmarks.nginx import serving
from benchmarks.venvs import NotInstalled

WARM = 40
HEAD = ("contender", "does", "images/s", "from – to", "ours ÷ it", "CPU ms/image", "peak RSS MB", "others", "pictures")


@dataclass
class Runs:
    """What one contender did; `trouble` says why it takes part no longer."""

    contender: Contender
    problem: str = ""
    usages: list[Usage] = field(default_factory=list)
    pictures: list[int] = field(default_factory=list)

    def run_once(self, job: Job, *, counts: bool = True) -> None:
        """One run into an empty folder, which is removed again."""
        try:
            usage = run(self.contender.command(job, self.contender.prepare()), CACHE / "output.txt")
        except (NotInstalled, OSError) as error:
            self.problem = f"cannot be run: {error}"
            return
        pictures = self.contender.count(job.out)
        shutil.rmtree(job.out, ignore_errors=True)
        if usage.code or not pictures:
            self.problem = f"exit code {usage.code} after {usage.wall:.0f} s, {pictures} pictures: {usage.last_line}"
        elif counts:
            self.usages.append(usage)
            self.pictures.append(pictures)

    @property
    def speeds(self) -> list[float]:
        """Images per second of each run."""
        return [pictures / usage.wall for pictures, usage in zip(self.pictures, self.usages, strict=True)]


def main() -> int:
    """Exit code 1 when a contender could not be measured."""
    options = _options()
    folder = CACHE / str(options.images)
    # In a process of its own: what this one holds in memory would count as a contender's before it starts.
    subprocess.run([sys.executable, "-m", "benchmarks.photos", f"--images={options.images}"], cwd=ROOT, check=True)
    names = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
    print(f"{table.machine()}; {options.runs} runs of {options.images} images", flush=True)
    all_runs = [Runs(contender) for contender in CONTENDERS if contender.name in (options.only or contender.name)]
    with benchmark_lock(), serving(folder) as url:
        _warm(all_runs, names, url)
        _measure(all_runs, _job("all", [url(name) for name in names]), options.runs)
    _show(all_runs)
    return int(any(runs.problem for runs in all_runs))


def _options() -> argparse.Namespace:
    names = [contender.name for contender in CONTENDERS]
    parser = argparse.ArgumentParser(description="Ours and others, side by side.")
    parser.add_argument("--images", type=int, default=2000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", type=lambda text: text.split(","), help=f"of: {','.join(names)}")
    options = parser.parse_args()
    if unknown := set(options.only or ()) - set(names):
        parser.error(f"--only: there is no {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    return options


def _job(name: str, urls: Sequence[str]) -> Job:
    folder = CACHE / "jobs" / name
    shutil.rmtree(folder, ignore_errors=True)
    arguments = own_crawl.write_data_set(folder, urls)
    listed = folder / "urls.txt"
    listed.write_text("\n".join(urls) + "\n")
    return Job(listed, arguments, folder / "out")


def _warm(all_runs: Sequence[Runs], names: Sequence[str], url: Callable[[str], str]) -> None:
    """Untimed: every file once through nginx, and every contender over a few, which also compiles its modules."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    for name in names:
        with direct.open(url(name)) as answer:
            answer.read()
    few = _job("few", [url(name) for name in names[:WARM]])
    for runs in all_runs:
        runs.run_once(few, counts=False)


def _measure(all_runs: Sequence[Runs], job: Job, times: int) -> None:
    for number in range(times):
        for runs in all_runs:
            if not runs.problem:
                runs.run_once(job)
                result = runs.problem or f"{runs.speeds[-1]:.0f} images/s"
                print(f"run {number + 1} of {times}: {runs.contender.name}: {result}", file=sys.stderr, flush=True)


def _show(all_runs: Sequence[Runs]) -> None:
    base = next((median(runs.speeds) for runs in all_runs if runs.contender.name == HARVESTER and runs.speeds), None)
    table.show(HEAD, [_row(runs, base) for runs in all_runs if runs.usages])
    for runs in all_runs:
        if runs.problem:
            print(f"{runs.contender.name}: {runs.problem}")


def _row(runs: Runs, base: float | None) -> tuple[str, ...]:
    speed = median(runs.speeds)
    cpu = [1000 * usage.cpu / count for usage, count in zip(runs.usages, runs.pictures, strict=True)]
    return (
        runs.contender.name,
        runs.contender.does,
        f"{speed:.0f}",
        f"{min(runs.speeds):.0f} – {max(runs.speeds):.0f}",
        f"{base / speed:.2f}" if base else "–",
        f"{median(cpu):.1f}",
        f"{median(usage.rss for usage in runs.usages):.0f}",
        f"{median(usage.other_load for usage in runs.usages):.0%}",
        f"{min(runs.pictures)}",
    )


if __name__ == "__main__":
    sys.exit(main())
