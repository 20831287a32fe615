"""The names of saved files: what an uploader called a picture, made fit for every file system."""

import re
import unicodedata

from harvester.sites.naming import guarded

LONGEST = 255
"""Bytes of UTF-8; the most a file system takes."""

_ROOM = 16  # bytes kept free for " (999)" and the extension that the bytes give
_FORBIDDEN = frozenset('\\/:*?"<>|')
_DEVICES = frozenset(
    {"CON", "PRN", "AUX", "NUL", *(f"COM{number}" for number in range(10)), *(f"LPT{number}" for number in range(10))}
)
_DIRECTIONS = re.compile("[\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f]")
_EXTENSION = re.compile(r"(.+)\.(?:jpe?g|jfif|png|gif|webp|avif|bmp|tiff?|mpo|jp2)", re.IGNORECASE | re.DOTALL)


def sanitised(name: str) -> str:
    """The name as a file may have it: never empty, never a path, at most 255 bytes with its extension kept."""
    kept = _without_forbidden(unicodedata.normalize("NFKD", _without_forbidden(name.replace("/", "-"))))
    kept = kept.strip().rstrip(". ")
    if not kept or kept in _DEVICES:
        kept = f"__{kept}"
    return _shortened(kept, LONGEST)


def stem(name: str) -> str:
    """The sanitised name without an extension that names a kind of picture, with room for another and a number.

    Beyond the old tool's rules: it turns no direction of writing, and is not hidden, an option or a device.
    """
    clean = sanitised(_DIRECTIONS.sub("", name))
    found = _EXTENSION.fullmatch(clean)
    return guarded(_cut(found[1] if found else clean, LONGEST - _ROOM))


def numbered(name: str, number: int) -> str:
    """The `number`th name of different pictures that share one (a stem): `name`, `name (2)`, `name (3)`, …"""
    return name if number <= 1 else f"{name} ({number})"


def _without_forbidden(text: str) -> str:
    """Normalising can bring a forbidden character back (℀ becomes a/c), so this is done before and after."""
    return "".join(char for char in text if char not in _FORBIDDEN and unicodedata.category(char) not in ("Cc", "Cs"))


def _shortened(name: str, longest: int) -> str:
    if len(name.encode()) <= longest:
        return name
    head, dot, ending = name.rpartition(".")
    if not dot or not head or len(ending.encode()) > _ROOM:
        return _cut(name, longest)
    return f"{_cut(head, longest - 1 - len(ending.encode()))}.{ending}"


def _cut(text: str, longest: int) -> str:
    return text.encode()[:longest].decode("utf-8", "ignore").rstrip(". ") or "__"
