"""Who is at work in a data directory: locks that end with their process, so that a killed one never blocks another.

A crawl holds the lock of its collection, and shares the lock of the whole directory with other crawls. A command that
mends holds the whole directory for itself. Commands that only read hold nothing.
"""

import fcntl
import os
import time
from dataclasses import dataclass
from pathlib import Path

from harvester.blobs import token
from harvester.errors import BadInput, Busy, StoreError
from harvester.items import Collection
from harvester.places import Places

TRIES = 10
"""How often a lock is tried for, a tenth of a second apart: one who only looks holds it for a moment."""


@dataclass(frozen=True)
class Holder:
    """A process that holds a lock; `since` is seconds since 1970, `token` marks its unfinished files."""

    pid: int
    token: str
    since: int
    doing: str

    def __str__(self) -> str:
        return f"{self.doing} (process {self.pid})"


class Lock:
    """A lock that is held until `release` or the end of the process. Raises Busy, StoreError and BadInput."""

    def __init__(self, path: Path, doing: str, *, shared: bool = False) -> None:
        self._descriptor = _opened(path)
        try:
            _take(self._descriptor, path, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
            if not shared:
                _sign(self._descriptor, path, doing)
        except BaseException:
            self.release()
            raise

    def release(self) -> None:
        """Let others have it; a second time does nothing."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor = -1


class CrawlLock:
    """What a crawl holds: its collection for itself, the data directory together with other crawls."""

    def __init__(self, places: Places, collection: Collection) -> None:
        output = places.output(collection)
        try:
            self._shared = Lock(places.lock_of_all, "", shared=True)
        except Busy as busy:
            raise Busy(f"{busy.holder} is at work in {places.root}: start again when it has ended.") from None
        try:
            self._own = Lock(places.lock_of(collection), f"a crawl into {output}")
        except Busy as busy:
            self._shared.release()
            raise Busy(f"{busy.holder} is running already: two would ask for every image twice.") from None

    def release(self) -> None:
        """The crawl has ended."""
        self._own.release()
        self._shared.release()


class DedupeLock:
    """What a search for look-alikes holds: that work for itself, the data directory together with crawls."""

    def __init__(self, places: Places) -> None:
        try:
            self._shared = Lock(places.lock_of_all, "", shared=True)
        except Busy as busy:
            raise Busy(f"{busy.holder} is at work in {places.root}: start again when it has ended.") from None
        try:
            self._own = Lock(places.lock_of_dedupe, "scrapy dedupe")
        except Busy as busy:
            self._shared.release()
            raise Busy(f"{busy.holder} is running already in {places.root}: wait for its end.") from None

    def release(self) -> None:
        """The search has ended."""
        self._own.release()
        self._shared.release()


def lock_verdicts(places: Places) -> Lock:
    """For the moment of a decision, so that two of them do not overlook each other."""
    try:
        return Lock(places.lock_of_verdicts, "a decision")
    except Busy as busy:
        raise Busy(f"{busy.holder} is being written down: say yours again.") from None


def lock_all(places: Places, doing: str) -> Lock:
    """The whole data directory, for a command that mends; refused while a crawl runs."""
    try:
        return Lock(places.lock_of_all, doing)
    except Busy as busy:
        who = ", ".join(map(str, at_work(places))) or str(busy.holder)
        raise Busy(f"{who} is at work in {places.root}: wait for its end, or stop it with Ctrl-C.") from None


def at_work(places: Places) -> list[Holder]:
    """Who shares a data directory now: crawls, and a search for look-alikes."""
    return _holders(places, {places.lock_of_all, places.lock_of_verdicts})


def crawls(places: Places) -> list[Holder]:
    """The crawls that are running in a data directory now: they alone make files in it beside others."""
    return _holders(places, {places.lock_of_all, places.lock_of_verdicts, places.lock_of_dedupe})


def _holders(places: Places, others: set[Path]) -> list[Holder]:
    found = (_holder(path) for path in sorted(places.locks.glob("*.lock")) if path not in others)
    return [holder for holder in found if holder is not None]


def _opened(path: Path) -> int:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        kind = StoreError if path.parent.parent.is_dir() else BadInput
        raise kind(f"The data directory {path.parent.parent} cannot be made or written: {error.strerror}.") from error
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {error.strerror}.") from error


def _take(descriptor: int, path: Path, kind: int) -> None:
    for attempt in range(TRIES):
        try:
            return fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if attempt < TRIES - 1:
                time.sleep(0.1)
        except OSError as error:
            raise StoreError(f"{path} cannot be locked: {error.strerror}.") from error
    raise Busy(holder=_signed(path) or "another process")


def _sign(descriptor: int, path: Path, doing: str) -> None:
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()} {token()} {int(time.time())} {doing}".encode(), 0)
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {error.strerror}.") from error


def _holder(path: Path) -> Holder | None:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _signed(path) or Holder(0, "", 0, "another process")
    finally:
        os.close(descriptor)
    return None


def _signed(path: Path) -> Holder | None:
    pid, mark, since, doing = (*path.read_text(encoding="utf-8", errors="replace").split(" ", 3), "", "", "", "")[:4]
    return Holder(int(pid), mark, int(since), doing) if pid.isdigit() and since.isdigit() else None
