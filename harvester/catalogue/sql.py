"""SQL helpers for the catalogue: chunks, prefixes, inserts that skip existing rows, the current time."""

import time
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, Table, and_, insert, select, true

from harvester.catalogue.schema import collections


def insert_new(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert the rows that do not exist yet; an existing row with the same unique key is left unchanged."""
    if not rows:
        return
    name = connection.dialect.name
    if name in ("sqlite", "postgresql"):
        dialect = import_module(f"sqlalchemy.dialects.{name}")  # loads only the dialect in use, which saves time
        connection.execute(dialect.insert(table).on_conflict_do_nothing(), rows)
    else:
        connection.execute(insert(table).prefix_with("IGNORE"), rows)


T = TypeVar("T")

CHUNK_SIZE = 500
"""Number of values in one IN list; every database accepts that many."""

ALL_COLLECTION_IDS = select(collections.c.id)
"""Every collection. Name it in a condition so that an index beginning with the collection is used."""


def chunks(values: Sequence[T], size: int = CHUNK_SIZE) -> Iterator[Sequence[T]]:
    """Split the values into pieces of at most `size`."""
    for start in range(0, len(values), size):
        yield values[start : start + size]


def starts_with(column: Any, prefix: str) -> ColumnElement[bool]:
    """The condition that a sha256 starts with these hex digits, written so that an index is used; "" matches all."""
    return true() if not prefix else and_(column >= prefix, column < prefix + "g")  # g sorts after every hex digit


def now() -> int:
    """The current time in whole seconds since 1970."""
    return int(time.time())
