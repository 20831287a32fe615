"""WebDataset shards: tar files with the picture, the caption and the row of each sample."""

import io
import json
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harvester.export.shards import Sample


class WebDataset:
    """The format: `<key>.<ext>`, `<key>.txt` if there is a caption, and `<key>.json`.

    Entries have no times, so that equal content gives equal bytes.
    """

    ext = "tar"

    @contextmanager
    def begin(self, path: Path) -> Iterator["_TarShard"]:
        """Open a new shard."""
        with tarfile.open(path, "x", format=tarfile.PAX_FORMAT) as file:
            yield _TarShard(file)


class _TarShard:
    def __init__(self, file: tarfile.TarFile) -> None:
        self._file = file

    def add(self, sample: Sample) -> None:
        """Append the files of a sample next to each other, as readers require."""
        self._add_file(f"{sample.key}.{sample.ext}", sample.picture)
        if sample.caption:
            self._add_file(f"{sample.key}.txt", sample.caption.encode())
        self._add_file(f"{sample.key}.json", json.dumps(sample.row, ensure_ascii=False).encode())

    def _add_file(self, name: str, data: bytes) -> None:
        entry = tarfile.TarInfo(name)
        entry.size, entry.mode = len(data), 0o644
        self._file.addfile(entry, io.BytesIO(data))
