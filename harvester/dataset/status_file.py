"""The file `download_status.json`, written from the catalogue in the shape of the original download script.

    {"userIndex": {"postIndex": [{"url_idx": 0, "url": "https://…", "success": true, "error": null}, …]}}

Keys are strings; entries are sorted by `url_idx`; `error` is null, or the reason and its detail. Pending images are
included, with the error "pending".
"""

import json
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from harvester.catalogue import queries
from harvester.storage.blobs import publish_stream

Row = tuple[int, int, int, str, str, str, str, str | None]


def write_status(connection: Connection, collection: int, path: Path) -> None:
    """Write the status file of a collection, whole or not at all, in bounded memory. Raises StoreError."""
    publish_stream(path, _encode_status(queries.iter_positions(connection, collection)))


def _encode_status(rows: Iterable[Row]) -> Iterator[bytes]:
    yield b"{"
    for number, (user, user_rows) in enumerate(groupby(rows, lambda row: row[0])):
        posts = {
            str(post): [_entry_from_row(row) for row in post_rows]
            for post, post_rows in groupby(user_rows, lambda row: row[1])
        }
        yield f'{"," if number else ""}\n"{user}": {json.dumps(posts)}'.encode()
    yield b"\n}\n"


def _entry_from_row(row: Row) -> dict[str, Any]:
    _, _, url_idx, url, status, reason, detail, file = row
    success = file is not None  # a name of an image may be taken while its other output files exist
    return {
        "url_idx": url_idx,
        "url": url,
        "success": success,
        "error": None if success else _error_text(status, reason, detail),
    }


def _error_text(status: str, reason: str, detail: str) -> str:
    if status == "pending":
        return status
    return f"{reason}: {detail}" if detail else reason
