"""JSON from strangers: read so that every value can be written again, by any JSON writer and into any database."""

import json
from math import isfinite
from typing import Any


def parsed(data: bytes | str) -> Any:
    """The value of a JSON text. Raises ValueError, also where it is nested too deeply or its numbers are endless.

    What JSON does not know (NaN, Infinity, 1e999) becomes None, as JavaScript would write it.
    """
    try:
        return json.loads(data, parse_constant=lambda _: None, parse_float=_finite)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def written(value: Any) -> bytes:
    """A value as a readable JSON text; halves of characters are written as they came, escaped."""
    return json.dumps(value, ensure_ascii=False, indent=1).encode("utf-8", "backslashreplace") + b"\n"


def _finite(text: str) -> float | None:
    number = float(text)
    return number if isfinite(number) else None
