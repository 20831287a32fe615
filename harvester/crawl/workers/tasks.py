"""Tasks of a worker process: decode a picture, then store its files.

The worker pool (`harvester.crawl.workers.pool`) sends one task at a time. A picture stays in the worker state from task
to task, so its bytes travel once, and its pixels and its rendition never leave the process. A picture that crashes its
decoder, takes all memory or never ends harms only this process.
"""

import signal
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from pkgutil import resolve_name
from typing import IO, Any

from PIL import Image

from harvester.crawl.workers.protocol import OutputDirs, StoreResult, TaskName, encode_frame, receive
from harvester.errors import ImageRejected
from harvester.imaging.convert import ProcessedImage, process_image
from harvester.imaging.decode import set_pixel_limit
from harvester.imaging.embedded import read_generation_data
from harvester.imaging.fingerprint import compute_hashes
from harvester.imaging.types import NO_HASHES, ConversionOptions, ImageReport, RenditionFacts
from harvester.imaging.video import read_video_facts
from harvester.memory import freeze_and_enable_gc, keep_freed_memory, limit_memory
from harvester.storage.blobs import (
    BlobStore,
    FileNameTaken,
    digest,
    link_output_file,
    publish,
    use_token_of,
    write_output_file,
)
from harvester.storage.safe_files import escapes_folder

_NO_PLANE = Image.new("L", (1, 1))
_BASE_MEMORY, _MEMORY_PER_PIXEL = 512 * 2**20, 16  # bytes: for the program, and for four copies of the largest picture


@dataclass
class WorkerState:
    """The current picture's bytes and what was made of them, and the options of the crawl."""

    options: ConversionOptions
    dirs: OutputDirs
    body: bytes = b""
    processed: ProcessedImage | None = None
    sha256: str = ""

    @property
    def picture(self) -> ProcessedImage:
        """The result of `decode`."""
        assert self.processed is not None
        return self.processed


def decode(state: WorkerState, is_video: bool) -> ImageReport:
    """Decode the picture once: check it, make its rendition and thumbnails, compute its hashes and read its metadata.

    A video is only recognised, and kept as it is. Raises ImageRejected.
    """
    try:
        state.processed = picture = _keep_video(state.body) if is_video else process_image(state.body, state.options)
        image_hashes = NO_HASHES if is_video else compute_hashes(picture.plane)
    except MemoryError as error:
        raise ImageRejected("too-expensive", "needs more memory than allowed") from error
    embedded = None if is_video else read_generation_data(state.body)
    sha256 = state.sha256 = digest(state.body)
    if picture.rendition is None:
        rendition = RenditionFacts(picture.rendition_ext, len(state.body), sha256)
    else:
        rendition = RenditionFacts(picture.rendition_ext, len(picture.rendition), digest(picture.rendition))
    return ImageReport(picture.facts, image_hashes, embedded, sha256, rendition)


def _keep_video(data: bytes) -> ProcessedImage:
    facts = read_video_facts(data)
    return ProcessedImage(facts, rendition=None, rendition_ext=facts.ext, plane=_NO_PLANE, thumbs={})


def store(state: WorkerState, stems: Mapping[int, str], previous: Mapping[int, str]) -> StoreResult:
    """Publish the blob, the thumbnails and the output files. Raises StoreError.

    `stems` maps placement rows to file names without extension, `previous` to the sha256 of the file that harvester
    wrote under such a name before.
    """
    picture, dirs, sha256 = state.picture, state.dirs, state.sha256
    blobs = BlobStore(dirs.blobs)
    blob = blobs.put(sha256, picture.facts.ext, state.body)
    for size, data in picture.thumbs.items():
        publish(dirs.thumbs / size / sha256[:2] / f"{sha256}.jpg", data)
    if picture.preview:
        folder = dirs.thumbs / str(state.options.preview)
        publish(folder / sha256[:2] / f"{sha256}.{picture.preview.ext}", picture.preview.data)
    files: dict[int, str] = {}
    conflict = ""
    for placement, stem in stems.items():
        file = f"{stem}.{picture.rendition_ext}"
        if escapes_folder(dirs.output, file):
            conflict = file
            continue
        try:
            _write_copy(state, dirs.output / file, blob, previous.get(placement, ""))
            files[placement] = file
        except FileNameTaken:
            conflict = file
    return StoreResult(f"{dirs.blobs.name}/{sha256[:2]}/{blob.name}", files, conflict)


def _write_copy(state: WorkerState, path: Path, blob: Path, previous_sha256: str) -> None:
    """Make an output file; it may replace one that harvester wrote before. Raises FileNameTaken and StoreError."""
    try:
        if state.picture.rendition is None:
            link_output_file(path, blob, state.body, previous_sha256)
        else:
            write_output_file(path, state.picture.rendition, previous_sha256)
    except FileNameTaken:
        # A run that was killed before it could record what it wrote may have left a link to a blob.
        if previous_sha256 or not (previous_sha256 := BlobStore(state.dirs.blobs).sha256_of_link(path)):
            raise
        _write_copy(state, path, blob, previous_sha256)


def main(wire_descriptor: int, body_descriptor: int) -> None:
    """Run tasks from a socket until its other end is closed; the first message is the options, folders and limits.

    The bytes of a new picture are in the file of the second descriptor. SIGTERM is ignored: a service manager that
    stops a crawl sends it to all processes, and this one has to outlive the crawl's orderly end.
    """
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    wire, file = socket.socket(fileno=wire_descriptor), open(body_descriptor, "rb", buffering=0)  # noqa: SIM115
    with suppress(ConnectionError), wire, file:  # ConnectionError: the crawl was killed
        _serve(wire, file)


def _serve(wire: socket.socket, file: IO[bytes]) -> None:
    state = _receive_state(wire)
    while state and (message := receive(wire)):
        task, arguments, size = message
        if size is not None:
            state.body, state.processed = _read_body(file, size), None
        wire.sendall(encode_frame(_run_task(task, state, arguments)))


def _receive_state(wire: socket.socket) -> WorkerState | None:
    if (message := receive(wire)) is None:
        return None
    *arguments, limits = message
    state = WorkerState(*arguments)
    max_pixels = state.options.limits.max_pixels
    set_pixel_limit(max_pixels)
    keep_freed_memory()
    freeze_and_enable_gc()
    if state.dirs.token:
        use_token_of(state.dirs.token)
    limit_memory(limits.memory or _BASE_MEMORY + _MEMORY_PER_PIXEL * max_pixels)
    return state


def _run_task(task: TaskName, state: WorkerState, arguments: tuple[Any, ...]) -> tuple[Any, Exception | None]:
    try:
        return _resolve_task(task)(state, *arguments), None
    except Exception as error:
        return None, error


@cache
def _resolve_task(task: TaskName) -> Callable[..., Any]:
    function: Callable[..., Any] = resolve_name(task)
    return function


def _read_body(file: IO[bytes], size: int) -> bytes:
    file.seek(0)
    return file.read(size)
