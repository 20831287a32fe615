"""The processes of workers: they load while the crawl does, so they are begun before it is known what for."""

import atexit
import socket
import subprocess
import sys
from dataclasses import dataclass, field
from typing import IO

from harvester.memory import file_in_memory

_PROGRAM = """
import gc, os, sys
gc.disable()  # until all is loaded
os.environ["OPENBLAS_NUM_THREADS"] = "1"  # numpy begins threads for matrices that nobody has here
sys.path[:] = {path}
from harvester.workbench import main
main(*{descriptors})
os._exit(0)  # there is nothing to tidy up
"""


@dataclass
class Begun:
    """A process that loads all it needs and then waits for its first message. It ends by itself when this one does.

    `body` is the file in memory through which it gets pictures; after `end` it is closed.
    """

    wire: socket.socket
    body: IO[bytes]
    process: "subprocess.Popen[bytes]" = field(repr=False)

    def end(self) -> None:
        """Let it end when it has nothing to do any more."""
        self.wire.close()
        self.body.close()


_early: list[Begun] = []


def begin() -> Begun:
    """One that was begun early and has not ended meanwhile, or a new one."""
    while _early:
        begun = _early.pop()
        if begun.process.poll() is None:
            return begun
        begun.end()
    return _begun()


def begin_early(count: int) -> None:
    """Have processes begun while this one is still loading; those that nobody wants end with it."""
    _early.extend(_begun() for _ in range(count))
    atexit.register(_end_early)


def _end_early() -> None:
    for begun in _early:
        begun.end()
        begun.process.kill()
        begun.process.wait()


def _begun() -> Begun:
    wire, theirs = socket.socketpair()
    body = file_in_memory()
    descriptors = (theirs.fileno(), body.fileno())
    with theirs:
        # In a session of its own: Ctrl-C is for the crawl, which ends its workers when their work is done.
        process = subprocess.Popen(  # noqa: S603 - nothing of it comes from outside
            [sys.executable, "-c", _PROGRAM.format(path=sys.path, descriptors=descriptors)],
            pass_fds=descriptors,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
    return Begun(wire, body, process)
