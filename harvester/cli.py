"""Helpers of the commands: errors as one sentence instead of a traceback, tables, and opening of the collection."""

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
"""The exit code after Ctrl-C, as shells have it."""


def run_command(action: Callable[[], int]) -> int:
    """Run the action and return its exit code, or that of its error, which is printed to stderr.

    Files that the action makes are private to the user.
    """
    set_private_umask()
    try:
        return action()
    except HarvesterError as error:
        print_error(str(error))
        return error.exitcode
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)  # noqa: T201
        return INTERRUPTED
    except BrokenPipeError:  # the reader of the output, such as `head`, has closed it
        sys.stderr.close()
        return 1


def print_error(text: str) -> None:
    """Print one sentence to stderr as an error."""
    print_message(f"Error: {text}")


def print_message(text: str) -> None:
    """Print one sentence to stderr."""
    print(escape_control_chars(redact(text)), file=sys.stderr)  # noqa: T201


def table_console(file: TextIO | None = None, width: int | None = None) -> "Console":
    """A console for tables, which does not interpret `[red]` or `:smile:` in texts. `file` None: stdout."""
    from rich.console import Console  # takes 0.04 s, which commands without tables save

    return Console(file=file, width=width, markup=False, emoji=False)


@contextmanager
def open_collection(settings: Mapping[str, Any], locked_for: str = "") -> Iterator[tuple[DataPaths, Engine]]:
    """Open the data directory and the catalogue that the settings name.

    `locked_for` is the command that needs the whole data directory for itself; empty: it is not locked. Raises
    UsageProblem if nothing has been harvested yet, LockedByOther and CatalogueError.
    """
    paths = DataPaths.from_settings(settings)
    lock = lock_data_dir(paths, locked_for) if locked_for and paths.root.is_dir() else None
    try:
        engine = open_existing(paths.catalogue)
        if engine is None:
            raise UsageProblem(f"There is no catalogue in {paths.root}: nothing has been harvested there yet.")
        reduce_gc()  # hundreds of thousands of rows are not garbage
        try:
            yield paths, engine
        finally:
            engine.dispose()
    finally:
        if lock is not None:
            lock.release()
