"""How much memory a process and its children take together, looked at while they run."""

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

_TICK = 0.1  # seconds between two looks


class Watch(threading.Thread):
    """Notes the peak memory of a process and its children together, in MB; 0 while there is only one."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.peak = 0.0
        self._pid = pid
        self._end = threading.Event()

    def __enter__(self) -> "Watch":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self.join()

    def run(self) -> None:
        """Look again and again."""
        while not self._end.wait(_TICK):
            family = list(_family(self._pid))
            if len(family) > 1:
                self.peak = max(self.peak, sum(map(_memory, family)))


def _family(pid: int) -> Iterator[int]:
    yield pid
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in children.read_text().split():
                yield from _family(int(child))


def _memory(pid: int) -> float:
    """Proportional set size in MB."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    return 0.0
