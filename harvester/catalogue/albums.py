"""Albums, the site users who keep them, and the order of their images.

Each function is one part of a caller's transaction.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from sqlalchemy import Connection, Table, delete, func, insert, select, update

from harvester.catalogue.listings import Listing, record_page
from harvester.catalogue.schema import album_images, albums, collections, images, listings, site_users
from harvester.catalogue.sql import chunks, insert_new, now
from harvester.catalogue.writer import rows_by_key
from harvester.errors import UsageProblem
from harvester.items import ListingPage
from harvester.text import escape_control_chars

GALLERIES = "galleries"
"""The kind of an album that has galleries, not pictures."""


@dataclass(frozen=True)
class Owner:
    """A site user who keeps albums. Times are in seconds since 1970; None means never."""

    site: str
    key: str
    name: str
    listed_at: int | None = None
    finished_at: int | None = None


@dataclass(frozen=True)
class Album:
    """An album. `kind` is `pictures` or `galleries`; `pages` is one more than the number of the last page seen."""

    key: str
    name: str
    kind: str = "pictures"
    pages: int = 0
    read_at: int | None = None
    finished_at: int | None = None


_OWNER_COLUMNS = [site_users.c[field.name] for field in fields(Owner)]
_ALBUM_COLUMNS = [albums.c[field.name] for field in fields(Album)]


def upsert_owner(connection: Connection, owner: Owner) -> int:
    """Insert or update a site user; return the row. A newer name or a later time replaces the stored one."""
    insert_new(connection, site_users, [vars(owner)])
    query = select(site_users).where(site_users.c.site == owner.site, site_users.c.key == owner.key)
    row = connection.execute(query).one()
    _update_row(
        connection, site_users, row.id, name=owner.name or row.name,
        listed_at=_later(row.listed_at, owner.listed_at), finished_at=_later(row.finished_at, owner.finished_at),
    )  # fmt: skip
    return int(row.id)


def upsert_album(connection: Connection, owner: int, album: Album) -> int:
    """Insert or update an album; return the row. A newer name, more pages or a later time replace the stored ones."""
    insert_new(connection, albums, [vars(album) | {"owner_id": owner}])
    row = connection.execute(select(albums).where(albums.c.owner_id == owner, albums.c.key == album.key)).one()
    _update_row(
        connection, albums, row.id, name=album.name or row.name, pages=max(row.pages, album.pages),
        read_at=_later(row.read_at, album.read_at), finished_at=_later(row.finished_at, album.finished_at),
    )  # fmt: skip
    return int(row.id)


def append_images(connection: Connection, album: int, named_images: Iterable[tuple[int, str]]) -> int:
    """Append the images (row, file name at the site) that the album does not have yet; return how many.

    Images already in the album keep their position, even if they failed or are gone from the site.
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


def find_owner_by_name(connection: Connection, site: str, name: str) -> Owner | None:
    """The site user with exactly this name, or else in another case; None if nobody has it or several users do."""
    rows = connection.execute(select(*_OWNER_COLUMNS).where(site_users.c.site == site)).all()
    matches = _rows_with_name(rows, name)
    return Owner(**matches[0]._mapping) if len(matches) == 1 else None


def find_owner_by_key(connection: Connection, site: str, key: str) -> Owner | None:
    """The site user with this key; None if there is none."""
    query = select(*_OWNER_COLUMNS).where(site_users.c.site == site, site_users.c.key == key)
    row = connection.execute(query).one_or_none()
    return None if row is None else Owner(**row._mapping)


def find_owner_row(connection: Connection, site: str, key: str) -> int | None:
    """The row of the site user with this key; None if there is none."""
    return connection.execute(
        select(site_users.c.id).where(site_users.c.site == site, site_users.c.key == key)
    ).scalar()


def albums_of_owner(connection: Connection, owner: int) -> list[Album]:
    """The albums of a site user (row), in the order in which they were first listed."""
    query = select(*_ALBUM_COLUMNS).where(albums.c.owner_id == owner).order_by(albums.c.id)
    return [Album(**row._mapping) for row in connection.execute(query)]


def image_keys_of_album(connection: Connection, owner: int, album: str) -> list[str]:
    """The keys of the images of an album, in album order."""
    query = (
        select(images.c.key)
        .join(album_images, album_images.c.image_id == images.c.id)
        .join(albums, albums.c.id == album_images.c.album_id)
        .where(albums.c.owner_id == owner, albums.c.key == album)
        .order_by(album_images.c.position)
    )
    return list(connection.execute(query).scalars())


def listing_ended_at(connection: Connection, collection: int, query: str, default: int | None = None) -> int | None:
    """The time when a listing last ended; None if it was interrupted, `default` if it never began."""
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
    """Record one page of a site user's list of albums.

    `is_whole_list` says that the end of this listing is the end of the whole list.
    """
    for album in listed_albums:
        upsert_album(connection, owner, album)
    if is_whole_list and page.next_cursor is None:
        connection.execute(update(site_users).where(site_users.c.id == owner).values(listed_at=now()))
    _update_row(connection, listings, row, owner_id=owner)
    return record_page(connection, collection, row, page)


def record_page_to_save(
    connection: Connection, collection: int, row: int, page: ListingPage, owner: int, album: str
) -> tuple[Listing, dict[str, int]]:
    """Record a page of an album (key) whose images are only saved; the album itself is not remembered."""
    query = select(albums.c.id).where(albums.c.owner_id == owner, albums.c.key == album)
    if (album_row := connection.execute(query).scalar()) is not None:
        _update_row(connection, listings, row, owner_id=owner, album_id=album_row)
    return record_page(connection, collection, row, page)


def record_album_page(
    connection: Connection, collection: int, row: int, page: ListingPage, owner: int, album: Album,
    image_keys: Sequence[str], file_names: Mapping[str, str],
) -> tuple[Listing, dict[str, int]]:  # fmt: skip
    """Record one page of an album.

    `image_keys` are the keys of its images in album order; `file_names` has their file names by key.
    """
    listing, lowest_rows = record_page(connection, collection, row, page)
    album_row = upsert_album(connection, owner, album)
    _update_row(connection, listings, row, owner_id=owner, album_id=album_row)
    if album.kind == GALLERIES:
        connection.execute(update(albums).where(albums.c.id == album_row).values(kind=GALLERIES))
    rows = rows_by_key(connection, collection, image_keys)
    append_images(connection, album_row, [(rows[key], file_names.get(key, "")) for key in image_keys])
    if listing.state == "ended":
        connection.execute(update(albums).where(albums.c.id == album_row).values(read_at=now()))
    return listing, lowest_rows


def delete_listing(connection: Connection, listing: Listing) -> Listing:
    """Delete a listing whose subject does not exist; return it as ended."""
    connection.execute(delete(listings).where(listings.c.id == listing.row))
    return replace(listing, state="ended")


def record_finished_albums(connection: Connection, owner: int) -> None:
    """Mark the albums that are fully read and have no pending images as finished; mark the user once all are."""
    pending_albums = (
        select(album_images.c.album_id)
        .join(images, images.c.id == album_images.c.image_id)
        .where(images.c.status == "pending")
    )
    of_owner = albums.c.owner_id == owner
    statement = update(albums).where(of_owner, albums.c.read_at.is_not(None), albums.c.id.not_in(pending_albums))
    connection.execute(statement.values(finished_at=now()))
    unfinished_query = select(func.count()).where(of_owner, albums.c.kind != GALLERIES)
    unfinished_query = unfinished_query.where((albums.c.read_at.is_(None)) | albums.c.id.in_(pending_albums))
    is_listed = site_users.c.listed_at.is_not(None)
    if not connection.execute(unfinished_query).scalar_one():
        connection.execute(update(site_users).where(site_users.c.id == owner, is_listed).values(finished_at=now()))


def find_album(connection: Connection, text: str, site: str | None = None) -> Any:
    """The rows of the site user and of the album that `USER/ALBUM` means: names in any case, or keys.

    Raises UsageProblem if there is no such album, or more than one.
    """
    matches = []
    for slash in (slash for slash, character in enumerate(text) if character == "/"):  # a name may contain slashes
        for owner in _matching_owners(connection, text[:slash], site):
            rows = connection.execute(select(albums).where(albums.c.owner_id == owner.id)).all()
            matches += [(owner, album) for album in _matching_rows(rows, text[slash + 1 :])]
    if len(matches) != 1:
        problem = "matches more than one album" if matches else "matches no album"
        choices = ", ".join(f"{owner.site}: {owner.key}/{album.key}" for owner, album in matches)
        raise UsageProblem(
            f"{escape_control_chars(text)}: USER/ALBUM {problem}{f' ({choices})' if matches else ''}; "
            "see scrapy show albums."
        )
    return matches[0]


def find_owner(connection: Connection, text: str, site: str | None = None) -> Any | None:
    """The row of a site user with albums; None if there is none. Raises UsageProblem if several match."""
    matches = _matching_owners(connection, text, site)
    if len(matches) > 1:
        choices = ", ".join(f"{owner.site}: {owner.key}" for owner in matches)
        raise UsageProblem(
            f"{escape_control_chars(text)} matches more than one user ({choices}); see scrapy show users."
        )
    return matches[0] if matches else None


def find_author_sites(connection: Connection, author: str, site: str | None = None) -> list[str]:
    """The sites where an author with exactly this name posted pictures, except sites whose users keep albums."""
    query = (
        select(collections.c.site)
        .join(images, images.c.collection_id == collections.c.id)
        .where(images.c.author == author, collections.c.site.not_in(select(site_users.c.site)))
    )
    if site is not None:
        query = query.where(collections.c.site == site)
    return list(connection.execute(query.distinct().order_by(collections.c.site)).scalars())


def _matching_owners(connection: Connection, text: str, site: str | None) -> Sequence[Any]:
    query = select(site_users) if site is None else select(site_users).where(site_users.c.site == site)
    return _matching_rows(connection.execute(query.order_by(site_users.c.id)).all(), text)


def _matching_rows(rows: Sequence[Any], text: str) -> list[Any]:
    """The rows whose key is this text, or else those whose name it is."""
    return [row for row in rows if row.key == text] or _rows_with_name(rows, text)


def _rows_with_name(rows: Sequence[Any], name: str) -> list[Any]:
    """The rows with exactly this name, or else those whose name differs from it in capitals only."""
    same_name = [row for row in rows if row.name.casefold() == name.casefold()]
    return [row for row in same_name if row.name == name] or same_name
