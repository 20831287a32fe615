"""SQL helpers shared by all of `catalogue/`: chunks, prefixes, inserts that skip what is there, the time now."""

import time
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, Table, and_, insert, select, true

from harvester.catalogue.schema import collections


def insert_new(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert the rows that are not there yet; one that breaks a unique key is left as it is."""
    if not rows:
        return
    name = connection.dialect.name
    if name in ("sqlite", "postgresql"):
        dialect = import_module(f"sqlalchemy.dialects.{name}")  # the other one takes time to load
        connection.execute(dialect.insert(table).on_conflict_do_nothing(), rows)
    else:
        connection.execute(insert(table).prefix_with("IGNORE"), rows)


T = TypeVar("T")

CHUNK_SIZE = 500
"""How many values go into one IN list; every database takes that many."""

ALL_COLLECTION_IDS = select(collections.c.id)
"""Every collection. To be asked for in so many words, where an index that begins with the collection is to be used."""


def chunks(values: Sequence[T], size: int = CHUNK_SIZE) -> Iterator[Sequence[T]]:
    """The values in pieces of `size`."""
    for start in range(0, len(values), size):
        yield values[start : start + size]


def starts_with(column: Any, prefix: str) -> ColumnElement[bool]:
    """Whether a sha256 begins with these hex digits, so that an index is of use; every one does with none."""
    return true() if not prefix else and_(column >= prefix, column < prefix + "g")  # g comes behind every hex digit


def now() -> int:
    """The time as the catalogue writes it."""
    return int(time.time())
