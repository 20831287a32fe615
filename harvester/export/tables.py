"""Rows of named values, one after the other, as CSV or JSON. Memory does not grow with them."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TextIO

from harvester.text import cell, json_text

Row = Mapping[str, Any]


def write_csv(rows: Iterable[Row], columns: Sequence[str], stream: TextIO) -> None:
    """With a line of headings; several values in one cell have ` | ` between them."""
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_cell(row[column]) for column in columns])


def _cell(value: Any) -> Any:
    """Most values are texts or numbers; this is asked for each of millions."""
    if type(value) is str:
        return cell(value)
    return value if value is None or type(value) is int else cell(flat(value))


def flat(value: Any) -> Any:
    """Several values as one text."""
    if isinstance(value, list):
        return " | ".join(map(str, value))
    return json_text(value) if isinstance(value, dict) else value


def write_json(rows: Iterable[Row], columns: Sequence[str], stream: TextIO) -> None:
    """A list of objects, one on each line."""
    first = True
    for row in rows:
        told = json_text({column: row[column] for column in columns})
        stream.write(("[\n" if first else ",\n") + told)
        first = False
    stream.write("[]\n" if first else "\n]\n")
