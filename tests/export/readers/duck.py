"""Asks DuckDB about the files of an export; prints the rows as JSON lines."""

import json
import sys

import duckdb

result = duckdb.sql(sys.argv[1])
for row in result.fetchall():
    print(json.dumps(dict(zip(result.columns, row, strict=True)), default=str))
