"""How much memory a process and its descendants take, looked at while they run."""

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

_PEAK_RSS = ("status", "VmHWM:")  # the system remembers it, so only the last moment of a process is missed
_PROPORTIONAL_SIZE = ("smaps_rollup", "Pss:")  # pages that several processes share count once


class MemoryWatch(threading.Thread):
    """Notes peaks in MB: of the process itself, of the largest descendant, and of all together; 0 where none is.

    It looks again after `tick` seconds. A look at four processes of 60 MB takes 5 ms of a processor.
    """

    def __init__(self, pid: int, tick: float = 0.1) -> None:
        super().__init__(daemon=True)
        self.process_peak = self.child_peak = self.total_peak = 0.0
        self._pid, self._tick = pid, tick
        self._end = threading.Event()

    def __enter__(self) -> "MemoryWatch":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self.join()

    def run(self) -> None:
        """Look again and again."""
        while not self._end.wait(self._tick):
            descendants = list(_descendants(self._pid))
            self.process_peak = max(self.process_peak, _memory(self._pid, *_PEAK_RSS))
            self.child_peak = max([self.child_peak, *(_memory(pid, *_PEAK_RSS) for pid in descendants)])
            if descendants:
                self.total_peak = max(
                    self.total_peak, sum(_memory(pid, *_PROPORTIONAL_SIZE) for pid in (self._pid, *descendants))
                )


def _descendants(pid: int) -> Iterator[int]:
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in children.read_text().split():
                yield int(child)
                yield from _descendants(int(child))


def _memory(pid: int, file: str, key: str) -> float:
    """In MB; 0 for a process that has ended."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/{file}").read_text().splitlines():
            if line.startswith(key):
                return int(line.split()[1]) / 1024
    return 0.0
