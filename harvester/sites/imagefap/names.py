"""The names of saved files: what an uploader called a picture, made fit for every file system."""

import re
import unicodedata

from harvester.sites.naming import escape_reserved

MAX_NAME_BYTES = 255
"""Bytes of UTF-8; the most a file system takes."""

_RESERVED_BYTES = 16  # bytes kept free for " (999)" and the extension that the bytes give
_FORBIDDEN = frozenset('\\/:*?"<>|')
_DEVICES = frozenset(
    {"CON", "PRN", "AUX", "NUL", *(f"COM{number}" for number in range(10)), *(f"LPT{number}" for number in range(10))}
)
_DIRECTIONS = re.compile("[\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f]")
_EXTENSION = re.compile(r"(.+)\.(?:jpe?g|jfif|png|gif|webp|avif|bmp|tiff?|mpo|jp2)", re.IGNORECASE | re.DOTALL)


def sanitise_name(name: str) -> str:
    """The name as a file may have it: never empty, never a path, at most 255 bytes with its extension kept."""
    clean = _without_forbidden(unicodedata.normalize("NFKD", _without_forbidden(name.replace("/", "-"))))
    clean = clean.strip().rstrip(". ")
    if not clean or clean in _DEVICES:
        clean = f"__{clean}"
    return _shorten(clean, MAX_NAME_BYTES)


def file_stem(name: str) -> str:
    """The sanitised name without an extension that names a kind of picture, with room for another and a number.

    Beyond the old tool's rules: it turns no direction of writing, and is not hidden, an option or a device.
    """
    clean = sanitise_name(_DIRECTIONS.sub("", name))
    match = _EXTENSION.fullmatch(clean)
    return escape_reserved(_truncate(match[1] if match else clean, MAX_NAME_BYTES - _RESERVED_BYTES))


def numbered_name(name: str, number: int) -> str:
    """The `number`th name of different pictures that share one (a stem): `name`, `name (2)`, `name (3)`, …"""
    return name if number <= 1 else f"{name} ({number})"


def _without_forbidden(text: str) -> str:
    """Normalising can bring a forbidden character back (℀ becomes a/c), so this is done before and after."""
    return "".join(char for char in text if char not in _FORBIDDEN and unicodedata.category(char) not in ("Cc", "Cs"))


def _shorten(name: str, max_bytes: int) -> str:
    if len(name.encode()) <= max_bytes:
        return name
    head, dot, extension = name.rpartition(".")
    if not dot or not head or len(extension.encode()) > _RESERVED_BYTES:
        return _truncate(name, max_bytes)
    return f"{_truncate(head, max_bytes - 1 - len(extension.encode()))}.{extension}"


def _truncate(text: str, max_bytes: int) -> str:
    return text.encode()[:max_bytes].decode("utf-8", "ignore").rstrip(". ") or "__"
