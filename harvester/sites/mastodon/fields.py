"""Values in the answers of strangers: each comes out with the type that was asked for, bounded, or empty."""

import re
from datetime import UTC, datetime
from typing import Any

from harvester.sites import strictjson
from harvester.text import storable

LONGEST_TEXT = 20_000
"""Characters of one text; Mastodon's own longest is an alt text of 10,000."""

MOST_ENTRIES = 1000
"""Entries of one list; a page has 40 posts, a post up to 20 pictures on the most generous software."""

_ID = re.compile(r"[!-~]{1,100}")


def parsed(body: bytes) -> Any:
    """The JSON value of a body; None where it is not JSON (or is `null`), nested too deeply or too much of it."""
    try:
        return strictjson.parsed(body)
    except ValueError:
        return None


def mapping(value: Any) -> dict[str, Any]:
    """The object, or an empty one."""
    return value if isinstance(value, dict) else {}


def entries(value: Any) -> list[dict[str, Any]]:
    """The objects in a list; everything else in it is left out."""
    found = value[:MOST_ENTRIES] if isinstance(value, list) else []
    return [entry for entry in found if isinstance(entry, dict)]


def text(value: Any) -> str:
    """The text, as a database takes it, or an empty one."""
    if not isinstance(value, str):
        return ""
    return storable(value[:LONGEST_TEXT]).encode("utf-8", "replace").decode("utf-8")


def ident(value: Any) -> str:
    """An id, which is an opaque text (D `api/guidelines.md`), or a whole number; empty where there is none."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**40:
        value = str(value)
    return value if isinstance(value, str) and _ID.fullmatch(value) else ""


def number(value: Any) -> int | float | None:
    """A finite number, or None."""
    sensible = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 2**53
    return value if sensible else None


def moment(value: Any) -> datetime | None:
    """A point in time, UTC; a time without a zone is UTC. None where there is none."""
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
        return found and (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
