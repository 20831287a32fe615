"""How our commands end: a mistake or a trouble is one sentence, never a traceback."""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO

from sqlalchemy import Engine

from harvester.catalogue.store import open_existing
from harvester.errors import HarvesterError, UsageProblem
from harvester.memory import reduce_gc
from harvester.storage.locks import lock_data_dir
from harvester.storage.paths import DataPaths, set_private_umask
from harvester.text import escape_control_chars, redact

if TYPE_CHECKING:
    from rich.console import Console

INTERRUPTED = 130
"""The exit code that shells give a command which Ctrl-C ended."""


def run_command(action: Callable[[], int]) -> int:
    """That of the action, or the one of its error, which is told on stderr. What it writes is private to the user."""
    set_private_umask()
    try:
        return action()
    except HarvesterError as error:
        print_error(str(error))
        return error.exitcode
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)  # noqa: T201
        return INTERRUPTED
    except BrokenPipeError:  # the reader of our output has seen enough
        sys.stderr.close()
        return 1


def print_error(text: str) -> None:
    """One sentence on stderr, called an error."""
    print_message(f"Error: {text}")


def print_message(text: str) -> None:
    """One sentence on stderr."""
    print(escape_control_chars(redact(text)), file=sys.stderr)  # noqa: T201


def table_console(file: TextIO | None = None, width: int | None = None) -> "Console":
    """Where tables are printed; `[red]` and `:smile:` in a text mean nothing there. None: stdout."""
    from rich.console import Console  # 0.04 s that commands without tables need not take

    return Console(file=file, width=width, markup=False, emoji=False)


@contextmanager
def open_collection(settings: Mapping[str, Any], locked_for: str = "") -> Iterator[tuple[DataPaths, Engine]]:
    """What the settings name, while a command works on it; `changing`: the command that has it for itself meanwhile.

    Raises BadInput where nothing has been harvested yet, Busy and CatalogueError.
    """
    paths = DataPaths.from_settings(settings)
    lock = lock_data_dir(paths, locked_for) if locked_for and paths.root.is_dir() else None
    try:
        engine = open_existing(paths.catalogue)
        if engine is None:
            raise UsageProblem(f"There is no catalogue in {paths.root}: nothing has been harvested there yet.")
        reduce_gc()  # rows by the hundred thousand are no garbage
        try:
            yield paths, engine
        finally:
            engine.dispose()
    finally:
        if lock is not None:
            lock.release()
