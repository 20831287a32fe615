"""What is done to one picture after another, in a process of its own: decode, store, hash.

The process is a worker of `extensions.workers`, which sends it one step at a time. A picture stays on the bench from
step to step, so that its bytes travel once and neither its pixels nor its rendition ever leave the process. A picture
that crashes its decoder, or takes all memory or for ever, costs this process and no other.
"""

import os
import pickle
import signal
import socket
import struct
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from PIL import Image

from harvester.blobs import BlobStore, NameTaken, digest, link, name, publish, work_for
from harvester.errors import Refused
from harvester.imaging.convert import Facts, Options, Processed, process
from harvester.imaging.decode import set_pixel_limit
from harvester.imaging.embedded import generation_data
from harvester.imaging.fingerprint import Hashes, hashes
from harvester.imaging.video import video_facts
from harvester.links import leads_elsewhere, own_bytes
from harvester.memory import keep_memory, limit_memory

Step = Callable[..., Any]
"""A function of this module; its first argument is the bench."""

_NO_PLANE = Image.new("L", (1, 1))
_LENGTH = struct.Struct("!I")
_MEMORY, _MEMORY_PER_PIXEL = 512 * 2**20, 16  # bytes: the program itself, and four copies of the largest picture


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


@dataclass
class Bench:
    """One picture at a time: its bytes, and what was made of them; beside it what is the same for all of a crawl."""

    options: Options
    shelves: Shelves
    body: bytes = b""
    processed: Processed | None = None

    @property
    def picture(self) -> Processed:
        """What `convert` made."""
        assert self.processed is not None
        return self.processed

    @property
    def copy(self) -> bytes:
        """The bytes of the named copy."""
        return self.body if self.picture.rendition is None else self.picture.rendition


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


def convert(bench: Bench) -> Facts:
    """The one decode: check the picture and make its rendition. Raises Refused."""
    try:
        bench.processed = process(bench.body, bench.options)
    except MemoryError as error:
        raise Refused("too-expensive", "needs more memory than there may be") from error
    return bench.processed.facts


def keep(bench: Bench) -> Facts:
    """A video is kept as it is. Raises Refused: not-a-video."""
    facts = video_facts(bench.body)
    bench.processed = Processed(facts, rendition=None, rendition_ext=facts.ext, plane=_NO_PLANE, thumbs={})
    return facts


def store(bench: Bench, stems: Mapping[int, str], formers: Mapping[int, str]) -> Stored:
    """Publish the blob, the thumbnails and the named copies; `stems` are file names without extension.

    `formers` are the sha256 of what we wrote under such a name before. Raises StoreError.
    """
    picture, shelves, sha256 = bench.picture, bench.shelves, digest(bench.body)
    blobs = BlobStore(shelves.blobs)
    blob = blobs.put(sha256, picture.facts.ext, bench.body)
    for size, data in picture.thumbs.items():
        publish(shelves.thumbs / size / sha256[:2] / f"{sha256}.jpg", data)
    if picture.preview:
        folder = shelves.thumbs / str(bench.options.preview)
        publish(folder / sha256[:2] / f"{sha256}.{picture.preview.ext}", picture.preview.data)
    files: dict[int, str] = {}
    taken = ""
    for sighting, stem in stems.items():
        file = f"{stem}.{picture.rendition_ext}"
        if leads_elsewhere(shelves.output, file):
            taken = file
            continue
        # What we wrote there before; a run killed before it could record that may have left a link to a blob.
        former = formers.get(sighting, "") or blobs.linked(shelves.output / file)
        try:
            if picture.rendition is None:
                link(shelves.output / file, blob, bench.body, former)
            else:
                name(shelves.output / file, picture.rendition, former)
            files[sighting] = file
        except NameTaken:
            taken = file
    file_sha256 = sha256 if picture.rendition is None else digest(picture.rendition)
    return Stored(sha256, f"{shelves.blobs.name}/{sha256[:2]}/{blob.name}", files, file_sha256, taken)


def identity(bench: Bench) -> tuple[str, int]:
    """The sha256 of the bytes as they came, and how many bytes the named copy has."""
    return digest(bench.body), len(bench.copy)


def among(bench: Bench, files: Iterable[str]) -> str | None:
    """The first of these files of the output folder that is the named copy in all but name."""
    right = (file for file in files if file.endswith(f".{bench.picture.rendition_ext}"))
    return next((file for file in right if own_bytes(bench.shelves.output / file) == bench.copy), None)


def fits(bench: Bench, stem: str) -> bool:
    """Whether the picture can have that name (without extension): no other file has it."""
    file = bench.shelves.output / f"{stem}.{bench.picture.rendition_ext}"
    return not os.path.lexists(file) or own_bytes(file) == bench.copy


def fingerprint(bench: Bench) -> Hashes | None:
    """The four hashes; None for what was not decoded."""
    plane = bench.picture.plane
    return None if plane is _NO_PLANE else hashes(plane)


def embedded(bench: Bench) -> dict[str, Any] | None:
    """The generation data in the bytes."""
    return generation_data(bench.body)


def main(wire_descriptor: int, body_descriptor: int) -> None:
    """Take steps from a socket until its other end is closed; the first message is the options and the shelves.

    The bytes of a new picture lie in the file of the second descriptor. A service manager that stops a crawl sends
    SIGTERM to all its processes; the crawl ends in order then, and this process after it.
    """
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    wire, file = socket.socket(fileno=wire_descriptor), open(body_descriptor, "rb", buffering=0)  # noqa: SIM115
    with suppress(ConnectionError), wire, file:  # an error of the wire: the crawl was killed
        _work(wire, file)


def _work(wire: socket.socket, file: IO[bytes]) -> None:
    bench = _prepared(wire)
    while bench and (order := _receive(wire)):
        step, arguments, size = order
        if size is not None:
            bench.body, bench.processed = _body(file, size), None
        wire.sendall(framed(_taken(step, bench, arguments)))


def framed(message: object) -> bytes:
    """As it goes over the wire: its length, then its pickle."""
    data = pickle.dumps(message)
    return _LENGTH.pack(len(data)) + data


def unframed(data: bytes) -> Any:
    """The message, or None while there is more to come; nothing follows a message before it was answered."""
    whole = len(data) >= _LENGTH.size and len(data) == _LENGTH.size + _LENGTH.unpack_from(data)[0]
    return pickle.loads(memoryview(data)[_LENGTH.size :]) if whole else None  # noqa: S301 - between our own processes


def _prepared(wire: socket.socket) -> Bench | None:
    if (first := _receive(wire)) is None:
        return None
    *made_of, bounds = first
    bench = Bench(*made_of)
    pixels = bench.options.limits.max_pixels
    set_pixel_limit(pixels)
    keep_memory()
    if bench.shelves.token:
        work_for(bench.shelves.token)
    limit_memory(bounds.memory or _MEMORY + _MEMORY_PER_PIXEL * pixels)
    return bench


def _taken(step: Step, bench: Bench, arguments: tuple[Any, ...]) -> tuple[Any, Exception | None]:
    try:
        return step(bench, *arguments), None
    except Exception as error:
        return None, error


def _body(file: IO[bytes], size: int) -> bytes:
    file.seek(0)
    return file.read(size)


def _receive(wire: socket.socket) -> Any:
    """The next message; None at the end."""
    start = wire.recv(_LENGTH.size, socket.MSG_WAITALL)
    if len(start) < _LENGTH.size:
        return None
    (left,) = _LENGTH.unpack(start)
    message = wire.recv(left, socket.MSG_WAITALL)
    return pickle.loads(message) if len(message) == left else None  # noqa: S301 - between our own processes
