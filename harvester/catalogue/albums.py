"""Albums: who keeps them, what is in them and in which order. Each function is one part of a caller's transaction."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, Table, func, insert, select, update

from harvester.catalogue.facts import insert_new
from harvester.catalogue.queries import chunks
from harvester.catalogue.schema import album_images, albums, owners


@dataclass(frozen=True)
class Owner:
    """A user of a site who keeps albums. Times in seconds since 1970, None for never."""

    site: str
    key: str
    name: str
    listed_at: int | None = None
    finished_at: int | None = None


@dataclass(frozen=True)
class Album:
    """An album; `kind` is `pictures` or `galleries`, `pages` the number of its last page seen plus one."""

    key: str
    name: str
    kind: str = "pictures"
    pages: int = 0
    read_at: int | None = None
    finished_at: int | None = None


def upsert_owner(connection: Connection, owner: Owner) -> int:
    """The row of an owner, made where it is new; a newer name or a later time replaces what is there."""
    insert_new(connection, owners, [vars(owner)])
    query = select(owners).where(owners.c.site == owner.site, owners.c.key == owner.key)
    row = connection.execute(query).one()
    _update_row(
        connection, owners, row.id, name=owner.name or row.name,
        listed_at=_later(row.listed_at, owner.listed_at), finished_at=_later(row.finished_at, owner.finished_at),
    )  # fmt: skip
    return int(row.id)


def upsert_album(connection: Connection, owner: int, album: Album) -> int:
    """The row of an album, made where it is new; a newer name, more pages or a later time replace what is there."""
    insert_new(connection, albums, [vars(album) | {"owner_id": owner}])
    row = connection.execute(select(albums).where(albums.c.owner_id == owner, albums.c.key == album.key)).one()
    _update_row(
        connection, albums, row.id, name=album.name or row.name, pages=max(row.pages, album.pages),
        read_at=_later(row.read_at, album.read_at), finished_at=_later(row.finished_at, album.finished_at),
    )  # fmt: skip
    return int(row.id)


def append_images(connection: Connection, album: int, named_images: Iterable[tuple[int, str]]) -> int:
    """Append images (row, file name at the site) that the album does not have yet; returns how many.

    What is there keeps its position, also where an image has failed or is gone from the site.
    """
    known = set(connection.execute(select(album_images.c.image_id).where(album_images.c.album_id == album)).scalars())
    result = connection.execute(select(func.max(album_images.c.position)).where(album_images.c.album_id == album))
    last_position = result.scalar_one()
    new_names = {image: name for image, name in named_images if image not in known}
    rows = [
        {"album_id": album, "image_id": image, "position": position, "name": name}
        for position, (image, name) in enumerate(
            new_names.items(), start=0 if last_position is None else last_position + 1
        )
    ]
    for chunk in chunks(rows):
        connection.execute(insert(album_images), chunk)
    return len(rows)


def _update_row(connection: Connection, table: Table, row: int, **values: object) -> None:
    connection.execute(update(table).where(table.c.id == row).values(**values))


def _later(first: int | None, second: int | None) -> int | None:
    return max((time for time in (first, second) if time is not None), default=None)
