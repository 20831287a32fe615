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

from tests.conftest import LOOPBACK, QUICK, ROOT

DOOM = Path(__file__).parent / "doom"
_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["tests.preloaded"])


@dataclass
class Mortals:
    """Crawls with these arguments over one data directory; what they say goes to a file beside it."""

    data: Path
    arguments: Sequence[str]

    def live(self, *, seconds: float = 0, changes: int = 0) -> bool:
        """One life, of so many seconds or up to so many changes of files; True where it was killed, not done."""
        life = self._start(changes)
        if seconds:
            time.sleep(seconds)
            life.kill()
        life.join(60)
        assert life.exitcode in (0, -signal.SIGKILL), self.said.read_text()
        return life.exitcode != 0

    @property
    def said(self) -> Path:
        """What all of them printed."""
        return self.data.with_suffix(".log")

    def _start(self, changes: int) -> BaseProcess:
        life = _FORKS.Process(target=_crawl, args=(str(self.data), str(self.said), list(self.arguments), changes))
        life.start()
        return life


def _crawl(data: str, said: str, arguments: list[str], changes: int) -> None:
    log = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.chdir(ROOT)
    os.environ |= {"HARVESTER_DATA_DIR": data, "HARVESTER_ALLOW_NETWORKS": LOOPBACK}
    quick = [word for name, value in QUICK.items() for word in ("-s", f"{name}={value}")]
    if changes:  # the workers change files: see tests/doom
        os.environ |= {"PYTHONPATH": str(DOOM), "MORTAL_DATA": data, "MORTAL_CHANGES": str(changes)}
    cmdline = importlib.import_module("scrapy.cmdline")
    cmdline.execute(["scrapy", "crawl", "mastodon", *quick, *arguments])
