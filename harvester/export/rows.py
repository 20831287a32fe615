"""Conversion of records to table rows, captions and manifest lines."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from sqlalchemy import Row

from harvester.export.records import Record
from harvester.text import format_time

ColumnType = Literal["text", "number", "flag", "list"]

COLUMNS: dict[str, ColumnType] = {
    "site": "text", "key": "text", "url": "text", "page": "text", "author": "text", "alt": "text",
    "licence": "text", "status": "text", "reason": "text", "detail": "text", "attempts": "number",
    "discovered_at": "text", "requested_at": "text", "finished_at": "text",
    "names": "list", "albums": "list", "tags": "list", "source_tags": "list", "verdict": "text",
    "sha256": "text", "format": "text", "mode": "text", "width": "number", "height": "number", "bytes": "number",
    "animated": "flag", "frames": "number", "phash": "text", "dhash": "text", "average": "text", "whash": "text",
    "prompt": "text", "negative_prompt": "text", "model": "text", "base_model": "text", "sampler": "text",
    "seed": "text", "hearts": "number", "likes": "number", "comments": "number",
    "metadata": "text", "embedded": "text",
}  # fmt: skip
"""The columns of every row; unknown values are null. `metadata` and `embedded` are JSON texts."""

_GENERATION_COLUMNS = (
    "prompt",
    "negative_prompt",
    "model",
    "base_model",
    "sampler",
    "seed",
    "hearts",
    "likes",
    "comments",
)
_BLOB_COLUMNS = (
    "format",
    "mode",
    "width",
    "height",
    "bytes",
    "animated",
    "frames",
    "phash",
    "dhash",
    "average",
    "whash",
)
_IMAGE_COLUMNS = ("site", "key", "page", "author", "alt", "status", "reason", "detail", "attempts", "sha256")
_TIME_COLUMNS = ("discovered_at", "requested_at", "finished_at")
_LICENCE_KEYS = ("license", "licence", "rights", "terms")


def row_from_record(record: Record) -> dict[str, Any]:
    """The row of a record. Times are ISO 8601 in UTC; sizes in pixels and bytes are those of the original."""
    image = record.image
    values: dict[str, Any] = {
        "url": record.address,
        "licence": find_licence(image),
        "names": list(record.files or record.names),
        "albums": [f"{entry.owner}/{entry.album}" for entry in record.album_entries],
        "tags": list(record.tags),
        "source_tags": list(record.source_tags),
        "verdict": record.verdict,
        "metadata": _to_json(image.metadata),
        "embedded": _to_json(record.blob.embedded) if record.blob else None,
    }
    values |= {name: getattr(image, name) for name in _IMAGE_COLUMNS}
    values |= {name: _iso_time(getattr(image, name)) for name in _TIME_COLUMNS}
    values |= {name: getattr(record.blob, name) if record.blob else None for name in _BLOB_COLUMNS}
    values |= {name: getattr(record.generated, name) if record.generated else None for name in _GENERATION_COLUMNS}
    return {name: values[name] for name in COLUMNS}


def caption_from_record(record: Record) -> str:
    """A caption of one line; empty if there is none.

    It is the prompt at the source, else the embedded prompt, else the alt text, else the alt text of another image with
    the same bytes, else the tags.
    """
    embedded = (record.blob.embedded if record.blob else None) or {}
    texts = [record.generated.prompt if record.generated else None, embedded.get("prompt"), record.image.alt]
    texts += [twin.alt for twin in record.twins]
    texts += [", ".join((*(path.rpartition("/")[2] for path in record.tags), *record.source_tags))]
    lines = (" ".join(text.split()) for text in texts if isinstance(text, str))
    return next(filter(None, lines), "")


def manifest_from_record(record: Record, files: Sequence[str]) -> dict[str, Any]:
    """The manifest line of a picture, with its sources and licence; `files` are its paths in the folder."""
    return {
        "files": list(files),
        "sha256": record.image.sha256,
        "sources": [_source_entry(image) for image in (record.image, *record.twins)],
        "author": record.image.author,
        "licence": next(filter(None, map(find_licence, (record.image, *record.twins))), None),
        "verdict": record.verdict,
        "tags": list(record.tags),
        "source_tags": list(record.source_tags),
        "albums": [f"{entry.owner}/{entry.album}" for entry in record.album_entries],
    }


def find_licence(image: Row[Any]) -> str | None:
    """The licence or terms that the source states for this image; None if it states none."""
    metadata = image.metadata if isinstance(image.metadata, Mapping) else {}
    texts = (metadata.get(key) for key in _LICENCE_KEYS)
    return next((text for text in texts if isinstance(text, str) and text), None)


def _source_entry(image: Row[Any]) -> dict[str, Any]:
    names = ("site", "key", "page", "author", "alt")
    return {name: getattr(image, name) for name in names} | {
        "url": image.url or image.key,
        "licence": find_licence(image),
    }


def _to_json(value: object) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False, sort_keys=True)


def _iso_time(seconds: int | None) -> str | None:
    return None if seconds is None else format_time(seconds)
