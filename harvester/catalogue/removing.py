"""Removal of an album, a site user or a site from every table, with a list of the files to delete.

Each function is one part of a caller's transaction: either all rows go and the files are listed, or nothing changes.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    MetaData,
    Select,
    String,
    Table,
    and_,
    delete,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.schema import CreateTable

from harvester.catalogue.duplicates import pairs
from harvester.catalogue.schema import (
    accounts,
    album_images,
    albums,
    blobs,
    collections,
    images,
    listings,
    pending_deletes,
    placements,
    site_users,
)
from harvester.catalogue.sql import CHUNK_SIZE
from harvester.catalogue.tags import tag_assignment, tag_undo
from harvester.text import count_noun

_temporary_metadata = MetaData()

_image_table = Table(
    "selected_images", _temporary_metadata, Column("id", BigInteger, primary_key=True), prefixes=["TEMPORARY"]
)

_blob_table = Table(
    "selected_blobs", _temporary_metadata, Column("sha256", String(64), primary_key=True), prefixes=["TEMPORARY"]
)


@dataclass(frozen=True)
class RemovalScope:
    """The target of a removal: an album of a site user (rows), all albums of one, an author at a site, or a whole site.

    `queries` are the listings that led to the pictures of the site user.
    """

    site: str
    album: int | None = None
    owner: int | None = None
    author: str | None = None

    @property
    def is_whole_site(self) -> bool:
        """Whether the whole site is removed."""
        return self.owner is None and self.author is None


@dataclass(frozen=True)
class RemovalSummary:
    """Numbers of what is removed: placements in albums and folders, images, blobs, their bytes, and output files."""

    occurrences: int
    images: int
    blobs: int
    bytes: int
    output_files: int

    def message(self, *, dry_run: bool) -> str:
        """The summary as one sentence."""
        return (
            f"{'Would remove' if dry_run else 'Removed'} {count_noun(self.occurrences, 'placement')} of "
            f"{count_noun(self.images, 'image')}, with {count_noun(self.blobs, 'blob')} "
            f"({count_noun(self.bytes, 'byte')}) that nothing else uses and "
            f"{count_noun(self.output_files, 'output file')}."
        )


def select_for_removal(connection: Connection, scope: RemovalScope) -> RemovalSummary:
    """Select what the removal takes; return the summary.

    An image that another album or an output folder has is kept, and so is a blob that another image has.
    """
    for table in (_image_table, _blob_table):
        connection.execute(CreateTable(table, if_not_exists=True))
        connection.execute(delete(table))
    connection.execute(insert(_image_table).from_select(["id"], _images_in_scope(scope)))
    others = images.alias()
    is_shared = exists().where(others.c.sha256 == images.c.sha256, others.c.id.not_in(select(_image_table.c.id)))
    orphans = (
        select(images.c.sha256)
        .where(images.c.id.in_(selected_images()), images.c.sha256.is_not(None), ~is_shared)
        .distinct()
    )
    connection.execute(insert(_blob_table).from_select(["sha256"], orphans))
    blobs_query = select(func.count(), func.coalesce(func.sum(blobs.c.bytes), 0)).where(
        blobs.c.sha256.in_(selected_blobs())
    )
    blob_count, blob_bytes = connection.execute(blobs_query).one()
    names_query = select(func.count()).where(placements.c.image_id.in_(selected_images()))
    occurrences_query = select(func.count()).where(selected_placements(scope))
    return RemovalSummary(
        occurrences=_count(connection, occurrences_query) + _count(connection, names_query),
        images=_count(connection, select(func.count()).select_from(_image_table)),
        blobs=blob_count,
        bytes=int(blob_bytes),
        output_files=_count(connection, names_query.where(placements.c.file.is_not(None))),
    )


def _images_in_scope(scope: RemovalScope) -> Select[Any]:
    of_site = images.c.collection_id.in_(collections_in_scope(scope))
    if scope.is_whole_site:
        return select(images.c.id).where(of_site)
    if scope.author is not None:
        return select(images.c.id).where(of_site, images.c.author == scope.author)
    other_entries = album_images.alias()
    in_other_album = exists().where(
        other_entries.c.image_id == album_images.c.image_id, other_entries.c.album_id.not_in(albums_in_scope(scope))
    )
    has_file_name = exists().where(placements.c.image_id == album_images.c.image_id)
    query = select(album_images.c.image_id).where(album_images.c.album_id.in_(albums_in_scope(scope)))
    return query.where(~in_other_album, ~has_file_name).distinct()


def collections_in_scope(scope: RemovalScope) -> Select[Any]:
    """The rows of the collections of the site."""
    return select(collections.c.id).where(collections.c.site == scope.site)


def albums_in_scope(scope: RemovalScope) -> Select[Any]:
    """The rows of the albums to remove."""
    if scope.album is not None:
        return select(albums.c.id).where(albums.c.id == scope.album)
    if scope.owner is not None:
        return select(albums.c.id).where(albums.c.owner_id == scope.owner)
    of_site = select(site_users.c.id).where(site_users.c.site == scope.site)
    return select(albums.c.id).where(albums.c.owner_id.in_(of_site), literal(scope.is_whole_site))


def selected_placements(scope: RemovalScope) -> Any:
    """The condition for the rows of `album_images` to remove."""
    return or_(album_images.c.album_id.in_(albums_in_scope(scope)), album_images.c.image_id.in_(selected_images()))


def selected_images() -> Select[Any]:
    """The rows of the selected images."""
    return select(_image_table.c.id)


def selected_blobs() -> Select[Any]:
    """The sha256 of the selected blobs."""
    return select(_blob_table.c.sha256)


def _count(connection: Connection, query: Select[Any]) -> int:
    return int(connection.execute(query).scalar_one())


def stale_output_files(connection: Connection) -> list[Any]:
    """(collection_id, name, file_sha256) of pending output files whose earlier version may still be on disk."""
    query = select(placements.c.collection_id, placements.c.name, placements.c.file_sha256)
    query = query.where(
        placements.c.image_id.in_(selected_images()), placements.c.file.is_(None), placements.c.file_sha256.is_not(None)
    )
    return list(connection.execute(query).all())


def iter_selected_sidecars(connection: Connection) -> Iterator[tuple[int, str, str]]:
    """(collection_id, file name, sha256) of what was written beside the copies that go."""
    query = select(placements.c.id, placements.c.collection_id, placements.c.sidecars)
    query = query.where(placements.c.image_id.in_(selected_images()), placements.c.sidecars.is_not(None))
    query, last_row = query.order_by(placements.c.id).limit(CHUNK_SIZE), 0
    while page := connection.execute(query.where(placements.c.id > last_row)).all():
        for row in page:
            yield from ((row.collection_id, file, sha256) for file, sha256 in row.sidecars.items())
        last_row = page[-1].id


def record_files(connection: Connection, command: str, blob_folder: str) -> None:
    """List the selected output files and blobs as pending deletes; `command` has the arguments of the removal."""
    folder = collections.c.directory
    output_files = select(folder + "/" + placements.c.file, folder, placements.c.file_sha256, literal(command))
    output_files = output_files.join(collections, collections.c.id == placements.c.collection_id)
    is_selected = placements.c.image_id.in_(selected_images())
    _insert_pending_deletes(connection, output_files.where(is_selected, placements.c.file.is_not(None)))
    prefix = func.substr(blobs.c.sha256, 1, 2)
    path = literal(f"{blob_folder}/") + prefix + "/" + blobs.c.sha256 + "." + blobs.c.ext
    blob_files = select(path, literal(blob_folder), blobs.c.sha256, literal(command))
    _insert_pending_deletes(connection, blob_files.where(blobs.c.sha256.in_(selected_blobs())))


def _insert_pending_deletes(connection: Connection, query: Select[Any]) -> None:
    connection.execute(insert(pending_deletes).from_select(["path", "folder", "sha256", "command"], query))


def remove_selected(connection: Connection, scope: RemovalScope) -> None:
    """Delete the selection from every table, with the listings that led to it, so that the next crawl restarts them."""
    for sha256s in _selected_blob_pages(connection):
        pairs.forget_blobs(connection, sha256s)
    change = tag_assignment.begin_change(connection, tag_undo.REMOVAL_ORIGIN)
    tag_assignment.clear_all_tags(connection, change, selected_blobs())
    tag_assignment.close_change(connection, change)
    connection.execute(delete(images).where(images.c.id.in_(selected_images())))
    connection.execute(delete(blobs).where(blobs.c.sha256.in_(selected_blobs())))
    _delete_sources(connection, scope)


def _delete_sources(connection: Connection, scope: RemovalScope) -> None:
    collection_ids = collections_in_scope(scope)
    if scope.album is not None:
        of_owner = and_(listings.c.owner_id == scope.owner, listings.c.album_id.is_(None))
        connection.execute(delete(listings).where(of_owner))
        connection.execute(delete(albums).where(albums.c.id == scope.album))
        connection.execute(update(site_users).where(site_users.c.id == scope.owner).values(listed_at=None))
    elif scope.owner is not None:
        connection.execute(delete(site_users).where(site_users.c.id == scope.owner))
    elif scope.is_whole_site:
        connection.execute(delete(collections).where(collections.c.site == scope.site))
        connection.execute(delete(site_users).where(site_users.c.site == scope.site))
    else:
        connection.execute(delete(listings).where(listings.c.collection_id.in_(collection_ids)))
        connection.execute(
            delete(accounts).where(accounts.c.collection_id.in_(collection_ids), accounts.c.acct == scope.author)
        )
        collections_update = update(collections).where(collections.c.site == scope.site)
        connection.execute(collections_update.values(discovering=None, discovered_from=None))


def _selected_blob_pages(connection: Connection) -> Iterator[list[str]]:
    last_sha256 = ""
    query = selected_blobs()
    sha256 = query.selected_columns[0]
    query = query.order_by(sha256).limit(CHUNK_SIZE)
    while page := list(connection.execute(query.where(sha256 > last_sha256)).scalars()):
        yield page
        last_sha256 = page[-1]
