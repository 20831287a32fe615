"""Writer for files with one line for each image: manifest, metadata.jsonl, and rows as CSV or JSON."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any, TextIO

from harvester.errors import StoreError
from harvester.export.output_folder import CannotExport, OutputFolder
from harvester.export.rows import COLUMNS
from harvester.text import csv_writer, json_text

AddRow = Callable[[Mapping[str, Any]], None]

FormatLine = Callable[[Mapping[str, Any]], str]
"""A function from a row to its line, including the line end."""


@contextmanager
def open_table(folder: OutputFolder, path: str, format_line: FormatLine, header: str = "") -> Iterator[AddRow]:
    """Open a table file; it is published when the context ends without error, and replaced only if it changed.

    Raises StoreError, also if a foreign file has its name.
    """
    if folder.dry:
        yield lambda _row: None
        return
    part = folder.new_part_path()
    try:
        with _translate_errors(folder, path):
            file = part.open("x", encoding="utf-8", newline="")
        try:
            with _translate_errors(folder, path):
                file.write(header)
            yield partial(_write_row, folder, path, file, format_line)
            with _translate_errors(folder, path):
                file.flush()
                os.fsync(file.fileno())
        finally:
            with _translate_errors(folder, path):  # a full disk may be reported only on closing
                file.close()
        with _translate_errors(folder, path):
            folder.publish_if_changed(path, part)
    finally:
        part.unlink(missing_ok=True)


def _write_row(folder: OutputFolder, path: str, file: TextIO, format_line: FormatLine, row: Mapping[str, Any]) -> None:
    with _translate_errors(folder, path):
        file.write(format_line(row))


@contextmanager
def _translate_errors(folder: OutputFolder, path: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreError(f"{folder.root / path} cannot be written: {error.strerror or error}.") from error
    except CannotExport as error:
        raise StoreError(f"{folder.root / path} cannot be written: {error}.") from error


def json_line(row: Mapping[str, Any]) -> str:
    """Encode a row as a line of JSON."""
    return json_text(row) + "\n"


def csv_row(row: Mapping[str, Any]) -> str:
    """Encode a row as CSV, with lists as JSON; null and empty text are empty cells, and no cell is a formula."""
    values = (row[name] for name in COLUMNS)
    return _csv_line(json_text(value) if isinstance(value, bool) else value for value in values)


_csv_line = csv_writer(str)

CSV_HEADER = _csv_line(COLUMNS)
