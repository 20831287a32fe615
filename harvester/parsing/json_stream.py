"""Streaming reader of JSON objects of any size, with the position of errors."""

import re
from collections.abc import Iterator
from typing import Any, BinaryIO

import ijson

from harvester.errors import UsageProblem

CHUNK_BYTES = 1 << 16
MAX_DEPTH = 5000
"""Levels of nesting; the parser's memory grows with the square of the depth."""

MAX_NUMBER_DIGITS = 2000
"""Digits; from 4300 on, Python raises an error and the parser aborts the whole program."""

_DIGITS = b"0123456789"
_LONG_NUMBER = re.compile(rb"[0-9]{%d}" % MAX_NUMBER_DIGITS)

BOM = b"\xef\xbb\xbf"


def read_members(file: BinaryIO, name: str) -> Iterator[tuple[str, Any]]:
    """The (key, value) pairs of the object in the file, one by one. Raises UsageProblem with line and column."""
    start = len(BOM) if file.read(len(BOM)) == BOM else 0
    file.seek(start)
    try:
        # The buffer limits how deep one chunk can nest before it is checked.
        yield from ijson.kvitems(_BoundedReader(file, name), "", buf_size=MAX_DEPTH)
    except ijson.JSONError as error:
        raise UsageProblem(f"{name}: {locate_error(file, start)}.") from error
    except (UnicodeDecodeError, ArithmeticError) as error:
        raise UsageProblem(f"{name}: a text or a number is invalid ({error}).") from error
    file.seek(start)
    if not (head := file.read(CHUNK_BYTES).lstrip()).startswith(b"{"):
        raise UsageProblem(f"{name}: expected a JSON object, found {head[:40].decode('utf-8', 'replace')!r}.")


class _BoundedReader:
    """A file that raises UsageProblem for what would crash the parser: too deep nesting, too long numbers.

    Brackets and digits inside texts count too, but there brackets come in pairs, and thousands of digits do not occur.
    """

    def __init__(self, file: BinaryIO, name: str) -> None:
        self._file = file
        self._name = name
        self._depth = 0
        self._tail = b""

    def read(self, size: int = -1) -> bytes:
        chunk = self._file.read(size)
        self._depth += sum(chunk.count(opening) for opening in (b"[", b"{"))
        self._depth -= sum(chunk.count(closing) for closing in (b"]", b"}"))
        if self._depth > MAX_DEPTH:
            raise UsageProblem(f"{self._name}: nested deeper than {MAX_DEPTH} levels.")
        has_many_digits = (
            len(chunk) - len(chunk.translate(None, _DIGITS)) > MAX_NUMBER_DIGITS // 2
        )  # a quick check first
        if has_many_digits and _LONG_NUMBER.search(self._tail + chunk):
            raise UsageProblem(f"{self._name}: a number of more than {MAX_NUMBER_DIGITS} digits.")
        self._tail = chunk[-MAX_NUMBER_DIGITS:]
        return chunk


def locate_error(file: BinaryIO, start: int = 0) -> str:
    """The position and message of the parser's error, found by reading the file again: `line 3, column 7: …`.

    Lines and columns count from 1.
    """
    is_bad, bad_start = _find_bad_chunk(file, start)
    file.seek(bad_start)
    bad_chunk = file.read(CHUNK_BYTES) if is_bad else b""
    parser = _new_parser()
    # Feeding the good part again and then single bytes stops the parser exactly at the error.
    for chunk in _read_chunks(file, start, bad_start):
        parser.send(chunk)
    for offset in range(len(bad_chunk)):
        if message := _parser_error(parser, bad_chunk[offset : offset + 1]):
            return f"{_line_and_column(file, bad_start + offset)}: {message}"
    return f"{_line_and_column(file, file.seek(0, 2))}: the file ends too early"


def _find_bad_chunk(file: BinaryIO, start: int) -> tuple[bool, int]:
    """Whether a chunk is refused, and the byte at which that chunk begins."""
    file.seek(start)
    parser = _new_parser()
    while chunk := file.read(CHUNK_BYTES):
        if _parser_error(parser, chunk):
            return True, start
        start += len(chunk)
    return False, start


def _read_chunks(file: BinaryIO, start: int, end: int) -> Iterator[bytes]:
    file.seek(start)
    for _ in range((end - start) // CHUNK_BYTES):
        yield file.read(CHUNK_BYTES)


def _new_parser() -> Any:
    return ijson.basic_parse_coro(ijson.sendable_list())


def _parser_error(parser: Any, chunk: bytes) -> str:
    """The parser's error for this chunk; empty if it accepts it."""
    try:
        parser.send(chunk)
    except ijson.JSONError as error:
        argument = error.args[0] if error.args else ""
        text = argument.decode("utf-8", "replace") if isinstance(argument, bytes) else str(argument)
        return text.partition("\n")[0].strip(" .") or "not JSON"
    return ""


def _line_and_column(file: BinaryIO, offset: int) -> str:
    file.seek(0)
    line_number, line_start, position = 1, 0, 0
    while position < offset and (chunk := file.read(min(CHUNK_BYTES, offset - position))):
        line_number += chunk.count(b"\n")
        if (newline := chunk.rfind(b"\n")) >= 0:
            line_start = position + newline + 1
        position += len(chunk)
    return f"line {line_number}, column {offset - line_start + 1}"
