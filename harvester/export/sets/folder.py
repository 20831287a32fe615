"""The folder of an export: files appear there whole, replace only our own, and go when they do not belong any more.

A file that was changed after we wrote it is its owner's: it is neither replaced nor removed.
"""

import hashlib
import os
import shutil
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from secrets import token_hex

from harvester.errors import StoreError
from harvester.export.sets.ledger import Known, Ledger
from harvester.links import leads_elsewhere

UNFINISHED = ".harvester-export.tmp"
"""Where files lie until they are whole; emptied by the next export after a kill."""

TAKEN = "name taken by another file"

Write = Callable[[Path], object]
"""Writes a file at a path where there is none."""


class CannotExport(Exception):
    """Something cannot be exported; the text is a reason of few words, to be counted."""


class Folder:
    """Where an export goes. `files` counts: written, unchanged, removed, yours (changed by their owner, left alone).

    All but `publish` is to be called from one thread. With `dry` nothing is touched.
    """

    def __init__(self, root: Path, ledger: Ledger, *, dry: bool) -> None:
        self.root = root
        self.dry = dry
        self.files: Counter[str] = Counter()
        self._ledger = ledger
        self._unfinished = root / UNFINISHED
        if not dry:
            shutil.rmtree(self._unfinished, ignore_errors=True)
            _make(self._unfinished)

    def part(self) -> Path:
        """The path of a new unfinished file."""
        return self._unfinished / token_hex(8)

    def has(self, path: str, stamp: str) -> bool:
        """Whether the name is taken: by something else of this export, or by a stranger."""
        known = self._ledger.known(path)
        if known is not None and known.run == self._ledger.run:
            return known.stamp != stamp
        return self._is_strange(path, known, self._stat(path))

    def needs(self, path: str, stamp: str) -> bool:
        """Whether a file has to be written; where it must not be, raises CannotExport. Notes that it belongs here."""
        if leads_elsewhere(self.root, path):
            raise CannotExport(TAKEN)
        known, there = self._ledger.known(path), self._stat(path)
        if known is not None and known.run == self._ledger.run and known.stamp == stamp:
            return False
        if self._is_strange(path, known, there):
            raise CannotExport(TAKEN)
        if there is not None and known and known.size is not None and known.path == path:
            if not _untouched(known, there):
                return self._keep(path, "yours")
            if known.stamp == stamp:
                return self._keep(path, "unchanged")
        return True

    def _is_strange(self, path: str, known: Known | None, there: os.stat_result | None) -> bool:
        """Whether a file that is there is not ours, which may have the name in other capitals."""
        if there is None or (known and known.path == path):
            return False
        ours = self._stat(known.path) if known else None
        return ours is None or not os.path.samestat(ours, there)

    def _keep(self, path: str, count: str) -> bool:
        self._ledger.wanted(path)
        self.files[count] += 1
        return False

    def plan(self, path: str, stamp: str) -> Known | None:
        """Note that a file is about to be published. Returns our own that it is going to replace."""
        known = self._ledger.known(path)
        if known is not None and known.path != path:
            self._remove(known)
        self._ledger.plan(path, stamp)
        return known if known is not None and known.size is not None else None

    def publish(self, path: str, write: Write, former: Known | None) -> None:
        """Raises CannotExport where a stranger's file has the name, and StoreError; may be called from a thread."""
        if self.dry:
            return
        part, whole = self.part(), self.root / path
        try:
            whole.parent.mkdir(parents=True, exist_ok=True)
            write(part)
            if former:
                part.replace(whole)
            else:
                _take_name(part, whole)
        except OSError as error:
            raise StoreError(f"{whole} cannot be written: {error.strerror or error}.") from error
        finally:
            part.unlink(missing_ok=True)

    def published(self, path: str) -> None:
        """Note that it is there."""
        self.files["written"] += 1
        if not self.dry:
            self._ledger.published(path, (self.root / path).lstat())

    def refused(self, path: str, former: Known | None) -> None:
        """Note that it is not; what was to be replaced stays, as it may be the last of its kind."""
        self._ledger.forget(path)
        if former:
            self._ledger.restore(former)

    def whole(self, path: str, part: Path) -> None:
        """Publish what every export makes anew, unless it came out as it was. Raises CannotExport and StoreError."""
        stamp = _digest_of(part)
        if self.needs(path, stamp):
            former = self.plan(path, stamp)
            try:
                self.publish(path, part.replace, former)
            except CannotExport:
                self.refused(path, former)
                raise
            self.published(path)
        part.unlink(missing_ok=True)

    def tidy(self) -> None:
        """Remove the files of earlier exports that this one did not want, and folders that have become empty."""
        for known in self._ledger.unwanted():
            self.files["removed" if self._remove(known) else "yours"] += 1
            self._ledger.forget(known.path)

    def close(self) -> None:
        """Nothing unfinished is left."""
        if not self.dry:
            shutil.rmtree(self._unfinished, ignore_errors=True)

    def _remove(self, known: Known) -> bool:
        there = self._stat(known.path)
        if there is None:
            return True
        if leads_elsewhere(self.root, known.path) or not _untouched(known, there):
            return False
        if not self.dry:
            (self.root / known.path).unlink()
            for folder in list(Path(known.path).parents)[:-1]:
                with suppress(OSError):
                    (self.root / folder).rmdir()
        return True

    def _stat(self, path: str) -> os.stat_result | None:
        try:
            return (self.root / path).lstat()
        except (FileNotFoundError, NotADirectoryError):
            return None


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{folder} cannot be made: {error.strerror}.") from error


def _untouched(known: Known, there: os.stat_result) -> bool:
    return (there.st_size, there.st_mtime_ns) == (known.size, known.mtime)


def _take_name(part: Path, whole: Path) -> None:
    """Without replacing anything; what a killed export of the same left there is taken over."""
    try:
        whole.hardlink_to(part)
    except OSError:
        if not os.path.lexists(whole):  # no hard links there
            part.rename(whole)
        elif whole.is_symlink() or not whole.is_file() or _digest_of(whole) != _digest_of(part):
            raise CannotExport(TAKEN) from None


def _digest_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
