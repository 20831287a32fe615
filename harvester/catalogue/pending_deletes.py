"""Files of removed pictures that may still be on disk and are to be deleted."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select

from harvester.catalogue.schema import pending_deletes
from harvester.catalogue.sql import chunks


@dataclass(frozen=True)
class PendingDelete:
    """A file to delete. `path` is relative to the data directory; `folder` is the part of it that may be a link.

    `sha256` is the digest the bytes must have, None for any bytes; `command` has the arguments of the removal.
    """

    id: int
    path: str
    folder: str
    sha256: str | None
    command: str

    @property
    def file(self) -> str:
        """The path relative to `folder`."""
        return self.path[len(self.folder) + 1 :]


def add_pending_delete(connection: Connection, command: str, folder: str, file: str, sha256: str | None = None) -> None:
    """Add a file to delete; `command` has the arguments of the removal."""
    values = {"path": f"{folder}/{file}", "folder": folder, "sha256": sha256, "command": command}
    connection.execute(insert(pending_deletes).values(values))


def next_pending_deletes(connection: Connection, limit: int) -> list[PendingDelete]:
    """The next files to delete, at most `limit`. An output file comes before the blob that it may be a link to."""
    query = select(pending_deletes).order_by(pending_deletes.c.id).limit(limit)
    return [PendingDelete(**row._mapping) for row in connection.execute(query)]


def mark_deleted(connection: Connection, rows: Sequence[PendingDelete]) -> None:
    """Drop these entries, because their files have been dealt with."""
    for chunk in chunks([row.id for row in rows]):
        connection.execute(delete(pending_deletes).where(pending_deletes.c.id.in_(chunk)))


def is_pending_delete(connection: Connection, path: str) -> bool:
    """Whether a file (path relative to the data directory) is to be deleted."""
    return connection.execute(select(pending_deletes.c.id).where(pending_deletes.c.path == path)).first() is not None
