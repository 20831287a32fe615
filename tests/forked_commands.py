"""Commands as a user runs them, but forked from a process that has imported everything: a tenth of the time."""

import importlib
import multiprocessing
import os
import subprocess
import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path

from tests.conftest import LOOPBACK, ROOT, Commands

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["tests.preload"])


class ForkedCommands(Commands):
    """For tests of many short commands."""

    def scrapy(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """The finished command with its output."""
        words = ["scrapy", *self.command(*arguments)[3:]]
        with tempfile.TemporaryDirectory() as folder:
            output_files = [Path(folder) / name for name in ("out", "err")]
            environment = {
                "HARVESTER_DATA_DIR": str(self.data),
                "HARVESTER_ALLOW_NETWORKS": LOOPBACK,
            } | self.environment
            child = _FORKS.Process(target=_run, args=(words, environment, *map(str, output_files)))
            child.start()
            child.join(240)
            if child.exitcode is None:
                child.kill()
                child.join()
            texts = [
                path.read_text(encoding="utf-8", errors="replace") if path.exists() else "" for path in output_files
            ]
        return subprocess.CompletedProcess(words, child.exitcode or 0, *texts)


def _run(words: list[str], environment: Mapping[str, str], *output_files: str) -> None:
    for number, path in enumerate(output_files, start=1):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND), number)
    os.chdir(ROOT)
    os.environ.update(environment)
    warnings.simplefilter("error")
    importlib.import_module("scrapy.cmdline").execute(words)
