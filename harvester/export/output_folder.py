"""Output folder of an export.

Files appear there complete, replace only files that harvester wrote, and are removed when they no longer belong to the
export. A file that somebody changed after it was written is neither replaced nor removed.
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
from harvester.export.manifest_db import ExportedFile, ExportManifest
from harvester.storage.safe_files import escapes_folder, move_if_free


def make_folder(folder: Path) -> None:
    """Create a folder and its parents. Raises StoreError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{folder} cannot be created: {error.strerror}.") from error


def is_unchanged(exported: ExportedFile, stat: os.stat_result) -> bool:
    """Whether a file still has the size and time with which it was published or planned."""
    return (stat.st_size, stat.st_mtime_ns) == (exported.size, exported.mtime)


def publish_without_replacing(part: Path, target: Path) -> bool:
    """Publish a file without replacing another; return False if a file with other bytes has the name."""
    if move_if_free(part, target):
        return True
    return not target.is_symlink() and target.is_file() and compute_sha256(target) == compute_sha256(part)


def compute_sha256(path: Path) -> str:
    """The sha256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


PART_FOLDER = ".harvester-export.tmp"
"""The folder for unfinished files; after a kill the next export empties it."""

NAME_TAKEN = "name taken by another file"

WriteFunction = Callable[[Path], object]
"""A function that writes a new file at a path."""


class CannotExport(Exception):
    """An image or file cannot be exported; the text is a short reason, by which failures are counted."""


class OutputFolder:
    """The output folder. `files` counts files: written, unchanged, removed, yours (changed by somebody, so left alone).

    Call all methods except `write_part` from one thread. With `dry` nothing is changed.
    """

    def __init__(self, root: Path, manifest: ExportManifest, *, dry: bool) -> None:
        self.root = root
        self.dry = dry
        self.files: Counter[str] = Counter()
        self._manifest = manifest
        self._part_folder = root / PART_FOLDER
        if not dry:
            shutil.rmtree(self._part_folder, ignore_errors=True)
            make_folder(self._part_folder)
        for plan in manifest.read_plans():
            self._recover(plan)

    def _recover(self, plan: ExportedFile) -> None:
        """Complete or drop a plan of a killed export, depending on whether its file was published."""
        stat = self._stat(plan.path)
        if stat is not None and is_unchanged(plan, stat):
            self._manifest.mark_published(plan.path, stat)
        else:
            self._manifest.delete_plan(plan.path)

    def new_part_path(self) -> Path:
        """A path for a new unfinished file."""
        return self._part_folder / token_hex(8)

    def is_name_used(self, path: str, stamp: str) -> bool:
        """Whether the path is taken by other content of this export or by a foreign file."""
        current = self._manifest.find_current(path)
        if current is not None:
            return current != (path, stamp)
        return self._is_foreign(path, self._manifest.find_file(path), self._stat(path))

    def needs_writing(self, path: str, stamp: str) -> bool:
        """Whether a file has to be written; if not, note that it belongs to this export.

        Raises CannotExport if the path is taken.
        """
        current = self._manifest.find_current(path)
        if escapes_folder(self.root, path) or current not in (None, (path, stamp)):
            raise CannotExport(NAME_TAKEN)
        if current:
            return False
        exported, stat = self._manifest.find_file(path), self._stat(path)
        if self._is_foreign(path, exported, stat):
            raise CannotExport(NAME_TAKEN)
        if stat is not None and exported and exported.path == path:
            if not is_unchanged(exported, stat):
                return self._mark_kept(path, "yours")
            if exported.stamp == stamp:
                return self._mark_kept(path, "unchanged")
        return True

    def _is_foreign(self, path: str, exported: ExportedFile | None, stat: os.stat_result | None) -> bool:
        """Whether an existing file is foreign; an exported file may have the same name in another case."""
        if stat is None or (exported and exported.path == path):
            return False
        our_stat = self._stat(exported.path) if exported else None
        return our_stat is None or not os.path.samestat(our_stat, stat)

    def _mark_kept(self, path: str, outcome: str) -> bool:
        self._manifest.mark_current(path)
        self.files[outcome] += 1
        return False

    def plan_file(self, path: str, stamp: str) -> None:
        """Plan the publication of a file."""
        exported = self._manifest.find_file(path)
        if exported is not None and exported.path != path:
            self._remove_file(exported)
            self._manifest.forget_file(path)
        self._manifest.add_plan(path, stamp)

    def write_part(self, path: str, write: WriteFunction) -> Path:
        """Write a complete file that is to be published at `path`; return where it is.

        Raises StoreError. May be called from any thread.
        """
        part = self.new_part_path()
        try:
            write(part)
        except OSError as error:
            raise self._write_error(path, error) from error
        return part

    def publish_file(self, path: str, part: Path) -> None:
        """Publish a file at its planned path. Raises StoreError, and CannotExport if a foreign file is there."""
        target, replaces = self.root / path, self._manifest.find_file(path) is not None
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            self._manifest.mark_ready(path, part.lstat())
            if replaces:
                part.replace(target)
            elif not publish_without_replacing(part, target):
                raise CannotExport(NAME_TAKEN)
            self._manifest.mark_published(path, target.lstat())
        except OSError as error:
            raise self._write_error(path, error) from error
        finally:
            part.unlink(missing_ok=True)
        self.files["written"] += 1

    def count_dry_run(self, path: str) -> None:
        """Count a file as written; called instead of `publish_file` in a dry run."""
        self._manifest.mark_current(path)
        self.files["written"] += 1

    def cancel_file(self, path: str) -> None:
        """Cancel a planned file; the file that it was to replace stays, because it may be the only version."""
        self._manifest.delete_plan(path)
        if self._stat(path) is not None:
            self._manifest.mark_current(path)
        else:
            self._manifest.forget_file(path)

    def plan_and_publish(self, path: str, stamp: str, part: Path) -> None:
        """Plan and publish a file. Raises CannotExport and StoreError."""
        self.plan_file(path, stamp)
        try:
            self.publish_file(path, part)
        except CannotExport:
            self.cancel_file(path)
            raise

    def publish_if_changed(self, path: str, part: Path) -> None:
        """Publish a file that every export rewrites, if its bytes have changed. Raises CannotExport and StoreError."""
        try:
            stamp = compute_sha256(part)
        except OSError as error:
            raise self._write_error(path, error) from error
        if self.needs_writing(path, stamp):
            self.plan_and_publish(path, stamp, part)

    def remove_stale(self) -> None:
        """Remove files of earlier exports that do not belong to this one, and folders that are empty now."""
        for exported in self._manifest.stale_files():
            self.files["removed" if self._remove_file(exported) else "yours"] += 1
            self._manifest.forget_file(exported.path)

    def close(self) -> None:
        """Remove unfinished files."""
        if not self.dry:
            shutil.rmtree(self._part_folder, ignore_errors=True)

    def _remove_file(self, exported: ExportedFile) -> bool:
        stat = self._stat(exported.path)
        if stat is None:
            return True
        if escapes_folder(self.root, exported.path) or not is_unchanged(exported, stat):
            return False
        if not self.dry:
            try:
                (self.root / exported.path).unlink()
            except OSError as error:
                raise StoreError(f"{self.root / exported.path} cannot be deleted: {error.strerror}.") from error
            for folder in list(Path(exported.path).parents)[:-1]:
                with suppress(OSError):
                    (self.root / folder).rmdir()
        return True

    def _stat(self, path: str) -> os.stat_result | None:
        try:
            return (self.root / path).lstat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise StoreError(f"{self.root / path} cannot be inspected: {error.strerror}.") from error

    def _write_error(self, path: str, error: OSError) -> StoreError:
        return StoreError(f"{self.root / path} cannot be written: {error.strerror or error}.")
