"""JSON from strangers: read so that every value can be written again, by any JSON writer and into any database."""

import json
from math import isfinite
from typing import Any

from harvester.text import json_text


def parsed(data: bytes | str) -> Any:
    """The value of a JSON text. Raises ValueError, also where it is nested too deeply.

    What JSON does not know (NaN, Infinity, 1e999) becomes None, as JavaScript would write it, and so does a whole
    number of more digits than Python reads. Bytes that are no UTF-8 become the replacement character.
    """
    text = data if isinstance(data, str) else data.decode("utf-8-sig", "replace")
    try:
        return json.loads(text, parse_constant=lambda _: None, parse_float=_finite, parse_int=_whole)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def written(value: Any) -> bytes:
    """A value as a readable JSON text that strict readers take."""
    return json_text(value, indent=1).encode() + b"\n"


def _finite(text: str) -> float | None:
    number = float(text)
    return number if isfinite(number) else None


def _whole(text: str) -> int | None:
    try:
        return int(text)
    except ValueError:
        return None
