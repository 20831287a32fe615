"""Guard against a SQLite file that is deleted, moved or replaced while it is in use.

SQLite goes on with the file that it has open, so all that is committed afterwards would be lost without an error. See
"Unlinking or renaming a database file while in use" in https://www.sqlite.org/howtocorrupt.html.
"""

import os
from pathlib import Path

from sqlalchemy import Engine, event

from harvester.errors import CatalogueError


class FileGuard:
    """Checks at every access that the path still leads to the file that was opened first."""

    def __init__(self, path: Path) -> None:
        self._path = path.absolute()
        self._identity: tuple[int, int] | None = None

    @classmethod
    def install(cls, engine: Engine, path: Path) -> None:
        """Make an engine raise CatalogueError instead of giving out a connection to a file that is not there."""
        guard = cls(path)
        event.listen(engine, "checkin", guard.remember)
        event.listen(engine, "checkout", guard.check)
        event.listen(engine, "do_connect", guard.check)  # it would make a new file

    def remember(self, *_: object) -> None:
        """Note the file after the first access, which may have made it."""
        if self._identity is None:
            self._identity = self._read_identity()

    def check(self, *_: object) -> None:
        """Raise CatalogueError if the file is not the same any more."""
        if self._identity is not None and self._identity != self._read_identity():
            raise CatalogueError(
                f"The catalogue {self._path} was deleted, moved or replaced while it was in use, so nothing more is "
                "recorded. Put it back; the same command continues."
            )

    def _read_identity(self) -> tuple[int, int] | None:
        try:
            status = os.stat(self._path)  # noqa: PTH116 - at every access; Path.stat takes twice as long
        except OSError:
            return None
        return status.st_dev, status.st_ino
