"""Rows of named values written as CSV or JSON, in bounded memory."""

from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any, TextIO

from harvester.text import csv_writer, json_text

Row = Mapping[str, Any]


def write_csv(rows: Iterable[Row], columns: Sequence[str], stream: TextIO) -> None:
    """Write rows as CSV with a header line; several values in one cell are separated by ` | `."""
    write_row = csv_writer(stream.write, nested=_join_values)
    write_row(columns)
    values = itemgetter(*columns)
    for row in rows:
        write_row(values(row))


def _join_values(value: list[Any] | dict[str, Any]) -> str:
    return " | ".join(map(str, value)) if isinstance(value, list) else json_text(value)


def write_json(rows: Iterable[Row], columns: Sequence[str], stream: TextIO) -> None:
    """Write rows as a JSON list of objects, one on each line."""
    first = True
    for row in rows:
        text = json_text({column: row[column] for column in columns})
        stream.write(("[\n" if first else ",\n") + text)
        first = False
    stream.write("[]\n" if first else "\n]\n")
