"""The folder of an export: files appear there whole, replace only our own, and go when they do not belong any more.

A file that was changed after we wrote it is its owner's: it is neither replaced nor removed.
"""

import os
import shutil
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from secrets import token_hex

from harvester.errors import StoreError
from harvester.export.sets.ledger import Known, Ledger
from harvester.export.sets.naming import digest_of, make, take_name, untouched
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

    All but `write` is to be called from one thread. With `dry` nothing is touched.
    """

    def __init__(self, root: Path, ledger: Ledger, *, dry: bool) -> None:
        self.root = root
        self.dry = dry
        self.files: Counter[str] = Counter()
        self._ledger = ledger
        self._unfinished = root / UNFINISHED
        if not dry:
            shutil.rmtree(self._unfinished, ignore_errors=True)
            make(self._unfinished)
        for plan in ledger.plans():
            self._recover(plan)

    def _recover(self, plan: Known) -> None:
        """A killed export planned it: it has its name already, or what it was to replace is there still."""
        there = self._stat(plan.path)
        if there is not None and untouched(plan, there):
            self._ledger.published(plan.path, there)
        else:
            self._ledger.refused(plan.path)

    def part(self) -> Path:
        """The path of a new unfinished file."""
        return self._unfinished / token_hex(8)

    def has(self, path: str, stamp: str) -> bool:
        """Whether the name is taken: by something else of this export, or by a stranger."""
        taken = self._ledger.taken(path)
        if taken is not None:
            return taken != (path, stamp)
        return self._is_strange(path, self._ledger.known(path), self._stat(path))

    def needs(self, path: str, stamp: str) -> bool:
        """Whether a file has to be written; where it must not be, raises CannotExport. Notes that it belongs here."""
        taken = self._ledger.taken(path)
        if leads_elsewhere(self.root, path) or taken not in (None, (path, stamp)):
            raise CannotExport(TAKEN)
        if taken:
            return False
        known, there = self._ledger.known(path), self._stat(path)
        if self._is_strange(path, known, there):
            raise CannotExport(TAKEN)
        if there is not None and known and known.path == path:
            if not untouched(known, there):
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

    def plan(self, path: str, stamp: str) -> None:
        """Note that a file is about to be published."""
        known = self._ledger.known(path)
        if known is not None and known.path != path:
            self._remove(known)
            self._ledger.forget(path)
        self._ledger.plan(path, stamp)

    def write(self, path: str, write: Write) -> Path:
        """A whole file that waits for its name, `path`. Raises StoreError; may be called from a thread."""
        part = self.part()
        try:
            write(part)
        except OSError as error:
            raise self._trouble(path, error) from error
        return part

    def publish(self, path: str, part: Path) -> None:
        """Give it the name that was planned. Raises CannotExport where a stranger's file has it, and StoreError."""
        whole, replaces = self.root / path, self._ledger.known(path) is not None
        try:
            whole.parent.mkdir(parents=True, exist_ok=True)
            self._ledger.ready(path, part.lstat())
            if replaces:
                part.replace(whole)
            elif not take_name(part, whole):
                raise CannotExport(TAKEN)
            self._ledger.published(path, whole.lstat())
        except OSError as error:
            raise self._trouble(path, error) from error
        finally:
            part.unlink(missing_ok=True)
        self.files["written"] += 1

    def pretend(self, path: str) -> None:
        """In place of `publish` with `dry`."""
        self._ledger.wanted(path)
        self.files["written"] += 1

    def refused(self, path: str) -> None:
        """Note that it is not published; what was to be replaced stays, as it may be the last of its kind."""
        self._ledger.refused(path)
        if self._stat(path) is not None:
            self._ledger.wanted(path)
        else:
            self._ledger.forget(path)

    def settle(self, path: str, stamp: str, part: Path) -> None:
        """Plan and publish in one. Raises CannotExport and StoreError."""
        self.plan(path, stamp)
        try:
            self.publish(path, part)
        except CannotExport:
            self.refused(path)
            raise

    def whole(self, path: str, part: Path) -> None:
        """Publish what every export makes anew, unless it came out as it was. Raises CannotExport and StoreError."""
        try:
            stamp = digest_of(part)
        except OSError as error:
            raise self._trouble(path, error) from error
        if self.needs(path, stamp):
            self.settle(path, stamp, part)

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
        if leads_elsewhere(self.root, known.path) or not untouched(known, there):
            return False
        if not self.dry:
            try:
                (self.root / known.path).unlink()
            except OSError as error:
                raise StoreError(f"{self.root / known.path} cannot be removed: {error.strerror}.") from error
            for folder in list(Path(known.path).parents)[:-1]:
                with suppress(OSError):
                    (self.root / folder).rmdir()
        return True

    def _stat(self, path: str) -> os.stat_result | None:
        try:
            return (self.root / path).lstat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise StoreError(f"{self.root / path} cannot be looked at: {error.strerror}.") from error

    def _trouble(self, path: str, error: OSError) -> StoreError:
        return StoreError(f"{self.root / path} cannot be written: {error.strerror or error}.")
