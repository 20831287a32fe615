"""Parquet shards with pictures, in the columns that Hugging Face's `datasets` reads as images."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from harvester.errors import UsageProblem
from harvester.export.rows import COLUMNS
from harvester.export.shards import Sample

ROW_GROUP_BYTES = 64 * 2**20
"""Bytes of pictures in one row group."""


class Parquet:
    """The format: columns `image` (bytes, and the name as `path`), `caption`, and those of a row.

    Raises UsageProblem if pyarrow is not installed.
    """

    ext = "parquet"

    def __init__(self) -> None:
        try:
            import pyarrow as pa
            import pyarrow.parquet as pq
        except ImportError as error:
            raise UsageProblem(
                "parquet needs pyarrow, which is not installed: pip install 'pyarrow>=26,<27'."
            ) from error
        self._pa, self._pq = pa, pq
        types = {"text": pa.string(), "number": pa.int64(), "flag": pa.bool_(), "list": pa.list_(pa.string())}
        image = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
        columns = {name: types[kind] for name, kind in COLUMNS.items()}
        schema = pa.schema({"image": image, "caption": pa.string(), **columns})
        self._schema = schema.with_metadata({"huggingface": json.dumps({"info": {"features": _FEATURES}})})

    @contextmanager
    def begin(self, path: Path) -> Iterator["_ParquetShard"]:
        """Open a new shard."""
        with self._pq.ParquetWriter(path, self._schema, compression="zstd") as file:
            writer = _ParquetShard(file, self._pa, self._schema)
            yield writer
            writer.flush()


class _ParquetShard:
    def __init__(self, file: Any, arrow: Any, schema: Any) -> None:
        self._file, self._arrow, self._schema = file, arrow, schema
        self._rows: list[dict[str, Any]] = []
        self._bytes = 0

    def add(self, sample: Sample) -> None:
        """Add a sample; it is written once there is enough for a row group."""
        image = {"bytes": sample.picture, "path": f"{sample.key}.{sample.ext}"}
        self._rows.append({"image": image, "caption": sample.caption or None, **sample.row})
        self._bytes += len(sample.picture)
        if self._bytes >= ROW_GROUP_BYTES:
            self.flush()

    def flush(self) -> None:
        """Write the pending row group."""
        if self._rows:
            self._file.write_table(self._arrow.Table.from_pylist(self._rows, schema=self._schema))
        self._rows, self._bytes = [], 0


_DTYPES = {"text": "string", "number": "int64", "flag": "bool"}


def _describe_feature(kind: str) -> dict[str, Any]:
    if kind == "list":
        return {"feature": _describe_feature("text"), "_type": "List"}
    return {"dtype": _DTYPES[kind], "_type": "Value"}


_FEATURES = {
    "image": {"_type": "Image"},
    "caption": _describe_feature("text"),
    **{name: _describe_feature(kind) for name, kind in COLUMNS.items()},
}
