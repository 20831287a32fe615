"""Parser for strangers' JSON whose values can be written again by any JSON writer and into any database."""

import json
import re
from collections.abc import Iterator
from math import isfinite
from typing import Any

from harvester.text import json_text, strip_unstorable

MAX_DEPTH = 200
"""Levels of nesting; values are written again later, which takes more room on the stack."""

MAX_TEXT_LENGTH = 20_000
"""Characters of one text that are kept."""

MAX_ENTRIES = 1000
"""Entries of one list that are read."""

LARGE_TEXT_LENGTH = 2**20
MAX_VALUES = 1_000_000
"""Commas and brackets in a text longer than LARGE_TEXT_LENGTH; each value takes about a hundred bytes of memory."""


def parse_json(data: bytes | str) -> Any:
    """The value of a JSON text. Raises ValueError, also if it is nested too deeply or has too many values.

    NaN, Infinity and 1e999, which JSON does not allow, become None, as JavaScript would write them. A whole number with
    more digits than Python reads becomes a text. Bytes that are not UTF-8 become the replacement character.
    """
    text = data if isinstance(data, str) else data.decode("utf-8-sig", "replace")
    if len(text) > LARGE_TEXT_LENGTH and sum(map(text.count, ",[{")) > MAX_VALUES:
        raise ValueError("too many values")
    try:
        value = json.loads(text, parse_constant=lambda _: None, parse_float=_parse_finite, parse_int=_parse_whole)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    _check_depth(value)
    return value


def dump_json(value: Any) -> bytes:
    """The value as an indented JSON text that strict readers accept."""
    return json_text(value, indent=1).encode() + b"\n"


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(MAX_DEPTH):
        containers = [item for item in level if isinstance(item, (dict, list))]
        level = [
            item
            for container in containers
            for item in (container.values() if isinstance(container, dict) else container)
        ]
        if not level:
            return
    raise ValueError("nested too deeply")


def _parse_finite(text: str) -> float | None:
    number = float(text)
    return number if isfinite(number) else None


def _parse_whole(text: str) -> int | str:
    try:
        return int(text)
    except ValueError:
        return text


class Json:
    """A value in the answer of a stranger: whatever is asked of it comes out with its type, or empty."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __getitem__(self, name: str) -> "Json":
        """The member of an object; an empty value where there is none."""
        return Json(self.value.get(name) if isinstance(self.value, dict) else None)

    def __iter__(self) -> Iterator["Json"]:
        """The entries of a list, at most `MAX_ENTRIES`; none of anything else."""
        return map(Json, self.value[:MAX_ENTRIES] if isinstance(self.value, list) else ())

    @property
    def text(self) -> str:
        """The text, up to `MAX_TEXT_LENGTH` characters, as a database takes it; empty where there is none."""
        if not isinstance(self.value, str):
            return ""
        return strip_unstorable(self.value[:MAX_TEXT_LENGTH]).encode("utf-8", "replace").decode("utf-8")

    @property
    def id(self) -> str:
        """A whole number or a word of up to 100 printable characters; empty where there is none."""
        value = self.value
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**40:
            value = str(value)
        return value if isinstance(value, str) and re.fullmatch(r"[!-~]{1,100}", value) else ""

    @property
    def number(self) -> int | float | None:
        """A finite number that JSON keeps exact, or None."""
        is_number = isinstance(self.value, int | float) and not isinstance(self.value, bool)
        return self.value if is_number and abs(self.value) < 2**53 else None

    @property
    def object(self) -> dict[str, Any]:
        """The object, or an empty one."""
        return self.value if isinstance(self.value, dict) else {}
