"""Taking what `harvester.catalogue.going` has chosen out of every table, and writing down the files that go with it.

Both are parts of one transaction of the caller's: either all rows go and the files are written down, or nothing.
"""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Select, delete, func, insert, literal, or_, select, update

from harvester.catalogue import pairs, tags, tagundo
from harvester.catalogue.going import Scope, albums_of, collections_of, going_blobs, going_images, places_of
from harvester.catalogue.queries import CHUNK
from harvester.catalogue.schema import (
    accounts,
    album_images,
    albums,
    blobs,
    collections,
    generated,
    images,
    listings,
    owners,
    removals,
    runs,
    sightings,
    source_tags,
    verdicts,
)


def stale_copies(connection: Connection) -> list[Any]:
    """(collection_id, name, file_sha256) of copies that are owed again: what was there may still be there."""
    found = select(sightings.c.collection_id, sightings.c.name, sightings.c.file_sha256)
    found = found.where(
        sightings.c.image_id.in_(going_images()), sightings.c.file.is_(None), sightings.c.file_sha256.is_not(None)
    )
    return list(connection.execute(found).all())


def names(connection: Connection) -> Iterator[Any]:
    """(id, collection_id, name, metadata) of every name that goes, whether or not there is a file of that name."""
    columns = (sightings.c.id, sightings.c.collection_id, sightings.c.name, images.c.metadata)
    found = select(*columns).join(images, images.c.id == sightings.c.image_id)
    found = found.where(images.c.id.in_(going_images())).order_by(sightings.c.id).limit(CHUNK)
    last = 0
    while page := connection.execute(found.where(sightings.c.id > last)).all():
        yield from page
        last = page[-1].id


def note_files(connection: Connection, asked: str, blob_folder: str) -> None:
    """Write down the named copies and the blobs, all of which are to go; `asked`: the arguments of the removal."""
    folder = collections.c.directory
    copies = select(folder + "/" + sightings.c.file, folder, sightings.c.file_sha256, literal(asked))
    copies = copies.join(collections, collections.c.id == sightings.c.collection_id)
    named = sightings.c.image_id.in_(going_images())
    _note(connection, copies.where(named, sightings.c.file.is_not(None)))
    start = func.substr(blobs.c.sha256, 1, 2)
    path = literal(f"{blob_folder}/") + start + "/" + blobs.c.sha256 + "." + blobs.c.ext
    stored = select(path, literal(blob_folder), blobs.c.sha256, literal(asked))
    _note(connection, stored.where(blobs.c.sha256.in_(going_blobs())))


def _note(connection: Connection, files: Select[Any]) -> None:
    connection.execute(insert(removals).from_select(["path", "folder", "sha256", "asked"], files))


def remove(connection: Connection, scope: Scope) -> None:
    """Take what was chosen out of every table, and the listings that led to it: the next crawl begins them anew."""
    for page in _pages(connection):
        pairs.forget(connection, page)
    change = tags.begin(connection, tagundo.FINAL)
    tags.forget(connection, change, going_blobs())
    tags.close(connection, change)
    connection.execute(
        delete(verdicts).where(or_(verdicts.c.image_id.in_(going_images()), verdicts.c.album_id.in_(albums_of(scope))))
    )
    connection.execute(delete(album_images).where(places_of(scope)))
    for table in (source_tags, generated, sightings):
        connection.execute(delete(table).where(table.c.image_id.in_(going_images())))
    connection.execute(delete(images).where(images.c.id.in_(going_images())))
    connection.execute(delete(blobs).where(blobs.c.sha256.in_(going_blobs())))
    connection.execute(delete(albums).where(albums.c.id.in_(albums_of(scope))))
    _forget_sources(connection, scope)


def _forget_sources(connection: Connection, scope: Scope) -> None:
    within = collections_of(scope)
    walked = delete(listings).where(listings.c.collection_id.in_(within))
    if scope.queries:
        walked = walked.where(listings.c.query.in_(scope.queries))
    connection.execute(walked)
    if scope.album is not None:
        connection.execute(update(owners).where(owners.c.id == scope.owner).values(listed_at=None))
    elif scope.owner is not None:
        connection.execute(delete(owners).where(owners.c.id == scope.owner))
    elif scope.whole_site:
        connection.execute(delete(owners).where(owners.c.site == scope.site))
        for table in (accounts, runs):
            connection.execute(delete(table).where(table.c.collection_id.in_(within)))
        connection.execute(delete(collections).where(collections.c.site == scope.site))
    else:
        connection.execute(
            delete(accounts).where(accounts.c.collection_id.in_(within), accounts.c.acct == scope.author)
        )
        unread = update(collections).where(collections.c.site == scope.site)
        connection.execute(unread.values(promising=None, promised=None))


def _pages(connection: Connection) -> Iterator[list[str]]:
    last = ""
    found = going_blobs()
    sha256 = found.selected_columns[0]
    found = found.order_by(sha256).limit(CHUNK)
    while page := list(connection.execute(found.where(sha256 > last)).scalars()):
        yield page
        last = page[-1]
