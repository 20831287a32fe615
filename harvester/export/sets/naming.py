"""How a finished file gets its name, and how ours are told from others."""

import hashlib
import os
from pathlib import Path

from harvester.errors import StoreError
from harvester.export.sets.ledger import ExportedFile


def make_folder(folder: Path) -> None:
    """With all folders above it. Raises StoreError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{folder} cannot be made: {error.strerror}.") from error


def is_unchanged(exported: ExportedFile, stat: os.stat_result) -> bool:
    """Whether a file is as we published it, or were about to."""
    return (stat.st_size, stat.st_mtime_ns) == (exported.size, exported.mtime)


def publish_without_replacing(part: Path, target: Path) -> bool:
    """Without replacing anything: False where another file has the name, unless it has the same bytes."""
    try:
        target.hardlink_to(part)
    except OSError:
        if not os.path.lexists(target):  # no hard links there
            part.rename(target)
            return True
        return not target.is_symlink() and target.is_file() and compute_sha256(target) == compute_sha256(part)
    return True


def compute_sha256(path: Path) -> str:
    """The sha256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
