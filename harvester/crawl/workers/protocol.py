"""Messages between a crawl and its workers: plain values, so that the crawl need not load the decoders."""

import pickle
import socket
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TaskName = str
"""A function that workers run, as `module:name`; its first argument is the worker state."""

DECODE: TaskName = "harvester.crawl.workers.tasks:decode"
STORE: TaskName = "harvester.crawl.workers.tasks:store"

_LENGTH = struct.Struct("!I")


@dataclass(frozen=True)
class OutputDirs:
    """The absolute folders of blobs, output files and thumbnails."""

    blobs: Path
    output: Path
    thumbs: Path
    token: str = ""  # of the process that holds the locks; see `harvester.storage.blobs.writer_token`


@dataclass(frozen=True)
class ResourceLimits:
    """Limits for one picture: seconds per task, bytes of memory per process (0: what HARVESTER_MAX_PIXELS needs)."""

    seconds: float = 60.0
    memory: int = 0


@dataclass(frozen=True)
class StoreResult:
    """The stored files of a picture.

    `blob` is the path below the data directory. `files` maps placement rows to the names of the output files.
    `conflict` is a name that another file already has; empty if there is none.
    """

    blob: str
    files: dict[int, str]
    conflict: str


def encode_frame(message: object) -> bytes:
    """The message as bytes for the socket: its length, then its pickle."""
    data = pickle.dumps(message)
    return _LENGTH.pack(len(data)) + data


def decode_frame(data: bytes) -> Any:
    """The message, or None while it is not complete; nothing follows a message before it is answered."""
    is_complete = len(data) >= _LENGTH.size and len(data) == _LENGTH.size + _LENGTH.unpack_from(data)[0]
    return pickle.loads(memoryview(data)[_LENGTH.size :]) if is_complete else None  # noqa: S301 - between our own processes


def receive(wire: socket.socket) -> Any:
    """Wait for the next message; None when the other end is closed."""
    header = wire.recv(_LENGTH.size, socket.MSG_WAITALL)
    if len(header) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(header)
    message = wire.recv(length, socket.MSG_WAITALL)
    return pickle.loads(message) if len(message) == length else None  # noqa: S301 - between our own processes
