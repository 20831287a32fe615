"""Rows of named values written as CSV or JSON, in bounded memory."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any, TextIO

from harvester.text import csv_escape, json_text

Row = Mapping[str, Any]


def write_csv(rows: Iterable[Row], columns: Sequence[str], stream: TextIO) -> None:
    """Write rows as CSV with a header line; several values in one cell are separated by ` | `."""
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(columns)
    values = itemgetter(*columns)
    for row in rows:
        writer.writerow([
            value if type(value) in _PLAIN_TYPES or (type(value) is str and value.isalnum())
            else csv_escape(join_values(value))
            for value in values(row)
        ])  # fmt: skip


_PLAIN_TYPES = frozenset({int, bool, type(None)})
"""Types whose values need no escaping; this fast check, and that for alphanumeric text, run for millions of cells."""


def join_values(value: Any) -> Any:
    """A list or dictionary as one text; other values unchanged."""
    if isinstance(value, list):
        return " | ".join(map(str, value))
    return json_text(value) if isinstance(value, dict) else value


def write_json(rows: Iterable[Row], columns: Sequence[str], stream: TextIO) -> None:
    """Write rows as a JSON list of objects, one on each line."""
    first = True
    for row in rows:
        text = json_text({column: row[column] for column in columns})
        stream.write(("[\n" if first else ",\n") + text)
        first = False
    stream.write("[]\n" if first else "\n]\n")
