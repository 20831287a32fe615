"""What a crawl and its workers tell each other: plain values, so that the crawl need not load what decodes pictures."""

import pickle
import socket
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TaskName = str
"""Where a function of the workers' is, as `module:name`; its first argument is the bench."""

DECODE: TaskName = "harvester.crawl.workers.tasks:decode"
DESCRIBE_VIDEO: TaskName = "harvester.crawl.workers.tasks:describe_video"
STORE: TaskName = "harvester.crawl.workers.tasks:store"
FINGERPRINT_OF_FILE: TaskName = "harvester.crawl.workers.tasks:fingerprint_of_file"
FIND_IDENTICAL: TaskName = "harvester.crawl.workers.tasks:find_identical"
NAME_IS_FREE: TaskName = "harvester.crawl.workers.tasks:name_is_free"

_LENGTH = struct.Struct("!I")


@dataclass(frozen=True)
class OutputDirs:
    """Where files go: absolute folders of blobs, named copies and thumbnails."""

    blobs: Path
    output: Path
    thumbs: Path
    token: str = ""  # of the process that holds the locks; see `harvester.storage.blobs.writer_token`


@dataclass(frozen=True)
class ResourceLimits:
    """What a picture may take: seconds for a step, bytes of memory for the process; 0: as HARVESTER_MAX_PIXELS asks."""

    seconds: float = 60.0
    memory: int = 0


@dataclass(frozen=True)
class StoreResult:
    """`blob` is the path below the data directory; `files` maps placements to the names as published.

    `file_sha256` is that of those files. `taken` is a name that another file has already, empty where there is none.
    """

    sha256: str
    blob: str
    files: dict[int, str]
    file_sha256: str
    conflict: str


def encode_frame(message: object) -> bytes:
    """As it goes over the wire: its length, then its pickle."""
    data = pickle.dumps(message)
    return _LENGTH.pack(len(data)) + data


def decode_frame(data: bytes) -> Any:
    """The message, or None while there is more to come; nothing follows a message before it was answered."""
    is_complete = len(data) >= _LENGTH.size and len(data) == _LENGTH.size + _LENGTH.unpack_from(data)[0]
    return pickle.loads(memoryview(data)[_LENGTH.size :]) if is_complete else None  # noqa: S301 - between our own processes


def receive(wire: socket.socket) -> Any:
    """The next message, waited for; None at the end."""
    header = wire.recv(_LENGTH.size, socket.MSG_WAITALL)
    if len(header) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(header)
    message = wire.recv(length, socket.MSG_WAITALL)
    return pickle.loads(message) if len(message) == length else None  # noqa: S301 - between our own processes
