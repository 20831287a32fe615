"""Crawls that are made to be killed: forked from a process that has imported everything, so that a life is cheap.

A life ends by SIGKILL: after some seconds, from outside, or just before the n-th change of a file by a worker.
"""

import importlib
import multiprocessing
import os
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path

from tests.conftest import FAST_SETTINGS, LOOPBACK, ROOT

KILL_HOOK_FOLDER = Path(__file__).parent / "kill_hook"
_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["tests.preload"])


@dataclass
class KilledCrawls:
    """Crawls with these arguments over one data directory; what they say goes to a file beside it."""

    data: Path
    arguments: Sequence[str]

    def run_once(self, *, seconds: float = 0, changes: int = 0) -> bool:
        """One life, of so many seconds or up to so many changes of files; True where it was killed, not done."""
        process = self._start(changes)
        if seconds:
            time.sleep(seconds)
            process.kill()
        process.join(60)
        assert process.exitcode in (0, -signal.SIGKILL), self.log_file.read_text()
        return process.exitcode != 0

    @property
    def log_file(self) -> Path:
        """What all of them printed."""
        return self.data.with_suffix(".log")

    def _start(self, changes: int) -> BaseProcess:
        process = _FORKS.Process(
            target=_crawl, args=(str(self.data), str(self.log_file), list(self.arguments), changes)
        )
        process.start()
        return process


def _crawl(data: str, log_path: str, arguments: list[str], changes: int) -> None:
    log = os.open(log_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.chdir(ROOT)
    os.environ |= {"HARVESTER_DATA_DIR": data, "HARVESTER_ALLOW_NETWORKS": LOOPBACK}
    fast_options = [word for name, value in FAST_SETTINGS.items() for word in ("-s", f"{name}={value}")]
    if changes:  # the workers change files: see tests/kill_hook
        os.environ |= {"PYTHONPATH": str(KILL_HOOK_FOLDER), "KILL_IN_FOLDER": data, "KILL_AFTER_CHANGES": str(changes)}
    cmdline = importlib.import_module("scrapy.cmdline")
    cmdline.execute(["scrapy", "crawl", "mastodon", *fast_options, *arguments])
