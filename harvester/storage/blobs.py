"""Atomic writes of blobs, named by their sha256, and of output files: each file appears complete or not at all."""

import hashlib
import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from secrets import token_hex

from harvester.errors import StoreError
from harvester.storage.safe_files import link_or_copy, move_if_free, read_regular_file

_PART_NAME = re.compile(r"\..*?(?:\.([0-9a-f]{8}))?\.[0-9a-f]{16}\.part", re.DOTALL)


_MAX_PREFIX_BYTES = 80  # bytes of the name kept in that of its unfinished file; file systems allow 255 bytes in all

_borrowed_tokens: list[str] = []


class FileNameTaken(Exception):
    """Another file has the name of an output file or of its folder.

    Raised by `write_output_file` and `link_output_file`.
    """


class BlobStore:
    """Blobs below `root` as `<first 2 hex>/<sha256>.<ext>`. Its methods block, so call them from a thread."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, sha256: str, ext: str) -> Path:
        """The path of the blob, whether or not it exists."""
        return self.root / sha256[:2] / f"{sha256}.{ext}"

    def put(self, sha256: str, ext: str, data: bytes) -> Path:
        """Store bytes under their hash unless they are already stored. Raises StoreError."""
        path = self.path(sha256, ext)
        if not (path.is_file() and path.read_bytes() == data):
            publish_stream(path, (data,), lambda part: _keep_or_replace(part, path, data))
        return path

    def sha256_of_link(self, file: Path) -> str:
        """The sha256 of the blob to which a file is a hard link; empty if it is not one."""
        try:
            if file.stat().st_nlink < 2:
                return ""
            sha256 = digest(file.read_bytes())
            is_blob = any(file.samefile(blob) for blob in (self.root / sha256[:2]).glob(f"{sha256}.*"))
        except OSError:
            return ""
        return sha256 if is_blob else ""

    def read(self, sha256: str, ext: str) -> bytes | None:
        """The bytes of a blob; None if it is missing or does not match its hash."""
        try:
            data = self.path(sha256, ext).read_bytes()
        except FileNotFoundError:
            return None
        return data if digest(data) == sha256 else None


def digest(data: bytes) -> str:
    """The sha256 of the bytes, 64 hex digits."""
    return hashlib.sha256(data).hexdigest()


@cache
def writer_token() -> str:
    """The token in the names of this process's unfinished files, which marks them as not being leftovers."""
    return _borrowed_tokens[0] if _borrowed_tokens else token_hex(4)


def use_token_of(owner_token: str) -> None:
    """Name this process's unfinished files with the token of the process that holds the locks."""
    _borrowed_tokens[:] = [owner_token]
    writer_token.cache_clear()


def writer_token_of(name: str) -> str | None:
    """The token in the name of an unfinished file; None for any other file name."""
    match = _PART_NAME.fullmatch(name)
    return (match[1] or "") if match else None


def publish(path: Path, data: bytes) -> None:
    """Write a file that is complete and on disk before it gets its name. Raises StoreError."""
    publish_stream(path, (data,))


def publish_stream(path: Path, pieces: Iterable[bytes], finish: Callable[[Path], object] | None = None) -> None:
    """Like `publish`, for data in pieces; `finish` gives the file its name, by default replacing an existing one."""

    def write(part: Path) -> None:
        with part.open("xb") as file:
            file.writelines(pieces)
            file.flush()
            os.fsync(file.fileno())

    _publish_atomically(path, write, finish)
    _sync_folder(path.parent)


def link_output_file(path: Path, blob: Path, data: bytes, previous_sha256: str = "") -> None:
    """Make an output file of a blob: a hard link, or a copy if the file system has no hard links.

    An existing file with the same bytes is kept, and one with `previous_sha256` is replaced. Any other existing file
    raises FileNameTaken.
    """
    try:
        path.hardlink_to(blob)  # nearly always the name is free and the folder exists
    except OSError:
        write_output_file(path, data, previous_sha256, lambda part: link_or_copy(blob, part))


def write_output_file(
    path: Path, data: bytes, previous_sha256: str = "", write_part: Callable[[Path], None] | None = None
) -> None:
    """Write an output file. It replaces no other file than the one with `previous_sha256`, made before.

    Raises FileNameTaken and StoreError.
    """

    def write(part: Path) -> None:
        part.write_bytes(data)

    _publish_atomically(path, write_part or write, lambda part: _rename_if_free(part, path, data, previous_sha256))


def _publish_atomically(
    path: Path, write: Callable[[Path], None], finish: Callable[[Path], object] | None = None
) -> None:
    try:
        with unfinished_file(path) as part:
            write(part)
            if finish:
                finish(part)
            else:
                part.replace(path)
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {error.strerror or error}.") from error


@contextmanager
def unfinished_file(path: Path) -> Iterator[Path]:
    """A hidden path beside `path`, whose folder is made, to be written and renamed; deleted if it is still there."""
    prefix = path.name.encode("utf-8", "ignore")[:_MAX_PREFIX_BYTES].decode("utf-8", "ignore")
    part = path.with_name(f".{prefix}.{writer_token()}.{token_hex(8)}.part")
    if not path.parent.is_dir():
        path.parent.mkdir(parents=True, exist_ok=True)
    try:
        yield part
    finally:
        part.unlink(missing_ok=True)


def _keep_or_replace(part: Path, path: Path, data: bytes) -> None:
    """Keep a blob that another process has published meanwhile, because replacing it could break a link to it."""
    try:
        path.hardlink_to(part)
    except OSError:
        if not (path.is_file() and path.read_bytes() == data):
            part.replace(path)


def _rename_if_free(part: Path, path: Path, data: bytes, previous_sha256: str) -> None:
    """Rename without replacing any other file than the one with `previous_sha256`."""
    if move_if_free(part, path):
        return
    existing = read_regular_file(path)
    if existing is None or (existing != data and digest(existing) != previous_sha256):
        raise FileNameTaken(path.name)
    if existing != data:
        part.replace(path)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
