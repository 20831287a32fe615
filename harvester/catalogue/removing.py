"""Taking what `harvester.catalogue.going` has chosen out of every table, and writing down the files that go with it.

Both are parts of one transaction of the caller's: either all rows go and the files are written down, or nothing.
"""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Select, delete, func, insert, literal, or_, select, update

from harvester.catalogue import pairs, tags, tagundo
from harvester.catalogue.going import (
    RemovalScope,
    albums_in_scope,
    collections_in_scope,
    selected_blobs,
    selected_images,
    selected_placements,
)
from harvester.catalogue.queries import CHUNK_SIZE
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


def stale_output_files(connection: Connection) -> list[Any]:
    """(collection_id, name, file_sha256) of copies that are owed again: what was there may still be there."""
    query = select(sightings.c.collection_id, sightings.c.name, sightings.c.file_sha256)
    query = query.where(
        sightings.c.image_id.in_(selected_images()), sightings.c.file.is_(None), sightings.c.file_sha256.is_not(None)
    )
    return list(connection.execute(query).all())


def iter_selected_names(connection: Connection) -> Iterator[Any]:
    """(id, collection_id, name, metadata) of every name that goes, whether or not there is a file of that name."""
    columns = (sightings.c.id, sightings.c.collection_id, sightings.c.name, images.c.metadata)
    query = select(*columns).join(images, images.c.id == sightings.c.image_id)
    query = query.where(images.c.id.in_(selected_images())).order_by(sightings.c.id).limit(CHUNK_SIZE)
    last_row = 0
    while page := connection.execute(query.where(sightings.c.id > last_row)).all():
        yield from page
        last_row = page[-1].id


def record_files(connection: Connection, command: str, blob_folder: str) -> None:
    """Write down the named copies and the blobs, all of which are to go; `asked`: the arguments of the removal."""
    folder = collections.c.directory
    output_files = select(folder + "/" + sightings.c.file, folder, sightings.c.file_sha256, literal(command))
    output_files = output_files.join(collections, collections.c.id == sightings.c.collection_id)
    is_selected = sightings.c.image_id.in_(selected_images())
    _insert_pending_deletes(connection, output_files.where(is_selected, sightings.c.file.is_not(None)))
    prefix = func.substr(blobs.c.sha256, 1, 2)
    path = literal(f"{blob_folder}/") + prefix + "/" + blobs.c.sha256 + "." + blobs.c.ext
    blob_files = select(path, literal(blob_folder), blobs.c.sha256, literal(command))
    _insert_pending_deletes(connection, blob_files.where(blobs.c.sha256.in_(selected_blobs())))


def _insert_pending_deletes(connection: Connection, query: Select[Any]) -> None:
    connection.execute(insert(removals).from_select(["path", "folder", "sha256", "asked"], query))


def remove_selected(connection: Connection, scope: RemovalScope) -> None:
    """Take what was chosen out of every table, and the listings that led to it: the next crawl begins them anew."""
    for sha256s in _selected_blob_pages(connection):
        pairs.forget_blobs(connection, sha256s)
    change = tags.begin_change(connection, tagundo.REMOVAL_ORIGIN)
    tags.clear_all_tags(connection, change, selected_blobs())
    tags.close_change(connection, change)
    connection.execute(
        delete(verdicts).where(
            or_(verdicts.c.image_id.in_(selected_images()), verdicts.c.album_id.in_(albums_in_scope(scope)))
        )
    )
    connection.execute(delete(album_images).where(selected_placements(scope)))
    for table in (source_tags, generated, sightings):
        connection.execute(delete(table).where(table.c.image_id.in_(selected_images())))
    connection.execute(delete(images).where(images.c.id.in_(selected_images())))
    connection.execute(delete(blobs).where(blobs.c.sha256.in_(selected_blobs())))
    connection.execute(delete(albums).where(albums.c.id.in_(albums_in_scope(scope))))
    _delete_sources(connection, scope)


def _delete_sources(connection: Connection, scope: RemovalScope) -> None:
    collection_ids = collections_in_scope(scope)
    statement = delete(listings).where(listings.c.collection_id.in_(collection_ids))
    if scope.queries:
        statement = statement.where(listings.c.query.in_(scope.queries))
    connection.execute(statement)
    if scope.album is not None:
        connection.execute(update(owners).where(owners.c.id == scope.owner).values(listed_at=None))
    elif scope.owner is not None:
        connection.execute(delete(owners).where(owners.c.id == scope.owner))
    elif scope.is_whole_site:
        connection.execute(delete(owners).where(owners.c.site == scope.site))
        for table in (accounts, runs):
            connection.execute(delete(table).where(table.c.collection_id.in_(collection_ids)))
        connection.execute(delete(collections).where(collections.c.site == scope.site))
    else:
        connection.execute(
            delete(accounts).where(accounts.c.collection_id.in_(collection_ids), accounts.c.acct == scope.author)
        )
        collections_update = update(collections).where(collections.c.site == scope.site)
        connection.execute(collections_update.values(promising=None, promised=None))


def _selected_blob_pages(connection: Connection) -> Iterator[list[str]]:
    last_sha256 = ""
    query = selected_blobs()
    sha256 = query.selected_columns[0]
    query = query.order_by(sha256).limit(CHUNK_SIZE)
    while page := list(connection.execute(query.where(sha256 > last_sha256)).scalars()):
        yield page
        last_sha256 = page[-1]
