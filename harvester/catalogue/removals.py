"""The files of pictures that were removed, as long as they may still be on disk."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, insert, select

from harvester.catalogue.queries import chunks
from harvester.catalogue.schema import removals


@dataclass(frozen=True)
class Doomed:
    """A file that is to go; `path` as the catalogue writes it, `sha256` of the bytes it must have, None for any."""

    id: int
    path: str
    sha256: str | None


def note(connection: Connection, path: str, sha256: str | None = None) -> None:
    """Write down one more file."""
    connection.execute(insert(removals).values(path=path, sha256=sha256))


def pending(connection: Connection, limit: int) -> list[Doomed]:
    """The first of them. A named copy comes before the blob that it may be a link to."""
    found = select(removals).order_by(removals.c.id).limit(limit)
    return [Doomed(**row._mapping) for row in connection.execute(found)]


def count(connection: Connection) -> int:
    """How many there are."""
    return int(connection.execute(select(func.count()).select_from(removals)).scalar_one())


def done(connection: Connection, rows: Sequence[Doomed]) -> None:
    """These have been dealt with."""
    for chunk in chunks([row.id for row in rows]):
        connection.execute(delete(removals).where(removals.c.id.in_(chunk)))


def is_doomed(connection: Connection, path: str) -> bool:
    """Whether a file is one of them."""
    return connection.execute(select(removals.c.id).where(removals.c.path == path)).first() is not None
