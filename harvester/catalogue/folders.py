"""Pages of a user's folders, recorded: what they list, and the place of every image, in one transaction each."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sqlalchemy import Connection, delete, func, select, update

from harvester.catalogue import albums
from harvester.catalogue.albums import Album, Owner
from harvester.catalogue.listings import Listing, record_page
from harvester.catalogue.queries import chunks
from harvester.catalogue.schema import album_images, images, listings, owners
from harvester.catalogue.schema import albums as album_table
from harvester.catalogue.writer import now
from harvester.items import ListingPage

GALLERIES = "galleries"


def find_owner_by_name(connection: Connection, _collection: int, site: str, name: str) -> Owner | None:
    """The user of that name, however it is written in capitals; None where nobody, or more than one, has it."""
    rows = connection.execute(select(owners).where(owners.c.site == site)).all()
    matches = [row for row in rows if row.name.casefold() == name.casefold()]
    return _owner_from_row(matches[0]) if len(matches) == 1 else None


def find_owner_by_key(connection: Connection, _collection: int, site: str, key: str) -> Owner | None:
    """The user of that number."""
    row = connection.execute(select(owners).where(owners.c.site == site, owners.c.key == key)).one_or_none()
    return None if row is None else _owner_from_row(row)


def find_owner_row(connection: Connection, _collection: int, site: str, key: str) -> int | None:
    """The row of the user of that number."""
    return connection.execute(select(owners.c.id).where(owners.c.site == site, owners.c.key == key)).scalar()


def save_owner(connection: Connection, _collection: int, owner: Owner) -> int:
    """Remember a user; returns the row."""
    return albums.upsert_owner(connection, owner)


def albums_of_owner(connection: Connection, _collection: int, owner: int) -> list[Album]:
    """The albums of a user (row), in the order in which they were first listed."""
    query = select(album_table).where(album_table.c.owner_id == owner).order_by(album_table.c.id)
    field_names = ("key", "name", "kind", "pages", "read_at", "finished_at")
    return [Album(**{name: getattr(row, name) for name in field_names}) for row in connection.execute(query)]


def image_keys_of_album(connection: Connection, _collection: int, owner: int, album: str) -> list[str]:
    """The keys of the images of an album, in its order."""
    query = (
        select(images.c.key)
        .join(album_images, album_images.c.image_id == images.c.id)
        .join(album_table, album_table.c.id == album_images.c.album_id)
        .where(album_table.c.owner_id == owner, album_table.c.key == album)
        .order_by(album_images.c.position)
    )
    return list(connection.execute(query).scalars())


def listing_ended_at(connection: Connection, collection: int, query: str, default: int | None = None) -> int | None:
    """When a listing was last walked to its end; None where that was broken off, `otherwise` where it never began."""
    select_listing = select(listings).where(listings.c.collection_id == collection, listings.c.query == query)
    row = connection.execute(select_listing).one_or_none()
    if row is None:
        return default
    return int(row.changed_at) if row.state == "ended" else None


def record_list_page(
    connection: Connection,
    collection: int,
    row: int,
    page: ListingPage,
    owner: int,
    listed_albums: Sequence[Album],
    is_whole_list: bool,
) -> tuple[Listing, dict[str, int]]:
    """Record a page of the list of a user's albums; `whole` where its end is that of the list."""
    for album in listed_albums:
        albums.upsert_album(connection, owner, album)
    if is_whole_list and page.next_cursor is None:
        connection.execute(update(owners).where(owners.c.id == owner).values(listed_at=now()))
    return record_page(connection, collection, row, page)


def record_album_page(
    connection: Connection, collection: int, row: int, page: ListingPage, owner: int, album: Album,
    image_keys: Sequence[str], file_names: Mapping[str, str],
) -> tuple[Listing, dict[str, int]]:  # fmt: skip
    """Record a page of an album; `placed` are the keys that have found their place, `names` the file names by key."""
    listing, lowest_rows = record_page(connection, collection, row, page)
    album_row = albums.upsert_album(connection, owner, album)
    if album.kind == GALLERIES:
        connection.execute(update(album_table).where(album_table.c.id == album_row).values(kind=GALLERIES))
    rows = rows_by_key(connection, collection, image_keys)
    albums.append_images(connection, album_row, [(rows[key], file_names.get(key, "")) for key in image_keys])
    if listing.state == "ended":
        connection.execute(update(album_table).where(album_table.c.id == album_row).values(read_at=now()))
    return listing, lowest_rows


def delete_listing(connection: Connection, _collection: int, listing: Listing) -> Listing:
    """What was to be listed is not there: nothing of it is remembered."""
    connection.execute(delete(listings).where(listings.c.id == listing.row))
    return replace(listing, state="ended")


def record_finished_albums(connection: Connection, _collection: int, owner: int) -> None:
    """Note which albums have been read to their end and have nothing owed, and whether all of them have."""
    pending_albums = (
        select(album_images.c.album_id)
        .join(images, images.c.id == album_images.c.image_id)
        .where(images.c.status == "pending")
    )
    of_owner = album_table.c.owner_id == owner
    statement = update(album_table).where(
        of_owner, album_table.c.read_at.is_not(None), album_table.c.id.not_in(pending_albums)
    )
    connection.execute(statement.values(finished_at=now()))
    unfinished_query = select(func.count()).where(of_owner, album_table.c.kind != GALLERIES)
    unfinished_query = unfinished_query.where((album_table.c.read_at.is_(None)) | album_table.c.id.in_(pending_albums))
    is_listed = owners.c.listed_at.is_not(None)
    if not connection.execute(unfinished_query).scalar_one():
        connection.execute(update(owners).where(owners.c.id == owner, is_listed).values(finished_at=now()))


def rows_by_key(connection: Connection, collection: int, keys: Sequence[str]) -> dict[str, int]:
    """The rows of the images with these keys."""
    rows: dict[str, int] = {}
    for chunk in chunks(keys):
        query = select(images.c.key, images.c.id).where(images.c.collection_id == collection, images.c.key.in_(chunk))
        rows.update((key, row) for key, row in connection.execute(query))
    return rows


def _owner_from_row(row: object) -> Owner:
    return Owner(**{name: getattr(row, name) for name in ("site", "key", "name", "listed_at", "finished_at")})
