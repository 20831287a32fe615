"""Runs a command as a whole process and says what it took: wall clock, processor, memory, of it and its children."""

import contextlib
import fcntl
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.memory_watch import MemoryWatch

ROOT = Path(__file__).parent.parent
CACHE = Path("/tmp/harvester-bench")
"""What benchmarks keep: pictures, environments of other programs, the folders of runs."""


@dataclass(frozen=True)
class Usage:
    """Seconds, MB (of 2**20 bytes), when it began (Unix time) and how it ended; `said` is its last line of output.

    `others` is the share of the machine, 0 to 1, that was taken by all else, the server of the pictures among it.
    """

    began: float
    wall: float
    cpu: float
    rss: float
    other_load: float
    code: int
    last_line: str


def run(
    command: Sequence[str], output: Path, *, settings: Mapping[str, str] | None = None, limit: float = 900
) -> Usage:
    """Run to the end, from the root of the project, output into a file. Killed with its children after `limit` seconds.

    `rss` is the peak of the largest process, or of all together where there are several and that is more; pages that
    several share then count once.
    """
    os.sync()
    with output.open("wb") as file:
        began, started, busy = time.time(), time.monotonic(), _busy()
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment(settings or {}), stdout=file, stderr=file, start_new_session=True
        )
        with _killing_at_end(process, limit), MemoryWatch(process.pid, tick=1.0) as watch:
            _, status, usage = os.wait4(process.pid, 0)
            wall = time.monotonic() - started
            process.returncode = os.waitstatus_to_exitcode(status)
    rss, cpu = max(usage.ru_maxrss / 1024, watch.total_peak), usage.ru_utime + usage.ru_stime
    other_load = max(0.0, _busy() - busy - cpu) / (wall * (os.cpu_count() or 1))
    return Usage(began, wall, cpu, rss, other_load, process.returncode, _last_line(output))


@contextlib.contextmanager
def benchmark_lock() -> Iterator[None]:
    """Two benchmarks at a time would measure each other, and share folders: the second one ends here."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise SystemExit("another benchmark is running") from None
        yield


def _busy() -> float:
    """Seconds that the processors of the machine have worked, or were stolen from it, since it started."""
    with Path("/proc/stat").open() as file:
        user, nice, system, _idle, _wait, *more = map(int, file.readline().split()[1:9])
    return (user + nice + system + sum(more)) / os.sysconf("SC_CLK_TCK")


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    """No proxy; compiled modules may be kept and output is written in blocks, as on anybody's machine."""
    excluded = ("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED")
    inherited = {name: value for name, value in os.environ.items() if name not in excluded}
    return inherited | {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"} | dict(settings)


@contextlib.contextmanager
def _killing_at_end(process: subprocess.Popen[bytes], limit: float) -> Iterator[None]:
    """Whatever is left of the process and its children is killed at the end, or when the time is up."""

    def kill() -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)

    timer = threading.Timer(limit, kill)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        kill()


def _last_line(output: Path) -> str:
    lines = output.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1].strip() if lines else ""
