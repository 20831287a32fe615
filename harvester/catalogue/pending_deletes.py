"""The files of pictures that were removed, as long as they may still be on disk."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select

from harvester.catalogue.schema import pending_deletes
from harvester.catalogue.sql import chunks


@dataclass(frozen=True)
class PendingDelete:
    """A file that is to go; `path` as the catalogue writes it, `folder` the part of it that may be a link.

    `sha256` is of the bytes it must have, None for any; `command` is what the removal was asked for.
    """

    id: int
    path: str
    folder: str
    sha256: str | None
    command: str

    @property
    def file(self) -> str:
        """The path below `folder`."""
        return self.path[len(self.folder) + 1 :]


def add_pending_delete(connection: Connection, command: str, folder: str, file: str, sha256: str | None = None) -> None:
    """Write down one more file."""
    values = {"path": f"{folder}/{file}", "folder": folder, "sha256": sha256, "command": command}
    connection.execute(insert(pending_deletes).values(values))


def next_pending_deletes(connection: Connection, limit: int) -> list[PendingDelete]:
    """The first of them. A named copy comes before the blob that it may be a link to."""
    query = select(pending_deletes).order_by(pending_deletes.c.id).limit(limit)
    return [PendingDelete(row.id, row.path, row.folder, row.sha256, row.command) for row in connection.execute(query)]


def mark_deleted(connection: Connection, rows: Sequence[PendingDelete]) -> None:
    """These have been dealt with."""
    for chunk in chunks([row.id for row in rows]):
        connection.execute(delete(pending_deletes).where(pending_deletes.c.id.in_(chunk)))


def is_pending_delete(connection: Connection, path: str) -> bool:
    """Whether a file is one of them."""
    return connection.execute(select(pending_deletes.c.id).where(pending_deletes.c.path == path)).first() is not None
