"""Typed access to values in strangers' JSON: each has the requested type and a bounded size, or is empty."""

from datetime import UTC, datetime
from typing import Any

from harvester.parsing import json_values


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
    items = value[: json_values.MAX_ENTRIES] if isinstance(value, list) else []
    return [entry for entry in items if isinstance(entry, dict)]


def as_text(value: Any) -> str:
    """The text, as a database takes it, or an empty one."""
    return json_values.Json(value).text


def as_id(value: Any) -> str:
    """An id, which is an opaque text (D `api/guidelines.md`), or a whole number; empty where there is none."""
    return json_values.Json(value).id


def as_number(value: Any) -> int | float | None:
    """A finite number, or None."""
    return json_values.Json(value).number


def as_datetime(value: Any) -> datetime | None:
    """A point in time in UTC; a time without a zone counts as UTC. None for other values."""
    try:
        result = datetime.fromisoformat(value) if isinstance(value, str) else None
        return result and (result if result.tzinfo else result.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
