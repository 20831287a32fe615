"""Asks DuckDB about the files of an export; prints the rows as JSON lines."""

import json
import sys

import duckdb

found = duckdb.sql(sys.argv[1])
for row in found.fetchall():
    print(json.dumps(dict(zip(found.columns, row, strict=True)), default=str))
