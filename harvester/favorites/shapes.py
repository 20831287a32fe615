"""Checking values out of a pickle: each function gives the value or raises BadInput with the place where it stood."""

import re
from collections.abc import Iterable
from typing import Any

from harvester.errors import BadInput
from harvester.text import storable

LARGEST = 2**63 - 1
"""A database holds no larger number."""

_SHA = re.compile(r"[0-9a-f]{64}")
_EXT = re.compile(r"[a-z0-9]{1,8}")
_HASH = re.compile(r"[0-9a-f]{16}")


def table(value: Any, where: str) -> dict[Any, Any]:
    """A dictionary."""
    if not isinstance(value, dict):
        raise BadInput(f"{where}: expected a dictionary, found {_kind(value)}.")
    return value


def record(value: Any, where: str, needed: str, others: str = "") -> dict[str, Any]:
    """A dictionary with the needed keys and no others than those named; both are words in one text."""
    found = table(value, where)
    for name in needed.split():
        if name not in found:
            raise BadInput(f"{where}: there is no {name!r}.")
    known = {*needed.split(), *others.split()}
    if unknown := [name for name in found if name not in known]:
        raise BadInput(f"{where}: holds {shown(unknown[0])}, which this program does not know.")
    return found


def several(value: Any, where: str) -> list[Any]:
    """A list, tuple or set of anything; `{}` is an empty one."""
    if value == {}:
        return []
    if not isinstance(value, (list, tuple, set, frozenset)):
        raise BadInput(f"{where}: expected a list, found {_kind(value)}.")
    return list(value)


def parts(value: Any, where: str, number: int) -> tuple[Any, ...]:
    """A tuple of that many values."""
    if not isinstance(value, tuple) or len(value) != number:
        raise BadInput(f"{where}: expected {number} values together, found {_kind(value)}.")
    return value


def number(value: Any, where: str, least: int = 0) -> int:
    """A whole number that a database can hold; numpy's `True` is none."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= LARGEST:
        raise BadInput(f"{where}: expected a whole number from {least}, found {shown(value)}.")
    return value


def small(value: Any, where: str, least: int = 0) -> int:
    """A whole number below two thousand million: numbers of pages, pixels, tags."""
    found = number(value, where, least)
    if found >= 2**31:
        raise BadInput(f"{where}: {found} is too large.")
    return found


def identity(value: Any, where: str) -> int:
    """A number of the site's (-1 or from 1), or one of 128 bits that the old tool made of a local file."""
    if isinstance(value, bool) or not isinstance(value, int) or value == 0 or not -1 <= value < 2**128:
        raise BadInput(f"{where}: expected -1 or a whole number from 1, found {shown(value)}.")
    return value


def moment(value: Any, where: str) -> int | None:
    """Seconds since 1970, a fraction cut off; None for 0, which means never."""
    return number(int(value) if isinstance(value, float) and 0 <= value < LARGEST else value, where) or None


def words(value: Any, where: str) -> str:
    """A text, made fit for a database."""
    if not isinstance(value, str):
        raise BadInput(f"{where}: expected text, found {_kind(value)}.")
    return storable(value.encode("utf-8", "replace").decode())


def one_of(value: Any, where: str, allowed: Iterable[str]) -> str:
    """One of the words allowed."""
    allowed = tuple(allowed)
    if not isinstance(value, str) or value not in allowed:
        raise BadInput(f"{where}: expected one of {', '.join(allowed)}, found {shown(value)}.")
    return value


def sha256(value: Any, where: str) -> str:
    """64 lower-case hex digits."""
    return _like(_SHA, value, where, "a sha256")


def extension(value: Any, where: str) -> str:
    """A file extension that cannot lead elsewhere."""
    return _like(_EXT, value, where, "a file extension")


def fingerprint(value: Any, where: str) -> str:
    """16 lower-case hex digits."""
    return _like(_HASH, value, where, "a hash of 16 hex digits")


def shown(value: Any) -> str:
    """A value for a sentence: short, on one line, in ASCII; of anything nested only the kind."""
    if isinstance(value, (str, bytes)):
        return ascii(value[:60])
    if isinstance(value, (int, float)) and abs(value) < 10**30:
        return str(value)
    return _kind(value)


def _like(pattern: re.Pattern[str], value: Any, where: str, what: str) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise BadInput(f"{where}: expected {what}, found {shown(value)}.")
    return value


def _kind(value: Any) -> str:
    return type(value).__name__.lower()
