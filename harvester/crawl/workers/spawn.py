"""Worker processes, started early so that they load while the crawl does."""

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
os.environ["OPENBLAS_NUM_THREADS"] = "1"  # numpy would start threads for large matrices, which do not occur here
sys.path[:] = {path}
from harvester.crawl.workers.tasks import main
main(*{descriptors})
os._exit(0)  # nothing to clean up
"""


@dataclass
class SpawnedProcess:
    """A process that loads its modules, then waits for its first message. It ends by itself when this process does.

    `body` is the file in memory through which it gets pictures; `end` closes it.
    """

    wire: socket.socket
    body: IO[bytes]
    process: "subprocess.Popen[bytes]" = field(repr=False)

    def end(self) -> None:
        """Let the process end when it is idle."""
        self.wire.close()
        self.body.close()


_preforked: list[SpawnedProcess] = []


def spawn() -> SpawnedProcess:
    """A process that was started early and is still running, or a new one."""
    while _preforked:
        spawned = _preforked.pop()
        if spawned.process.poll() is None:
            return spawned
        spawned.end()
    return _spawn_process()


def prefork(count: int) -> None:
    """Start processes while this one is still loading; those that are never used end with it."""
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
        # In a session of its own: Ctrl-C goes to the crawl only, which ends its workers when their tasks are done.
        process = subprocess.Popen(  # noqa: S603 - no part of the command comes from outside
            [sys.executable, "-c", _PROGRAM.format(path=sys.path, descriptors=descriptors)],
            pass_fds=descriptors,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
    return SpawnedProcess(wire, body, process)
