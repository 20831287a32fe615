"""What an export remembers of its folder: which files there are ours, and what each was made of.

It lies in the folder as a small SQLite file. A file stands here before it is published, so that a killed export never
leaves one behind that the next takes for a stranger's.
"""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from harvester.errors import StoreError
from harvester.sites.naming import folded

NAME = ".harvester-export.db"

_SCHEMA = """
CREATE TABLE IF NOT EXISTS about (format TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS files (
    folded TEXT PRIMARY KEY,  -- the path as a file system without capitals takes it
    path TEXT NOT NULL,       -- in the folder
    stamp TEXT NOT NULL,      -- what it is made of
    size INTEGER, mtime INTEGER,  -- as published; null: not yet
    run INTEGER NOT NULL      -- the last export that wanted it
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS members (
    key TEXT PRIMARY KEY, shard INTEGER NOT NULL, image INTEGER NOT NULL, stamp TEXT NOT NULL, run INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS in_shard ON members (shard, image);
"""


@dataclass(frozen=True)
class Known:
    """A file of ours; `size` in bytes and `mtime` in nanoseconds as it was published, None where it was not."""

    path: str
    stamp: str
    size: int | None
    mtime: int | None
    run: int


class Ledger:
    """The memory of one folder. Raises StoreError where it cannot be used."""

    def __init__(self, folder: Path, *, dry: bool) -> None:
        """With `dry` a copy is worked on, which is gone when this is closed."""
        self._path = folder / NAME
        self._copy = TemporaryDirectory() if dry else None
        try:
            path = self._copied(self._copy.name) if self._copy else self._path
            self.database = sqlite3.connect(path, isolation_level=None)
            # Whole after a kill, which is what matters; after a power cut the export is made anew.
            self.database.execute("PRAGMA synchronous = OFF")
            self.database.execute("PRAGMA journal_mode = WAL")
            self.database.executescript(_SCHEMA)
        except sqlite3.Error as error:
            raise self._damaged(error) from error
        runs = self.database.execute("SELECT max(run) FROM (SELECT run FROM files UNION ALL SELECT run FROM members)")
        self.run = 1 + (runs.fetchone()[0] or 0)

    def _copied(self, folder: str) -> Path:
        for path in self._path.parent.glob(f"{NAME}*"):  # with what a killed export left beside it
            shutil.copy(path, folder)
        return Path(folder) / NAME

    @contextmanager
    def told(self) -> Iterator[None]:
        """Within: whatever is wrong with its database is raised as StoreError."""
        try:
            yield
        except sqlite3.Error as error:
            raise self._damaged(error) from error

    def _damaged(self, error: sqlite3.Error) -> StoreError:
        return StoreError(f"{self._path}, which says what was exported, cannot be used: {error}. Export elsewhere.")

    @property
    def format(self) -> str | None:
        """Of the exports into this folder; None before the first."""
        row = self.database.execute("SELECT format FROM about").fetchone()
        return None if row is None else str(row[0])

    def begin(self, format: str) -> None:
        """Remember the format."""
        if self.format is None:
            self.database.execute("INSERT INTO about VALUES (?)", (format,))

    def known(self, path: str) -> Known | None:
        """The file of ours that has this name, or one that differs in capitals only."""
        query = "SELECT path, stamp, size, mtime, run FROM files WHERE folded = ?"
        row = self.database.execute(query, (folded(path),)).fetchone()
        return None if row is None else Known(*row)

    def plan(self, path: str, stamp: str) -> None:
        """A file is about to be published."""
        values = (folded(path), path, stamp, self.run)
        self.database.execute("INSERT OR REPLACE INTO files VALUES (?, ?, ?, NULL, NULL, ?)", values)

    def published(self, path: str, stat: os.stat_result) -> None:
        """It is there."""
        values = (stat.st_size, stat.st_mtime_ns, folded(path))
        self.database.execute("UPDATE files SET size = ?, mtime = ? WHERE folded = ?", values)

    def restore(self, known: Known) -> None:
        """It is there still, as it was."""
        values = (folded(known.path), known.path, known.stamp, known.size, known.mtime, self.run)
        self.database.execute("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?, ?)", values)

    def wanted(self, path: str) -> None:
        """It was there already, and belongs to this export as well."""
        self.database.execute("UPDATE files SET run = ? WHERE folded = ?", (self.run, folded(path)))

    def forget(self, path: str) -> None:
        """It is not ours, or no more."""
        self.database.execute("DELETE FROM files WHERE folded = ?", (folded(path),))

    def unwanted(self) -> Iterator[Known]:
        """Files of earlier exports that this one did not want; may be forgotten while this is read."""
        after = ""
        query = "SELECT path, stamp, size, mtime, run, folded FROM files WHERE run < ? AND folded > ? ORDER BY folded"
        while rows := self.database.execute(f"{query} LIMIT 1000", (self.run, after)).fetchall():
            after = rows[-1][-1]
            yield from (Known(*row[:-1]) for row in rows)

    def close(self) -> None:
        """The write-ahead log goes into the file."""
        with suppress(sqlite3.Error):
            self.database.close()
        if self._copy:
            self._copy.cleanup()
