"""Locks of a data directory, which end with their process, so that a killed process never blocks another.

A crawl holds the lock of its collection and shares the lock of the whole directory with other crawls. A command that
repairs or removes holds the lock of the whole directory exclusively. Commands that only read hold no lock.
"""

import fcntl
import os
import time
from dataclasses import dataclass
from pathlib import Path

from harvester.errors import LockedByOther, StoreError, UsageProblem
from harvester.items import Collection
from harvester.storage.blobs import writer_token
from harvester.storage.paths import DataPaths

LOCK_TRIES = 10
"""Attempts to get a lock, a tenth of a second apart, as a process that only probes it holds it for a moment."""


@dataclass(frozen=True)
class LockHolder:
    """A process that holds a lock; `since` is seconds since 1970, `token` marks its unfinished files."""

    pid: int
    token: str
    since: int
    activity: str

    def __str__(self) -> str:
        return f"{self.activity} (process {self.pid})"


class Lock:
    """A lock held until `release` or the end of the process. Raises LockedByOther, StoreError and UsageProblem."""

    def __init__(self, path: Path, activity: str, *, shared: bool = False) -> None:
        self._descriptor = _open_lock_file(path)
        try:
            _acquire(self._descriptor, path, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
            if not shared:
                _write_holder(self._descriptor, path, activity)
        except BaseException:
            self.release()
            raise

    def release(self) -> None:
        """Release the lock; a second call does nothing."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor = -1


class CrawlLock:
    """The locks of a crawl: an exclusive one of its collection, and a shared one of the data directory."""

    def __init__(self, paths: DataPaths, collection: Collection) -> None:
        output = paths.output(collection)
        try:
            self._data_dir_lock = Lock(paths.data_dir_lock, "", shared=True)
        except LockedByOther as locked:
            raise LockedByOther(f"{locked.holder} is running in {paths.root}: try again when it has ended.") from None
        try:
            self._collection_lock = Lock(paths.collection_lock(collection), f"a crawl into {output}")
        except LockedByOther as locked:
            self._data_dir_lock.release()
            raise LockedByOther(
                f"{locked.holder} is already running: two crawls would request every image twice."
            ) from None

    def release(self) -> None:
        """Release both locks at the end of the crawl."""
        self._collection_lock.release()
        self._data_dir_lock.release()


class DedupeLock:
    """The locks of a search for near-duplicates: an exclusive one for it, and a shared one of the data directory."""

    def __init__(self, paths: DataPaths) -> None:
        try:
            self._data_dir_lock = Lock(paths.data_dir_lock, "", shared=True)
        except LockedByOther as locked:
            raise LockedByOther(f"{locked.holder} is running in {paths.root}: try again when it has ended.") from None
        try:
            self._dedupe_lock = Lock(paths.dedupe_lock, "scrapy dedupe")
        except LockedByOther as locked:
            self._data_dir_lock.release()
            raise LockedByOther(f"{locked.holder} is already running in {paths.root}: wait until it ends.") from None

    def release(self) -> None:
        """Release both locks at the end of the search."""
        self._dedupe_lock.release()
        self._data_dir_lock.release()


def lock_verdicts(paths: DataPaths) -> Lock:
    """Lock the verdicts while a decision is made, so that two decisions do not overlook each other."""
    try:
        return Lock(paths.verdicts_lock, "a decision")
    except LockedByOther as locked:
        raise LockedByOther(f"{locked.holder} is being recorded: try again.") from None


def lock_data_dir(paths: DataPaths, activity: str) -> Lock:
    """Lock the whole data directory for a command that changes it. Raises LockedByOther while a crawl runs."""
    try:
        return Lock(paths.data_dir_lock, activity)
    except LockedByOther as locked:
        holders = ", ".join(map(str, active_holders(paths))) or str(locked.holder)
        raise LockedByOther(
            f"{holders} is running in {paths.root}: wait until it ends, or stop it with Ctrl-C."
        ) from None


def active_holders(paths: DataPaths) -> list[LockHolder]:
    """The processes that share a data directory now: crawls and a search for near-duplicates."""
    return _find_holders(paths, {paths.data_dir_lock, paths.verdicts_lock})


def running_crawls(paths: DataPaths) -> list[LockHolder]:
    """The crawls that run in a data directory now; no other processes that share it make files there."""
    return _find_holders(paths, {paths.data_dir_lock, paths.verdicts_lock, paths.dedupe_lock})


def _find_holders(paths: DataPaths, ignored: set[Path]) -> list[LockHolder]:
    holders = (_probe_holder(path) for path in sorted(paths.locks.glob("*.lock")) if path not in ignored)
    return [holder for holder in holders if holder is not None]


def _open_lock_file(path: Path) -> int:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        error_class = StoreError if path.parent.parent.is_dir() else UsageProblem
        raise error_class(
            f"The data directory {path.parent.parent} cannot be created or written to: {error.strerror}."
        ) from error
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {error.strerror}.") from error


def _acquire(descriptor: int, path: Path, operation: int) -> None:
    for attempt in range(LOCK_TRIES):
        try:
            return fcntl.flock(descriptor, operation | fcntl.LOCK_NB)
        except BlockingIOError:
            if attempt < LOCK_TRIES - 1:
                time.sleep(0.1)
        except OSError as error:
            raise StoreError(f"{path} cannot be locked: {error.strerror}.") from error
    raise LockedByOther(holder=_read_holder(path) or "another process")


def _write_holder(descriptor: int, path: Path, activity: str) -> None:
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()} {writer_token()} {int(time.time())} {activity}".encode(), 0)
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {error.strerror}.") from error


def _probe_holder(path: Path) -> LockHolder | None:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read_holder(path) or LockHolder(0, "", 0, "another process")
    finally:
        os.close(descriptor)
    return None


def _read_holder(path: Path) -> LockHolder | None:
    pid, writer, since, activity = (*path.read_text(encoding="utf-8", errors="replace").split(" ", 3), "", "", "", "")[
        :4
    ]
    return LockHolder(int(pid), writer, int(since), activity) if pid.isdigit() and since.isdigit() else None
