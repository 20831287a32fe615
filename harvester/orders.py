"""What a crawl and its workers tell each other: plain values, so that the crawl need not load what decodes pictures."""

import pickle
import socket
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Step = str
"""Where a function of the workers' is, as `module:name`; its first argument is the bench."""

EXAMINE: Step = "harvester.workbench:examine"
KEEP: Step = "harvester.workbench:keep"
STORE: Step = "harvester.workbench:store"
IDENTITY: Step = "harvester.workbench:identity"
AMONG: Step = "harvester.workbench:among"
FITS: Step = "harvester.workbench:fits"

_LENGTH = struct.Struct("!I")


@dataclass(frozen=True)
class Shelves:
    """Where files go: absolute folders of blobs, named copies and thumbnails."""

    blobs: Path
    output: Path
    thumbs: Path
    token: str = ""  # of the process that holds the locks; see `harvester.blobs.token`


@dataclass(frozen=True)
class Bounds:
    """What a picture may take: seconds for a step, bytes of memory for the process; 0: as HARVESTER_MAX_PIXELS asks."""

    seconds: float = 60.0
    memory: int = 0


@dataclass(frozen=True)
class Stored:
    """`blob` is the path below the data directory; `files` maps sightings to the names as published.

    `file_sha256` is that of those files. `taken` is a name that another file has already, empty where there is none.
    """

    sha256: str
    blob: str
    files: dict[int, str]
    file_sha256: str
    taken: str


def framed(message: object) -> bytes:
    """As it goes over the wire: its length, then its pickle."""
    data = pickle.dumps(message)
    return _LENGTH.pack(len(data)) + data


def unframed(data: bytes) -> Any:
    """The message, or None while there is more to come; nothing follows a message before it was answered."""
    whole = len(data) >= _LENGTH.size and len(data) == _LENGTH.size + _LENGTH.unpack_from(data)[0]
    return pickle.loads(memoryview(data)[_LENGTH.size :]) if whole else None  # noqa: S301 - between our own processes


def received(wire: socket.socket) -> Any:
    """The next message, waited for; None at the end."""
    start = wire.recv(_LENGTH.size, socket.MSG_WAITALL)
    if len(start) < _LENGTH.size:
        return None
    (left,) = _LENGTH.unpack(start)
    message = wire.recv(left, socket.MSG_WAITALL)
    return pickle.loads(message) if len(message) == left else None  # noqa: S301 - between our own processes
