"""Typed access to values in strangers' JSON: each has the requested type and a bounded size, or is empty."""

import re
from datetime import UTC, datetime
from typing import Any

from harvester.parsing import json_values
from harvester.text import strip_unstorable

MAX_TEXT_LENGTH = 20_000
"""Characters of one text; Mastodon's longest are alt texts of 10,000."""

MAX_ENTRIES = 1000
"""Entries of one list; a page has 40 posts, a post up to 20 pictures on the most generous software."""

_ID = re.compile(r"[!-~]{1,100}")


def parse_json_or_none(body: bytes) -> Any:
    """The JSON value of a body; None if it is `null`, not JSON, nested too deeply or too large."""
    try:
        return json_values.parse_json(body)
    except ValueError:
        return None


def as_dict(value: Any) -> dict[str, Any]:
    """The object, or an empty one."""
    return value if isinstance(value, dict) else {}


def as_dicts(value: Any) -> list[dict[str, Any]]:
    """The objects in a list, without its other values."""
    items = value[:MAX_ENTRIES] if isinstance(value, list) else []
    return [entry for entry in items if isinstance(entry, dict)]


def as_text(value: Any) -> str:
    """The text, without characters that a database cannot store; empty for other types."""
    if not isinstance(value, str):
        return ""
    return strip_unstorable(value[:MAX_TEXT_LENGTH]).encode("utf-8", "replace").decode("utf-8")


def as_id(value: Any) -> str:
    """An id as text; it is an opaque text (D `api/guidelines.md`) or a whole number. Empty for other types."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**40:
        value = str(value)
    return value if isinstance(value, str) and _ID.fullmatch(value) else ""


def as_number(value: Any) -> int | float | None:
    """A finite number, or None."""
    is_usable = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 2**53
    return value if is_usable else None


def as_datetime(value: Any) -> datetime | None:
    """A point in time in UTC; a time without a zone counts as UTC. None for other values."""
    try:
        result = datetime.fromisoformat(value) if isinstance(value, str) else None
        return result and (result if result.tzinfo else result.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
