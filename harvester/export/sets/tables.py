"""Files of one line for each image: the manifest, metadata.jsonl, rows as CSV or JSON."""

import csv
import io
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any, TextIO

from harvester.errors import StoreError
from harvester.export.sets.folder import CannotExport, Folder
from harvester.export.sets.rows import COLUMNS
from harvester.text import cell, json_text

Add = Callable[[Mapping[str, Any]], None]

Lines = Callable[[Mapping[str, Any]], str]
"""From a row to its line, line end and all."""


@contextmanager
def table(folder: Folder, path: str, line: Lines, head: str = "") -> Iterator[Add]:
    """A file that appears when the context ends well, and is replaced only where it came out otherwise.

    Raises StoreError, also where a stranger's file has its name.
    """
    if folder.dry:
        yield lambda _row: None
        return
    part = folder.part()
    try:
        with _told(folder, path):
            file = part.open("x", encoding="utf-8", newline="")
        try:
            with _told(folder, path):
                file.write(head)
            yield partial(_add, folder, path, file, line)
            with _told(folder, path):
                file.flush()
                os.fsync(file.fileno())
        finally:
            with _told(folder, path):  # a full disk may be noticed only now
                file.close()
        with _told(folder, path):
            folder.whole(path, part)
    finally:
        part.unlink(missing_ok=True)


def _add(folder: Folder, path: str, file: TextIO, line: Lines, row: Mapping[str, Any]) -> None:
    with _told(folder, path):
        file.write(line(row))


@contextmanager
def _told(folder: Folder, path: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreError(f"{folder.root / path} cannot be written: {error.strerror or error}.") from error
    except CannotExport as error:
        raise StoreError(f"{folder.root / path} cannot be written: {error}.") from error


def json_line(row: Mapping[str, Any]) -> str:
    """A row as JSON."""
    return json_text(row) + "\n"


def csv_line(row: Mapping[str, Any]) -> str:
    """A row as CSV, lists as JSON; null and the empty text are empty cells, and no cell is a formula."""
    return _cells([_cell(row[name]) for name in COLUMNS])


CSV_HEAD = ",".join(COLUMNS) + "\r\n"


def _cell(value: object) -> object:
    return cell(json.dumps(value, ensure_ascii=False) if isinstance(value, list | bool) else value)


def _cells(cells: list[object]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue()
