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

from harvester.errors import BadInput, HarvesterError, StoreError
from harvester.sites.naming import folded

NAME = ".harvester-export.db"

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

_UNWANTED = "SELECT path, stamp, size, mtime, folded FROM files WHERE run < ? AND folded > ? ORDER BY folded LIMIT 1000"
_LAST_RUN = """
SELECT max(run) FROM (SELECT run FROM files UNION ALL SELECT run FROM plans UNION ALL SELECT run FROM packed)
"""


@dataclass(frozen=True)
class Known:
    """A file of ours; `size` in bytes and `mtime` in nanoseconds as it was published.

    Of a plan: as it will be, None while the file is being written.
    """

    path: str
    stamp: str
    size: int | None
    mtime: int | None


class Ledger:
    """The memory of one folder. Raises BadInput where it is damaged, StoreError where it cannot be written."""

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
            self.run = 1 + (self.database.execute(_LAST_RUN).fetchone()[0] or 0)
        except (sqlite3.Error, OSError) as error:
            if self._copy:
                self._copy.cleanup()
            raise self._unusable(error) from error

    def _copied(self, folder: str) -> Path:
        for path in self._path.parent.glob(f"{NAME}*"):  # with what a killed export left beside it
            shutil.copy(path, folder)
        return Path(folder) / NAME

    @contextmanager
    def told(self) -> Iterator[None]:
        """Within: whatever is wrong with its database is raised as BadInput or StoreError."""
        try:
            yield
        except sqlite3.Error as error:
            raise self._unusable(error) from error

    def _unusable(self, error: Exception) -> HarvesterError:
        of_the_disk = isinstance(error, (sqlite3.OperationalError, OSError))  # SQLite calls damage a DatabaseError
        kind = StoreError if of_the_disk else BadInput
        return kind(f"{self._path}, which says what was exported, cannot be used: {error}. Export elsewhere.")

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
        query = "SELECT path, stamp, size, mtime FROM files WHERE folded = ?"
        row = self.database.execute(query, (folded(path),)).fetchone()
        return None if row is None else Known(*row)

    def taken(self, path: str) -> tuple[str, str] | None:
        """Path and stamp of what this export has, or is about to have, under this name but for capitals."""
        query = "SELECT path, stamp FROM plans WHERE folded = ?1 UNION ALL "
        query += "SELECT path, stamp FROM files WHERE folded = ?1 AND run = ?2"
        row: tuple[str, str] | None = self.database.execute(query, (folded(path), self.run)).fetchone()
        return row

    def plan(self, path: str, stamp: str) -> None:
        """A file is about to be published."""
        values = (folded(path), path, stamp, self.run)
        self.database.execute("INSERT OR REPLACE INTO plans VALUES (?, ?, ?, NULL, NULL, ?)", values)

    def ready(self, path: str, stat: os.stat_result) -> None:
        """What was planned is whole, and only lacks its name."""
        values = (stat.st_size, stat.st_mtime_ns, folded(path))
        self.database.execute("UPDATE plans SET size = ?, mtime = ? WHERE folded = ?", values)

    def plans(self) -> list[Known]:
        """What is neither published nor refused; when an export begins: what a killed one left behind."""
        return [Known(*row) for row in self.database.execute("SELECT path, stamp, size, mtime FROM plans")]

    def published(self, path: str, stat: os.stat_result) -> None:
        """What was planned is there."""
        self.ready(path, stat)
        self.database.execute("BEGIN")
        self.database.execute("INSERT OR REPLACE INTO files SELECT * FROM plans WHERE folded = ?", (folded(path),))
        self.refused(path)
        self.database.execute("COMMIT")

    def refused(self, path: str) -> None:
        """What was planned will not be there."""
        self.database.execute("DELETE FROM plans WHERE folded = ?", (folded(path),))

    def wanted(self, path: str) -> None:
        """It was there already, and belongs to this export as well."""
        self.database.execute("UPDATE files SET run = ? WHERE folded = ?", (self.run, folded(path)))

    def forget(self, path: str) -> None:
        """It is not ours, or no more."""
        self.database.execute("DELETE FROM files WHERE folded = ?", (folded(path),))

    def unwanted(self) -> Iterator[Known]:
        """Files of earlier exports that this one did not want; may be forgotten while this is read."""
        after = ""
        while rows := self.database.execute(_UNWANTED, (self.run, after)).fetchall():
            after = rows[-1][-1]
            yield from (Known(*row[:-1]) for row in rows)

    def close(self) -> None:
        """The write-ahead log goes into the file."""
        with suppress(sqlite3.Error):
            self.database.close()
        if self._copy:
            self._copy.cleanup()
