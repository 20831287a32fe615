"""Checking values out of a pickle: each function gives the value or raises BadInput with the place where it stood."""

import re
from collections.abc import Iterable
from typing import Any

from harvester.errors import UsageProblem
from harvester.text import strip_unstorable

MAX_INTEGER = 2**63 - 1
"""A database holds no larger number."""

_SHA = re.compile(r"[0-9a-f]{64}")
_EXT = re.compile(r"[a-z0-9]{1,8}")
_HASH = re.compile(r"[0-9a-f]{16}")


def check_dict(value: Any, where: str) -> dict[Any, Any]:
    """A dictionary."""
    if not isinstance(value, dict):
        raise UsageProblem(f"{where}: expected a dictionary, found {_type_name(value)}.")
    return value


def check_record(value: Any, where: str, needed: str, optional: str = "") -> dict[str, Any]:
    """A dictionary with the needed keys and no others than those named; both are words in one text."""
    fields = check_dict(value, where)
    for name in needed.split():
        if name not in fields:
            raise UsageProblem(f"{where}: there is no {name!r}.")
    allowed = {*needed.split(), *optional.split()}
    if unknown := [name for name in fields if name not in allowed]:
        raise UsageProblem(f"{where}: holds {describe_value(unknown[0])}, which this program does not know.")
    return fields


def check_list(value: Any, where: str) -> list[Any]:
    """A list, tuple or set of anything; `{}` is an empty one."""
    if value == {}:
        return []
    if not isinstance(value, (list, tuple, set, frozenset)):
        raise UsageProblem(f"{where}: expected a list, found {_type_name(value)}.")
    return list(value)


def check_tuple(value: Any, where: str, length: int) -> tuple[Any, ...]:
    """A tuple of that many values."""
    if not isinstance(value, tuple) or len(value) != length:
        raise UsageProblem(f"{where}: expected {length} values together, found {_type_name(value)}.")
    return value


def check_integer(value: Any, where: str, minimum: int = 0) -> int:
    """A whole number that a database can hold; numpy's `True` is none."""
    if isinstance(value, bool) or not isinstance(value, int) or not minimum <= value <= MAX_INTEGER:
        raise UsageProblem(f"{where}: expected a whole number from {minimum}, found {describe_value(value)}.")
    return value


def check_small_integer(value: Any, where: str, minimum: int = 0) -> int:
    """A whole number below two thousand million: numbers of pages, pixels, tags."""
    integer = check_integer(value, where, minimum)
    if integer >= 2**31:
        raise UsageProblem(f"{where}: {integer} is too large.")
    return integer


def check_id(value: Any, where: str) -> int:
    """A number of the site's (-1 or from 1), or one of 128 bits that the old tool made of a local file."""
    if isinstance(value, bool) or not isinstance(value, int) or value == 0 or not -1 <= value < 2**128:
        raise UsageProblem(f"{where}: expected -1 or a whole number from 1, found {describe_value(value)}.")
    return value


def check_time(value: Any, where: str) -> int | None:
    """Seconds since 1970, a fraction cut off; None for 0, which means never."""
    return check_integer(int(value) if isinstance(value, float) and 0 <= value < MAX_INTEGER else value, where) or None


def check_text(value: Any, where: str) -> str:
    """A text, made fit for a database."""
    if not isinstance(value, str):
        raise UsageProblem(f"{where}: expected text, found {_type_name(value)}.")
    return strip_unstorable(value.encode("utf-8", "replace").decode())


def check_choice(value: Any, where: str, allowed: Iterable[str]) -> str:
    """One of the words allowed."""
    allowed = tuple(allowed)
    if not isinstance(value, str) or value not in allowed:
        raise UsageProblem(f"{where}: expected one of {', '.join(allowed)}, found {describe_value(value)}.")
    return value


def check_sha256(value: Any, where: str) -> str:
    """64 lower-case hex digits."""
    return _check_pattern(_SHA, value, where, "a sha256")


def check_extension(value: Any, where: str) -> str:
    """A file extension that cannot lead elsewhere."""
    return _check_pattern(_EXT, value, where, "a file extension")


def check_hash(value: Any, where: str) -> str:
    """16 lower-case hex digits."""
    return _check_pattern(_HASH, value, where, "a hash of 16 hex digits")


def describe_value(value: Any) -> str:
    """A value for a sentence: short, on one line, in ASCII; of anything nested only the kind."""
    if isinstance(value, (str, bytes)):
        return ascii(value[:60])
    if isinstance(value, (int, float)) and abs(value) < 10**30:
        return str(value)
    return _type_name(value)


def _check_pattern(pattern: re.Pattern[str], value: Any, where: str, expected: str) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise UsageProblem(f"{where}: expected {expected}, found {describe_value(value)}.")
    return value


def _type_name(value: Any) -> str:
    return type(value).__name__.lower()
