"""Reading a JSON object of any size member by member, and saying where a mistake is."""

import re
from collections.abc import Iterator
from typing import Any, BinaryIO

import ijson

from harvester.errors import BadInput

PIECE = 1 << 16
DEEPEST = 5000
"""Levels of nesting; the parser's memory grows with the square of the depth."""

LONGEST_NUMBER = 2000
"""Digits; from 4300 on Python refuses, and the parser ends the whole program."""

_DIGITS = b"0123456789"
_LONG_NUMBER = re.compile(rb"[0-9]{%d}" % LONGEST_NUMBER)

BOM = b"\xef\xbb\xbf"


def members(file: BinaryIO, name: str) -> Iterator[tuple[str, Any]]:
    """(key, value) of the object in the file, one after the other; raises BadInput with line and column."""
    start = len(BOM) if file.read(len(BOM)) == BOM else 0
    file.seek(start)
    try:
        # The buffer bounds how deep one piece can nest before it is looked at.
        yield from ijson.kvitems(_Sane(file, name), "", buf_size=DEEPEST)
    except ijson.JSONError as error:
        raise BadInput(f"{name}: {place_of_mistake(file, start)}.") from error
    except (UnicodeDecodeError, ArithmeticError) as error:
        raise BadInput(f"{name}: a text or a number that cannot be ({error}).") from error
    file.seek(start)
    if not (first := file.read(PIECE).lstrip()).startswith(b"{"):
        raise BadInput(f"{name}: expected a JSON object, found {first[:40].decode('utf-8', 'replace')!r}.")


class _Sane:
    """A file that refuses what the parser would die of: too deep nesting, too long numbers.

    Brackets and digits inside of texts count too, but brackets come in pairs there, and thousands of digits never.
    """

    def __init__(self, file: BinaryIO, name: str) -> None:
        self._file = file
        self._name = name
        self._depth = 0
        self._before = b""

    def read(self, size: int = -1) -> bytes:
        piece = self._file.read(size)
        self._depth += sum(piece.count(opening) for opening in (b"[", b"{"))
        self._depth -= sum(piece.count(closing) for closing in (b"]", b"}"))
        if self._depth > DEEPEST:
            raise BadInput(f"{self._name}: nested deeper than {DEEPEST} levels.")
        many = len(piece) - len(piece.translate(None, _DIGITS)) > LONGEST_NUMBER // 2  # a quick look first
        if many and _LONG_NUMBER.search(self._before + piece):
            raise BadInput(f"{self._name}: a number of more than {LONGEST_NUMBER} digits.")
        self._before = piece[-LONGEST_NUMBER:]
        return piece


def place_of_mistake(file: BinaryIO, start: int = 0) -> str:
    """'line 3, column 7: what the parser says', found by reading the file again; lines and columns count from 1."""
    broken, before = _broken_piece(file, start)
    file.seek(before)
    tail = file.read(PIECE) if broken else b""
    parser = _parser()
    # Feeding the good part again and then byte by byte stops the parser exactly at the mistake.
    for piece in _pieces(file, start, before):
        parser.send(piece)
    for offset in range(len(tail)):
        if message := _refused(parser, tail[offset : offset + 1]):
            return f"{_place(file, before + offset)}: {message}"
    return f"{_place(file, file.seek(0, 2))}: the file ends too early"


def _broken_piece(file: BinaryIO, start: int) -> tuple[bool, int]:
    """Whether a piece is refused, and at which byte that piece begins."""
    file.seek(start)
    parser = _parser()
    while piece := file.read(PIECE):
        if _refused(parser, piece):
            return True, start
        start += len(piece)
    return False, start


def _pieces(file: BinaryIO, start: int, end: int) -> Iterator[bytes]:
    file.seek(start)
    for _ in range((end - start) // PIECE):
        yield file.read(PIECE)


def _parser() -> Any:
    return ijson.basic_parse_coro(ijson.sendable_list())


def _refused(parser: Any, piece: bytes) -> str:
    """What the parser has against this piece; empty where it takes it."""
    try:
        parser.send(piece)
    except ijson.JSONError as error:
        said = error.args[0] if error.args else ""
        text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
        return text.partition("\n")[0].strip(" .") or "not JSON"
    return ""


def _place(file: BinaryIO, offset: int) -> str:
    file.seek(0)
    lines, last, position = 1, 0, 0
    while position < offset and (piece := file.read(min(PIECE, offset - position))):
        lines += piece.count(b"\n")
        if (newline := piece.rfind(b"\n")) >= 0:
            last = position + newline + 1
        position += len(piece)
    return f"line {lines}, column {offset - last + 1}"
