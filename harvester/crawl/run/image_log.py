"""image_download.log: one line per image, and the summary at the end of each run.

The lines of a batch are recorded in the catalogue by the transaction that records its outcomes, then appended here. If
the run is killed in between, the next one appends what is missing.
"""

import contextlib
import logging
import os
import time
from collections.abc import Iterable
from pathlib import Path

from harvester.errors import StoreError
from harvester.items import ImageItem
from harvester.storage.safe_files import open_append_nofollow
from harvester.text import escape_control_chars, format_time

logger = logging.getLogger(__name__)


def format_line(item: ImageItem) -> str:
    """Time, status, names, URL and outcome of a finished image, tab-separated, with a line break at the end."""
    if item.status == "done":
        outcome = (item.sha256 or "", f"{item.format} {item.width}x{item.height} {item.bytes} bytes")
    else:
        outcome = (item.reason, item.detail)
    columns = (item.finished_at or "", item.status, " ".join(item.names) or "-", item.url, *outcome)
    return "\t".join(map(escape_control_chars, columns)) + "\n"


class ImageLog:
    """Appends to the log of a collection, without a buffer. Other collections may share the file.

    Raises StoreError if the file cannot be opened or read; errors of writing are only logged.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._unwritten = b""  # because the disk was full
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = open_append_nofollow(path)
        except OSError as error:
            raise StoreError(f"{path} cannot be written: {error.strerror}.") from error

    @property
    def size(self) -> int:
        """Bytes in the file now."""
        return os.fstat(self._file.fileno()).st_size

    def append(self, lines: str) -> None:
        """Append whole lines."""
        self._write(lines.encode(errors="backslashreplace"))

    def append_summary(self, text: str) -> None:
        """Append the summary of a run."""
        self.append(f"{format_time(time.time())}\tsummary\t{text}\n")

    def repair(self, unlogged: Iterable[tuple[str, int]]) -> None:
        """Append what killed runs did not: of each, the lines of its last batch and the size of the file before it."""
        try:
            for lines, offset in unlogged:
                self._append_missing(lines.encode(errors="backslashreplace").splitlines(keepends=True), offset)
            self._append_missing([], max(0, self.size - 1))
        except OSError as error:
            raise StoreError(f"{self._path} cannot be read: {error.strerror}.") from error

    def _append_missing(self, lines: list[bytes], offset: int) -> None:
        """Append those of the lines that are not behind the offset; finish the line at the end if it was cut."""
        missing, cut = list(lines), b""
        with os.fdopen(os.dup(self._file.fileno()), "rb") as file:
            file.seek(offset if offset <= self.size else 0)  # the file is a new one
            for line in file:
                cut = b"" if line.endswith(b"\n") else line
                if line in missing:
                    missing.remove(line)
        missing.sort(key=lambda line: not line.startswith(cut))
        text = b"".join(missing)
        self._write(text.removeprefix(cut) if text.startswith(cut) else b"\n" + text)

    def close(self) -> None:
        """Close the file at the end of the run."""
        with contextlib.suppress(OSError):
            self._file.close()

    def _write(self, data: bytes) -> None:
        self._unwritten += data
        try:
            while self._unwritten:
                self._unwritten = self._unwritten[self._file.write(self._unwritten) :]
        except OSError as error:
            logger.warning("%s cannot be written: %s", self._path, error.strerror)
