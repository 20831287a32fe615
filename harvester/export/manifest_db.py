"""Manifest of an export folder: which files harvester wrote there, and from what.

It is a small SQLite file in the folder. A file that is about to be published is recorded as a plan, next to the
exported file that it replaces. Whichever of the two a killed export leaves behind, the next export recognizes it.
"""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from harvester.errors import HarvesterError, StoreError, UsageProblem
from harvester.parsing.file_names import fold_name

DATABASE_NAME = ".harvester-export.db"

_SCHEMA = """
CREATE TABLE IF NOT EXISTS about (format TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS files (
    folded TEXT PRIMARY KEY,  -- the path, folded as on a case-insensitive file system
    path TEXT NOT NULL,       -- relative to the folder
    stamp TEXT NOT NULL,      -- identifies its content
    size INTEGER, mtime INTEGER,  -- as published
    run INTEGER NOT NULL      -- the last export that wanted it
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS plans (  -- as files; size and mtime are null until the file is complete
    folded TEXT PRIMARY KEY, path TEXT NOT NULL, stamp TEXT NOT NULL, size INTEGER, mtime INTEGER, run INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS packed (
    key TEXT PRIMARY KEY, shard INTEGER NOT NULL, image INTEGER NOT NULL, stamp TEXT NOT NULL, run INTEGER NOT NULL,
    bytes INTEGER NOT NULL  -- of the original
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS in_shard_packed ON packed (shard, image);
"""

_STALE_QUERY = (
    "SELECT path, stamp, size, mtime, folded FROM files WHERE run < ? AND folded > ? ORDER BY folded LIMIT 1000"
)
_LAST_RUN_QUERY = """
SELECT max(run) FROM (SELECT run FROM files UNION ALL SELECT run FROM plans UNION ALL SELECT run FROM packed)
"""


@dataclass(frozen=True)
class ExportedFile:
    """An exported file; `size` in bytes and `mtime` in nanoseconds are those at publication.

    For a plan they are those of the finished file, None while it is being written.
    """

    path: str
    stamp: str
    size: int | None
    mtime: int | None


class ExportManifest:
    """The manifest of one folder. Raises UsageProblem if it is damaged, StoreError if it cannot be written."""

    def __init__(self, folder: Path, *, dry: bool) -> None:
        """Open the manifest; with `dry` use a temporary copy that is deleted on closing."""
        self._path = folder / DATABASE_NAME
        self._temporary = TemporaryDirectory() if dry else None
        try:
            path = self._copy_files(self._temporary.name) if self._temporary else self._path
            self.database = sqlite3.connect(path, isolation_level=None)
            # The file survives a kill, which is what matters; after a power cut the export is made again.
            self.database.execute("PRAGMA synchronous = OFF")
            self.database.execute("PRAGMA journal_mode = WAL")
            self.database.executescript(_SCHEMA)
            self.run = 1 + (self.database.execute(_LAST_RUN_QUERY).fetchone()[0] or 0)
        except (sqlite3.Error, OSError) as error:
            if self._temporary:
                self._temporary.cleanup()
            raise self._unusable_error(error) from error

    def _copy_files(self, folder: str) -> Path:
        for path in self._path.parent.glob(f"{DATABASE_NAME}*"):  # includes the log of a killed export
            shutil.copy(path, folder)
        return Path(folder) / DATABASE_NAME

    @contextmanager
    def translate_errors(self) -> Iterator[None]:
        """Raise errors of the manifest database inside the block as UsageProblem or StoreError."""
        try:
            yield
        except sqlite3.Error as error:
            raise self._unusable_error(error) from error

    def _unusable_error(self, error: Exception) -> HarvesterError:
        is_disk_error = isinstance(error, (sqlite3.OperationalError, OSError))  # SQLite reports damage as DatabaseError
        error_type = StoreError if is_disk_error else UsageProblem
        return error_type(f"The export manifest {self._path} cannot be used: {error}. Export to another folder.")

    @property
    def format(self) -> str | None:
        """The format of the exports in this folder; None before the first."""
        row = self.database.execute("SELECT format FROM about").fetchone()
        return None if row is None else str(row[0])

    def set_format(self, format: str) -> None:
        """Record the format, if none is recorded yet."""
        if self.format is None:
            self.database.execute("INSERT INTO about VALUES (?)", (format,))

    def find_file(self, path: str) -> ExportedFile | None:
        """The exported file with this path, ignoring case; None if there is none."""
        query = "SELECT path, stamp, size, mtime FROM files WHERE folded = ?"
        row = self.database.execute(query, (fold_name(path),)).fetchone()
        return None if row is None else ExportedFile(*row)

    def find_current(self, path: str) -> tuple[str, str] | None:
        """(path, stamp) of the file that this export has or plans at this path, ignoring case; else None."""
        query = "SELECT path, stamp FROM plans WHERE folded = ?1 UNION ALL "
        query += "SELECT path, stamp FROM files WHERE folded = ?1 AND run = ?2"
        row: tuple[str, str] | None = self.database.execute(query, (fold_name(path), self.run)).fetchone()
        return row

    def add_plan(self, path: str, stamp: str) -> None:
        """Plan the publication of a file."""
        values = (fold_name(path), path, stamp, self.run)
        self.database.execute("INSERT OR REPLACE INTO plans VALUES (?, ?, ?, NULL, NULL, ?)", values)

    def mark_ready(self, path: str, stat: os.stat_result) -> None:
        """Note that a planned file is complete and only has to be renamed."""
        values = (stat.st_size, stat.st_mtime_ns, fold_name(path))
        self.database.execute("UPDATE plans SET size = ?, mtime = ? WHERE folded = ?", values)

    def read_plans(self) -> list[ExportedFile]:
        """The open plans; at the start of an export, those that a killed export left behind."""
        return [ExportedFile(*row) for row in self.database.execute("SELECT path, stamp, size, mtime FROM plans")]

    def mark_published(self, path: str, stat: os.stat_result) -> None:
        """Turn a plan into an exported file."""
        self.mark_ready(path, stat)
        self.database.execute("BEGIN")
        self.database.execute("INSERT OR REPLACE INTO files SELECT * FROM plans WHERE folded = ?", (fold_name(path),))
        self.delete_plan(path)
        self.database.execute("COMMIT")

    def delete_plan(self, path: str) -> None:
        """Delete a plan, because the file will not be published."""
        self.database.execute("DELETE FROM plans WHERE folded = ?", (fold_name(path),))

    def mark_current(self, path: str) -> None:
        """Note that an existing file belongs to this export, too."""
        self.database.execute("UPDATE files SET run = ? WHERE folded = ?", (self.run, fold_name(path)))

    def forget_file(self, path: str) -> None:
        """Forget a file that is not, or no longer, an exported one."""
        self.database.execute("DELETE FROM files WHERE folded = ?", (fold_name(path),))

    def stale_files(self) -> Iterator[ExportedFile]:
        """Files of earlier exports that do not belong to this one; they may be forgotten during the iteration."""
        after = ""
        while rows := self.database.execute(_STALE_QUERY, (self.run, after)).fetchall():
            after = rows[-1][-1]
            yield from (ExportedFile(*row[:-1]) for row in rows)

    def close(self) -> None:
        """Close the database, which merges its write-ahead log."""
        with suppress(sqlite3.Error):
            self.database.close()
        if self._temporary:
            self._temporary.cleanup()
