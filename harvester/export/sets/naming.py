"""How a finished file gets its name, and how ours are told from others."""

import hashlib
import os
from pathlib import Path

from harvester.errors import StoreError
from harvester.export.sets.ledger import Known


def make(folder: Path) -> None:
    """With all folders above it. Raises StoreError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{folder} cannot be made: {error.strerror}.") from error


def untouched(known: Known, there: os.stat_result) -> bool:
    """Whether a file is as we published it, or were about to."""
    return (there.st_size, there.st_mtime_ns) == (known.size, known.mtime)


def take_name(part: Path, whole: Path) -> bool:
    """Without replacing anything: False where another file has the name, unless it has the same bytes."""
    try:
        whole.hardlink_to(part)
    except OSError:
        if not os.path.lexists(whole):  # no hard links there
            part.rename(whole)
            return True
        return not whole.is_symlink() and whole.is_file() and digest_of(whole) == digest_of(part)
    return True


def digest_of(path: Path) -> str:
    """The sha256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
