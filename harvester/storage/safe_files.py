"""Safe file access in output folders: links and special files are never followed, and no file is replaced unasked."""

import errno
import io
import os
import shutil
import stat
from pathlib import Path

_SPECIAL_FILE_ERRORS = {errno.ELOOP, errno.EMLINK, errno.ENXIO, errno.EACCES}  # EMLINK: FreeBSD's error for a link

_NO_HARDLINK_ERRORS = {errno.EXDEV, errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK, errno.ENOSYS}


def escapes_folder(root: Path, file: str) -> bool:
    """Whether a part of the path between `root` and a file below it is not a folder, such as a link."""
    if "/" not in file:
        return False
    folders = [root / folder for folder in Path(file).parents[:-1]]
    return any(folder.is_symlink() or (folder.exists() and not folder.is_dir()) for folder in folders)


def read_regular_file(path: Path) -> bytes | None:
    """The bytes of a regular file; None for a link, a folder, a pipe, or a file that is missing or unreadable."""
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


def open_append_nofollow(path: Path) -> io.FileIO:
    """Open a file for reading and appending, without a buffer. Raises OSError, also if the path is a link or a pipe."""
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    descriptor = os.open(path, flags, 0o666)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    return io.FileIO(descriptor, "a+")


def link_or_copy(source: Path, target: Path) -> None:
    """Make a hard link to a file, or a copy where that is impossible. An existing target raises FileExistsError."""
    try:
        target.hardlink_to(source)
    except FileExistsError:
        raise  # a copy would overwrite it
    except OSError:  # another file system, too many links, or no hard links
        shutil.copyfile(source, target)


def move_if_free(part: Path, path: Path) -> bool:
    """Give a finished file its name; return False, and replace nothing, if the name is taken.

    Making a hard link fails if the name is taken; only a file system without hard links needs a look before. The file
    may keep its old name as well.
    """
    try:
        path.hardlink_to(part)
    except OSError as error:
        if not os.path.lexists(path):
            part.rename(path)
            return True
        if error.errno not in (*_NO_HARDLINK_ERRORS, errno.EEXIST):
            raise
        return False
    return True
