"""Loaded by the workers of a crawl that is to be killed (`tests.killed_crawls`): it dies when a file changes.

Python tells its audit hooks of every change before it happens; just before the n-th one in the data directory by this
worker the crawl is killed, and the worker with it.
"""

import os
import signal
import sys
from typing import Any

_CHANGES = {"open", "os.rename", "os.link", "os.remove", "os.mkdir", "os.truncate"}


class _KillAtChange:
    def __init__(self, data: str, changes: int) -> None:
        self._data = data
        self._left = changes

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event in _CHANGES and str(arguments[0]).startswith(self._data):
            self._left -= 1
            if self._left <= 0:
                os.kill(os.getppid(), signal.SIGKILL)
                os.kill(os.getpid(), signal.SIGKILL)


if os.environ.get("KILL_AFTER_CHANGES"):
    sys.addaudithook(_KillAtChange(os.environ["KILL_IN_FOLDER"], int(os.environ["KILL_AFTER_CHANGES"])))
