"""How our commands end: a mistake or a trouble is one sentence, never a traceback."""

import sys
from collections.abc import Callable

from harvester.errors import HarvesterError
from harvester.places import keep_private
from harvester.text import hidden, printable

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
    """One sentence on stderr."""
    print(f"Error: {printable(hidden(text))}", file=sys.stderr)  # noqa: T201
