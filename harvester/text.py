"""Numbers, times and texts, also strangers' texts, for logs, terminals, databases, spreadsheets and JSON."""

import csv
import json
import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import cache
from typing import Any, TypeVar, cast

T = TypeVar("T")

_CONTROL = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)

_SECRET_WORDS = "key|token|secret|password|passwd|auth|signature"  # noqa: S105 - words that name a secret, not a secret
_SECRET_SETTING = re.compile(rf"^((?:-s|--set=?)?\s*\w*(?:{_SECRET_WORDS})\w*=).+", re.IGNORECASE | re.DOTALL)
_SECRET_FIELD = re.compile(rf"([?&;#][^=&;\s]*(?:{_SECRET_WORDS})[^=&;\s]*=)[^&;#\s]*", re.IGNORECASE)
_URL_CREDENTIALS = re.compile(r"//[^/?#\s@]*@")

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")

_SURROGATES = re.compile("[\ud800-\udfff]")

_INDENT = "    "

_FORMULA = re.compile("'|[\\s\0-\x20\"'`\u200b-\u200f\u2060\ufeff]*[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?", re.ASCII)


def escape_control_chars(text: str) -> str:
    """The text on one line, with control characters, direction marks and lone surrogates escaped.

    So it cannot forge a line, move the cursor or reverse what follows.
    """
    return _CONTROL.sub(lambda match: match[0].encode("unicode_escape").decode("ascii"), text)


def count_noun(number: int, noun: str, plural: str = "") -> str:
    """A number with its noun, such as `1 image` or `2,000 images`; `plural` where adding an s is not enough."""
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"


def format_bytes(number: float) -> str:
    """A number of bytes with a unit, in steps of 1000: `1.50 kB`."""
    return _scale(number, ("B", "kB", "MB", "GB", "TB"))


def format_number(number: float) -> str:
    """A number with a unit, in steps of 1000: `2.50 M`."""
    return _scale(number, ("", "k", "M", "G", "T"))


def _scale(number: float, units: tuple[str, ...]) -> str:
    unit = 0
    while abs(number) >= 1000 and unit < len(units) - 1:
        number, unit = number / 1000, unit + 1
    text = f"{number:,.2f}" if unit or number != int(number) else f"{int(number)}"
    return f"{text} {units[unit]}".strip()


def format_time(seconds: float | None, missing: str = "-") -> str:
    """A time (seconds since 1970) in ISO 8601 and UTC, to the second; `missing` for None."""
    return missing if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def indent_lines(text: str) -> str:
    """The text with all lines escaped, and all but the first indented, so that none can pass for a log line."""
    return f"\n{_INDENT}".join(map(escape_control_chars, text.split("\n")))


def redact(text: str) -> str:
    """The text without secrets: `KEY=…`, `?token=…`, user names and passwords before the @ of a URL."""
    return _URL_CREDENTIALS.sub("//…@", _SECRET_FIELD.sub(r"\1…", _SECRET_SETTING.sub(r"\1…", text)))


def strip_unstorable(text: str) -> str:
    """The text as every database stores it: NUL and lone surrogates become the replacement character."""
    return text if text.isascii() and "\0" not in text else _UNSTORABLE.sub("\ufffd", text)


def json_text(value: Any, indent: int | None = None) -> str:
    """The value as JSON that strict readers accept: lone surrogates become the replacement character."""
    text = _encoder(indent).encode(value)
    return text if text.isascii() else _SURROGATES.sub("\ufffd", text)


@cache
def _encoder(indent: int | None) -> json.JSONEncoder:
    """A cached encoder; `json.dumps` would create one for every value."""
    return json.JSONEncoder(ensure_ascii=False, indent=indent)


def csv_escape(value: Any) -> Any:
    """The value for a CSV file: a text that a spreadsheet could take for a formula gets a leading `'`.

    Numbers stay numbers, also those that are texts. `csv_unescape` undoes it.
    """
    if not isinstance(value, str):
        return value
    text = strip_unstorable(value)
    if text[:1].isalnum():  # true for nearly all, and the search would take ten times as long
        return text
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def csv_unescape(text: str) -> str:
    """The text that `csv_escape` was given; any other text unchanged."""
    return text[1:] if text.startswith("'") and csv_escape(text[1:]) == text else text


def csv_writer(
    write: Callable[[str], T], line_end: str = "\n", nested: Callable[[Any], str] = json_text
) -> Callable[[Iterable[Any]], T]:
    """A function that formats cells as a line of CSV, passes it to `write` and returns the result.

    No cell is a formula, and texts with line breaks of any kind are quoted. `nested` makes lists and dictionaries text.
    """
    writer = csv.writer(_LineWriter(lambda line: write(line[:-2] + line_end)))

    def write_row(cells: Iterable[Any]) -> T:
        escaped = [
            cell if type(cell) in _PLAIN_TYPES or (type(cell) is str and cell.isalnum())
            else csv_escape(nested(cell) if type(cell) in _NESTED_TYPES else cell)
            for cell in cells
        ]  # fmt: skip
        return cast("T", writer.writerow(escaped))

    return write_row


_PLAIN_TYPES = frozenset({int, bool, type(None)})
"""Types whose values need no escaping; this fast check, and that for alphanumeric text, run for millions of cells."""

_NESTED_TYPES = frozenset({list, dict})


class _LineWriter:
    """What csv.writer writes to: lines that end with CR LF, because only then it quotes texts with a lone CR, too."""

    def __init__(self, write: Callable[[str], object]) -> None:
        self.write = write
