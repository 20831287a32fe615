"""How our commands end: a mistake or a trouble is one sentence, never a traceback."""

import sys
from collections.abc import Callable
from typing import TextIO

from rich.console import Console

from harvester.errors import HarvesterError
from harvester.text import printable

INTERRUPTED = 130
"""The exit code that shells give a command which Ctrl-C ended."""


def exit_code(action: Callable[[], int]) -> int:
    """That of the action, or the one of its error, which is told on stderr."""
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
    print(printable(text), file=sys.stderr)  # noqa: T201


def plain(file: TextIO | None = None, width: int | None = None) -> Console:
    """Where tables are printed; `[red]` and `:smile:` in a text mean nothing there. None: stdout."""
    return Console(file=file, width=width, markup=False, emoji=False)
