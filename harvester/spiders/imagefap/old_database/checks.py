"""Checks of values from a pickle: each returns the value, or raises UsageProblem that names its place in the file."""

import re
from collections.abc import Iterable
from typing import Any

from harvester.errors import UsageProblem
from harvester.text import strip_unstorable

MAX_INTEGER = 2**63 - 1
"""The largest integer that a database holds."""

_SHA = re.compile(r"[0-9a-f]{64}")
_EXT = re.compile(r"[a-z0-9]{1,8}")
_HASH = re.compile(r"[0-9a-f]{16}")


def check_dict(value: Any, where: str) -> dict[Any, Any]:
    """A dictionary."""
    if not isinstance(value, dict):
        raise UsageProblem(f"{where}: expected a dictionary, found {_type_name(value)}.")
    return value


def check_record(value: Any, where: str, needed: str, optional: str = "") -> dict[str, Any]:
    """A dictionary with all needed and perhaps optional keys, but no others; both are given as words in one text."""
    fields = check_dict(value, where)
    for name in needed.split():
        if name not in fields:
            raise UsageProblem(f"{where}: there is no {name!r}.")
    allowed = {*needed.split(), *optional.split()}
    if unknown := [name for name in fields if name not in allowed]:
        raise UsageProblem(f"{where}: holds {describe_value(unknown[0])}, which this program does not know.")
    return fields


def check_list(value: Any, where: str) -> list[Any]:
    """A list, tuple or set of any values; `{}` counts as an empty one."""
    if value == {}:
        return []
    if not isinstance(value, (list, tuple, set, frozenset)):
        raise UsageProblem(f"{where}: expected a list, found {_type_name(value)}.")
    return list(value)


def check_tuple(value: Any, where: str, length: int) -> tuple[Any, ...]:
    """A tuple of `length` values."""
    if not isinstance(value, tuple) or len(value) != length:
        raise UsageProblem(f"{where}: expected {length} values together, found {_type_name(value)}.")
    return value


def check_integer(value: Any, where: str, minimum: int = 0) -> int:
    """A whole number that a database can hold; numpy's `True` is not one."""
    if isinstance(value, bool) or not isinstance(value, int) or not minimum <= value <= MAX_INTEGER:
        raise UsageProblem(f"{where}: expected a whole number from {minimum}, found {describe_value(value)}.")
    return value


def check_small_integer(value: Any, where: str, minimum: int = 0) -> int:
    """A whole number below two thousand million, such as a number of pages, pixels or a tag."""
    integer = check_integer(value, where, minimum)
    if integer >= 2**31:
        raise UsageProblem(f"{where}: {integer} is too large.")
    return integer


def check_id(value: Any, where: str) -> int:
    """An id of the site (-1, or from 1), or a 128-bit id that the old tool gave to a local file."""
    if isinstance(value, bool) or not isinstance(value, int) or value == 0 or not -1 <= value < 2**128:
        raise UsageProblem(f"{where}: expected -1 or a whole number from 1, found {describe_value(value)}.")
    return value


def check_time(value: Any, where: str) -> int | None:
    """Seconds since 1970, a fraction cut off; None for 0, which means never."""
    return check_integer(int(value) if isinstance(value, float) and 0 <= value < MAX_INTEGER else value, where) or None


def check_text(value: Any, where: str) -> str:
    """A text, without characters that a database cannot store."""
    if not isinstance(value, str):
        raise UsageProblem(f"{where}: expected text, found {_type_name(value)}.")
    return strip_unstorable(value.encode("utf-8", "replace").decode())


def check_choice(value: Any, where: str, allowed: Iterable[str]) -> str:
    """One of the allowed words."""
    allowed = tuple(allowed)
    if not isinstance(value, str) or value not in allowed:
        raise UsageProblem(f"{where}: expected one of {', '.join(allowed)}, found {describe_value(value)}.")
    return value


def check_sha256(value: Any, where: str) -> str:
    """64 lower-case hex digits."""
    return _check_pattern(_SHA, value, where, "a sha256")


def check_extension(value: Any, where: str) -> str:
    """A file extension that cannot lead out of the folder."""
    return _check_pattern(_EXT, value, where, "a file extension")


def check_hash(value: Any, where: str) -> str:
    """16 lower-case hex digits."""
    return _check_pattern(_HASH, value, where, "a hash of 16 hex digits")


def describe_value(value: Any) -> str:
    """The value as text for a message: short, on one line, in ASCII; only the type of a nested value."""
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
