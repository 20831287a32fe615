"""Exports that are killed just before a change of their folder, be it of a file or of their manifest.

Python tells its audit hooks of changes of files, SQLite its trace of every statement, both before they happen.
"""

import importlib
import multiprocessing
import os
import signal
import sqlite3
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.conftest import ROOT, Commands

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["tests.preload"])

_FILES = {"open", "os.rename", "os.link", "os.remove", "os.mkdir"}
_STATEMENTS = ("INSERT", "UPDATE", "DELETE", "COMMIT")


def export_and_kill(commands: Commands, words: Sequence[str], folder: Path, changes: int) -> bool:
    """One export up to so many changes; True where it was killed, not done."""
    arguments = ["scrapy", *commands.command("export", *words, "--to", str(folder))[3:]]
    environment = commands.environment | {"HARVESTER_DATA_DIR": str(commands.data)}
    log_path = commands.data.parent / "said.log"
    process = _FORKS.Process(target=_run_export, args=(arguments, environment, str(folder), changes, str(log_path)))
    process.start()
    process.join(60)
    assert process.exitcode in (0, -signal.SIGKILL), log_path.read_text(encoding="utf-8")
    return process.exitcode != 0


def _run_export(words: list[str], environment: dict[str, str], folder: str, changes: int, log_path: str) -> None:
    log = os.open(log_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.chdir(ROOT)
    os.environ.update(environment)
    kill_switch = _KillSwitch(folder, changes)
    sys.addaudithook(kill_switch)
    connect = sqlite3.connect
    sqlite3.connect = lambda path, **options: kill_switch.watch(path, connect(path, **options))  # type: ignore[assignment]
    importlib.import_module("scrapy.cmdline").execute(words)


class _KillSwitch:
    def __init__(self, folder: str, changes: int) -> None:
        self._folder = folder
        self._remaining = changes

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event in _FILES and str(arguments[0]).startswith(self._folder):
            self._count_change()

    def watch(self, path: object, database: sqlite3.Connection) -> sqlite3.Connection:
        """Count its changes where it is the manifest."""
        if str(path).startswith(self._folder):
            database.set_trace_callback(self._trace)
        return database

    def _trace(self, statement: str) -> None:
        if statement.startswith(_STATEMENTS):
            self._count_change()

    def _count_change(self) -> None:
        self._remaining -= 1
        if self._remaining <= 0:
            os.kill(os.getpid(), signal.SIGKILL)
