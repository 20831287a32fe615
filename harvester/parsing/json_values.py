"""Parser for strangers' JSON whose values can be written again by any JSON writer and into any database."""

import json
from math import isfinite
from typing import Any

from harvester.text import json_text

MAX_DEPTH = 200
"""Levels of nesting; values are written again later, which takes more room on the stack."""

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
