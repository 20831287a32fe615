"""What is done to one picture after another, in a process of its own: decode, store, hash.

The process is a worker of `extensions.workers`, which sends it one step at a time. A picture stays on the bench from
step to step, so that its bytes travel once and neither its pixels nor its rendition ever leave the process. A picture
that crashes its decoder, or takes all memory or for ever, costs this process and no other.
"""

import os
import signal
import socket
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from pkgutil import resolve_name
from typing import IO, Any

from PIL import Image

from harvester.blobs import BlobStore, NameTaken, digest, link, name, publish, work_for
from harvester.errors import Refused
from harvester.imaging.convert import Processed, process
from harvester.imaging.decode import set_pixel_limit
from harvester.imaging.embedded import generation_data
from harvester.imaging.fingerprint import hashes
from harvester.imaging.values import NO_HASHES, Examined, Options
from harvester.imaging.video import video_facts
from harvester.links import leads_elsewhere, own_bytes
from harvester.memory import collect_what_is_new, keep_memory, limit_memory
from harvester.orders import Shelves, Step, Stored, framed, received

_NO_PLANE = Image.new("L", (1, 1))
_MEMORY, _MEMORY_PER_PIXEL = 512 * 2**20, 16  # bytes: the program itself, and four copies of the largest picture


@dataclass
class Bench:
    """One picture at a time: its bytes, and what was made of them; beside it what is the same for all of a crawl."""

    options: Options
    shelves: Shelves
    body: bytes = b""
    processed: Processed | None = None

    @property
    def picture(self) -> Processed:
        """What `examine` made."""
        assert self.processed is not None
        return self.processed

    @property
    def copy(self) -> bytes:
        """The bytes of the named copy."""
        return self.body if self.picture.rendition is None else self.picture.rendition


def examine(bench: Bench) -> Examined:
    """The one decode: check the picture, make its rendition, and read all out of its bytes. Raises Refused."""
    try:
        bench.processed = process(bench.body, bench.options)
        found = hashes(bench.picture.plane)
    except MemoryError as error:
        raise Refused("too-expensive", "needs more memory than there may be") from error
    embedded = generation_data(bench.body) if bench.options.embedded else None
    return Examined(bench.picture.facts, found, embedded)


def keep(bench: Bench) -> Examined:
    """A video is kept as it is. Raises Refused: not-a-video."""
    facts = video_facts(bench.body)
    bench.processed = Processed(facts, rendition=None, rendition_ext=facts.ext, plane=_NO_PLANE, thumbs={})
    return Examined(facts, NO_HASHES)


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
        try:
            _name(bench, shelves.output / file, blob, formers.get(sighting, ""))
            files[sighting] = file
        except NameTaken:
            taken = file
    file_sha256 = sha256 if picture.rendition is None else digest(picture.rendition)
    return Stored(sha256, f"{shelves.blobs.name}/{sha256[:2]}/{blob.name}", files, file_sha256, taken)


def _name(bench: Bench, path: Path, blob: Path, former: str) -> None:
    """Make a named copy, in place of what we wrote there before. Raises NameTaken and StoreError."""
    try:
        if bench.picture.rendition is None:
            link(path, blob, bench.body, former)
        else:
            name(path, bench.picture.rendition, former)
    except NameTaken:
        # A run that was killed before it could record what it wrote may have left a link to a blob.
        if former or not (former := BlobStore(bench.shelves.blobs).linked(path)):
            raise
        _name(bench, path, blob, former)


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
    while bench and (order := received(wire)):
        step, arguments, size = order
        if size is not None:
            bench.body, bench.processed = _body(file, size), None
        wire.sendall(framed(_taken(step, bench, arguments)))


def _prepared(wire: socket.socket) -> Bench | None:
    if (first := received(wire)) is None:
        return None
    *made_of, bounds = first
    bench = Bench(*made_of)
    pixels = bench.options.limits.max_pixels
    set_pixel_limit(pixels)
    keep_memory()
    collect_what_is_new()
    if bench.shelves.token:
        work_for(bench.shelves.token)
    limit_memory(bounds.memory or _MEMORY + _MEMORY_PER_PIXEL * pixels)
    return bench


def _taken(step: Step, bench: Bench, arguments: tuple[Any, ...]) -> tuple[Any, Exception | None]:
    try:
        return _function(step)(bench, *arguments), None
    except Exception as error:
        return None, error


@cache
def _function(step: Step) -> Callable[..., Any]:
    found: Callable[..., Any] = resolve_name(step)
    return found


def _body(file: IO[bytes], size: int) -> bytes:
    file.seek(0)
    return file.read(size)
