"""The processes of workers: they load while the crawl does, so they are begun before it is known what for."""

import atexit
import socket
import subprocess
import sys
from dataclasses import dataclass, field
from typing import IO

from harvester.memory import open_memory_file

_PROGRAM = """
import gc, os, sys
gc.disable()  # until all is loaded
os.environ["OPENBLAS_NUM_THREADS"] = "1"  # numpy begins threads for matrices that nobody has here
sys.path[:] = {path}
from harvester.crawl.workers.tasks import main
main(*{descriptors})
os._exit(0)  # there is nothing to tidy up
"""


@dataclass
class SpawnedProcess:
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


_preforked: list[SpawnedProcess] = []


def spawn() -> SpawnedProcess:
    """One that was begun early and has not ended meanwhile, or a new one."""
    while _preforked:
        spawned = _preforked.pop()
        if spawned.process.poll() is None:
            return spawned
        spawned.end()
    return _spawn_process()


def prefork(count: int) -> None:
    """Have processes begun while this one is still loading; those that nobody wants end with it."""
    _preforked.extend(_spawn_process() for _ in range(count))
    atexit.register(_kill_preforked)


def _kill_preforked() -> None:
    for spawned in _preforked:
        spawned.end()
        spawned.process.kill()
        spawned.process.wait()


def _spawn_process() -> SpawnedProcess:
    wire, child_wire = socket.socketpair()
    body = open_memory_file()
    descriptors = (child_wire.fileno(), body.fileno())
    with child_wire:
        # In a session of its own: Ctrl-C is for the crawl, which ends its workers when their work is done.
        process = subprocess.Popen(  # noqa: S603 - nothing of it comes from outside
            [sys.executable, "-c", _PROGRAM.format(path=sys.path, descriptors=descriptors)],
            pass_fds=descriptors,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
    return SpawnedProcess(wire, body, process)
