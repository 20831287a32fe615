"""How our commands end: a mistake or a trouble is one sentence, never a traceback."""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO

from sqlalchemy import Engine

from harvester.catalogue.store import open_existing
from harvester.errors import BadInput, HarvesterError
from harvester.locks import lock_all
from harvester.memory import collect_seldom
from harvester.places import Places, keep_private
from harvester.text import hidden, printable

if TYPE_CHECKING:
    from rich.console import Console

INTERRUPTED = 130
"""The exit code that shells give a command which Ctrl-C ended."""


def exit_code(action: Callable[[], int]) -> int:
    """That of the action, or the one of its error, which is told on stderr. What it writes is private to the user."""
    keep_private()
    try:
        return action()
    except HarvesterError as error:
        complain(str(error))
        return error.exitcode
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)  # noqa: T201
        return INTERRUPTED
    except BrokenPipeError:  # the reader of our output has seen enough
        sys.stderr.close()
        return 1


def complain(text: str) -> None:
    """One sentence on stderr, called an error."""
    note(f"Error: {text}")


def note(text: str) -> None:
    """One sentence on stderr."""
    print(printable(hidden(text)), file=sys.stderr)  # noqa: T201


def plain(file: TextIO | None = None, width: int | None = None) -> "Console":
    """Where tables are printed; `[red]` and `:smile:` in a text mean nothing there. None: stdout."""
    from rich.console import Console  # 0.04 s that commands without tables need not take

    return Console(file=file, width=width, markup=False, emoji=False)


@contextmanager
def collection(settings: Mapping[str, Any], changing: str = "") -> Iterator[tuple[Places, Engine]]:
    """What the settings name, while a command works on it; `changing`: the command that has it for itself meanwhile.

    Raises BadInput where nothing has been harvested yet, Busy and CatalogueError.
    """
    places = Places.from_settings(settings)
    lock = lock_all(places, changing) if changing and places.root.is_dir() else None
    try:
        catalogue = open_existing(places.catalogue)
        if catalogue is None:
            raise BadInput(f"There is no catalogue in {places.root}: nothing has been harvested there yet.")
        collect_seldom()  # rows by the hundred thousand are no garbage
        try:
            yield places, catalogue
        finally:
            catalogue.dispose()
    finally:
        if lock is not None:
            lock.release()
