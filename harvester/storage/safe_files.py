"""What lies in an output folder may not be what it seems: symbolic links and special files are never followed there."""

import errno
import os
import stat
from pathlib import Path
from typing import TextIO

_SPECIAL_FILE_ERRORS = {errno.ELOOP, errno.EMLINK, errno.ENXIO, errno.EACCES}  # EMLINK: a link, as FreeBSD says it


def escapes_folder(root: Path, file: str) -> bool:
    """Whether something stands between `root` and a file below it that is no folder: a link, another file."""
    if "/" not in file:
        return False
    folders = [root / folder for folder in Path(file).parents[:-1]]
    return any(folder.is_symlink() or (folder.exists() and not folder.is_dir()) for folder in folders)


def read_regular_file(path: Path) -> bytes | None:
    """The bytes of a file that is there; None for a link, a folder, a pipe or what may not be read."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in _SPECIAL_FILE_ERRORS:
            return None
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        return None
    with os.fdopen(descriptor, "rb") as file:
        return file.read()


def open_append_nofollow(path: Path) -> TextIO:
    """A log to write at the end of, each line at once. Raises OSError, also where a link or a pipe has its name."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    descriptor = os.open(path, flags, 0o666)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    return os.fdopen(descriptor, "a", encoding="utf-8", errors="backslashreplace", buffering=1)
