"""Texts from strangers, made fit for a log line, a terminal, a database, a spreadsheet or a reader of JSON."""

import json
import re
from functools import cache
from typing import Any

_CONTROL = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)

_SECRET_WORDS = "key|token|secret|password|passwd|auth|signature"  # noqa: S105 - words that name a secret, no secret
_SECRET_SETTING = re.compile(rf"^((?:-s|--set=?)?\s*\w*(?:{_SECRET_WORDS})\w*=).+", re.IGNORECASE | re.DOTALL)
_SECRET_FIELD = re.compile(rf"([?&;#][^=&;\s]*(?:{_SECRET_WORDS})[^=&;\s]*=)[^&;#\s]*", re.IGNORECASE)
_URL_CREDENTIALS = re.compile(r"//[^/?#\s@]*@")

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")

_SURROGATES = re.compile("[\ud800-\udfff]")

_INDENT = "    "

_FORMULA = re.compile("'|[\\s\0-\x20\"'`\u200b-\u200f\u2060\ufeff]*[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?", re.ASCII)


def escape_control_chars(text: str) -> str:
    """On one line: control characters, marks of direction and halves of characters are escaped, so none can forge a
    line, move a cursor or turn what follows.
    """
    return _CONTROL.sub(lambda match: match[0].encode("unicode_escape").decode("ascii"), text)


def indent_lines(text: str) -> str:
    """On as many lines as it has, each of them printable; all but the first are indented, so none can pass for one of
    ours.
    """
    return f"\n{_INDENT}".join(map(escape_control_chars, text.split("\n")))


def redact(text: str) -> str:
    """What a user typed, without its secrets: `KEY=…`, `?token=…`, names and passwords before the @ of a URL."""
    return _URL_CREDENTIALS.sub("//…@", _SECRET_FIELD.sub(r"\1…", _SECRET_SETTING.sub(r"\1…", text)))


def strip_unstorable(text: str) -> str:
    """As every database takes it: NUL characters and halves of characters become the replacement character."""
    return text if text.isascii() and "\0" not in text else _UNSTORABLE.sub("\ufffd", text)


def plural(count: int, noun: str, nouns: str = "") -> str:
    """The count and its noun: `1 image`, `2,000 images`. `nouns` is the plural where it is not `noun` and an s."""
    return f"{count:,} {noun if count == 1 else nouns or f'{noun}s'}"


def json_text(value: Any, indent: int | None = None) -> str:
    """A value as JSON that strict readers take: halves of characters become the replacement character."""
    text = _encoder(indent).encode(value)
    return text if text.isascii() else _SURROGATES.sub("\ufffd", text)


@cache
def _encoder(indent: int | None) -> json.JSONEncoder:
    """`json.dumps` would make one for every value."""
    return json.JSONEncoder(ensure_ascii=False, indent=indent)


def csv_escape(value: Any) -> Any:
    """A value for a CSV file that no spreadsheet takes for a formula: a text that could be one begins with `'`.

    Numbers stay numbers, also those that are texts. `uncell` undoes it.
    """
    if not isinstance(value, str):
        return value
    text = strip_unstorable(value)
    if text[:1].isalnum():  # nearly all are, and the search takes ten times as long
        return text
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def csv_unescape(text: str) -> str:
    """The text that `cell` was given; any other text as it is."""
    return text[1:] if text.startswith("'") and csv_escape(text[1:]) == text else text
