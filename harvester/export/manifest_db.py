"""What an export remembers of its folder: which files there are ours, and what each was made of.

It lies in the folder as a small SQLite file. What is about to be published stands here as a plan, beside the file of
ours that it replaces: whichever of the two a killed export leaves behind, the next knows it for ours.
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
    folded TEXT PRIMARY KEY,  -- the path as a file system without capitals takes it
    path TEXT NOT NULL,       -- in the folder
    stamp TEXT NOT NULL,      -- what it is made of
    size INTEGER, mtime INTEGER,  -- as published
    run INTEGER NOT NULL      -- the last export that wanted it
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS plans (  -- as files; size and mtime are null until it only lacks its name
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
    """A file of ours; `size` in bytes and `mtime` in nanoseconds as it was published.

    Of a plan: as it will be, None while the file is being written.
    """

    path: str
    stamp: str
    size: int | None
    mtime: int | None


class ExportManifest:
    """The memory of one folder. Raises BadInput where it is damaged, StoreError where it cannot be written."""

    def __init__(self, folder: Path, *, dry: bool) -> None:
        """With `dry` a copy is worked on, which is gone when this is closed."""
        self._path = folder / DATABASE_NAME
        self._temporary = TemporaryDirectory() if dry else None
        try:
            path = self._copy_files(self._temporary.name) if self._temporary else self._path
            self.database = sqlite3.connect(path, isolation_level=None)
            # Whole after a kill, which is what matters; after a power cut the export is made anew.
            self.database.execute("PRAGMA synchronous = OFF")
            self.database.execute("PRAGMA journal_mode = WAL")
            self.database.executescript(_SCHEMA)
            self.run = 1 + (self.database.execute(_LAST_RUN_QUERY).fetchone()[0] or 0)
        except (sqlite3.Error, OSError) as error:
            if self._temporary:
                self._temporary.cleanup()
            raise self._unusable_error(error) from error

    def _copy_files(self, folder: str) -> Path:
        for path in self._path.parent.glob(f"{DATABASE_NAME}*"):  # with what a killed export left beside it
            shutil.copy(path, folder)
        return Path(folder) / DATABASE_NAME

    @contextmanager
    def translate_errors(self) -> Iterator[None]:
        """Within: whatever is wrong with its database is raised as BadInput or StoreError."""
        try:
            yield
        except sqlite3.Error as error:
            raise self._unusable_error(error) from error

    def _unusable_error(self, error: Exception) -> HarvesterError:
        is_disk_error = isinstance(error, (sqlite3.OperationalError, OSError))  # SQLite calls damage a DatabaseError
        error_type = StoreError if is_disk_error else UsageProblem
        return error_type(f"{self._path}, which says what was exported, cannot be used: {error}. Export elsewhere.")

    @property
    def format(self) -> str | None:
        """Of the exports into this folder; None before the first."""
        row = self.database.execute("SELECT format FROM about").fetchone()
        return None if row is None else str(row[0])

    def set_format(self, format: str) -> None:
        """Remember the format."""
        if self.format is None:
            self.database.execute("INSERT INTO about VALUES (?)", (format,))

    def find_file(self, path: str) -> ExportedFile | None:
        """The file of ours that has this name, or one that differs in capitals only."""
        query = "SELECT path, stamp, size, mtime FROM files WHERE folded = ?"
        row = self.database.execute(query, (fold_name(path),)).fetchone()
        return None if row is None else ExportedFile(*row)

    def find_current(self, path: str) -> tuple[str, str] | None:
        """Path and stamp of what this export has, or is about to have, under this name but for capitals."""
        query = "SELECT path, stamp FROM plans WHERE folded = ?1 UNION ALL "
        query += "SELECT path, stamp FROM files WHERE folded = ?1 AND run = ?2"
        row: tuple[str, str] | None = self.database.execute(query, (fold_name(path), self.run)).fetchone()
        return row

    def add_plan(self, path: str, stamp: str) -> None:
        """A file is about to be published."""
        values = (fold_name(path), path, stamp, self.run)
        self.database.execute("INSERT OR REPLACE INTO plans VALUES (?, ?, ?, NULL, NULL, ?)", values)

    def mark_ready(self, path: str, stat: os.stat_result) -> None:
        """What was planned is whole, and only lacks its name."""
        values = (stat.st_size, stat.st_mtime_ns, fold_name(path))
        self.database.execute("UPDATE plans SET size = ?, mtime = ? WHERE folded = ?", values)

    def read_plans(self) -> list[ExportedFile]:
        """What is neither published nor refused; when an export begins: what a killed one left behind."""
        return [ExportedFile(*row) for row in self.database.execute("SELECT path, stamp, size, mtime FROM plans")]

    def mark_published(self, path: str, stat: os.stat_result) -> None:
        """What was planned is there."""
        self.mark_ready(path, stat)
        self.database.execute("BEGIN")
        self.database.execute("INSERT OR REPLACE INTO files SELECT * FROM plans WHERE folded = ?", (fold_name(path),))
        self.delete_plan(path)
        self.database.execute("COMMIT")

    def delete_plan(self, path: str) -> None:
        """What was planned will not be there."""
        self.database.execute("DELETE FROM plans WHERE folded = ?", (fold_name(path),))

    def mark_current(self, path: str) -> None:
        """It was there already, and belongs to this export as well."""
        self.database.execute("UPDATE files SET run = ? WHERE folded = ?", (self.run, fold_name(path)))

    def forget_file(self, path: str) -> None:
        """It is not ours, or no more."""
        self.database.execute("DELETE FROM files WHERE folded = ?", (fold_name(path),))

    def stale_files(self) -> Iterator[ExportedFile]:
        """Files of earlier exports that this one did not want; may be forgotten while this is read."""
        after = ""
        while rows := self.database.execute(_STALE_QUERY, (self.run, after)).fetchall():
            after = rows[-1][-1]
            yield from (ExportedFile(*row[:-1]) for row in rows)

    def close(self) -> None:
        """The write-ahead log goes into the file."""
        with suppress(sqlite3.Error):
            self.database.close()
        if self._temporary:
            self._temporary.cleanup()
