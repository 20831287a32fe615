"""Removal of an album, a site user or a site, with the bytes that nothing else uses.

The rows are deleted first, in one transaction that also lists the files to delete; then the files are deleted, and
their list. So whenever a process dies, either nothing has changed, or the pictures are out of the catalogue and it
lists the remaining files: `scrapy verify` accepts them, and the next removal deletes them. If the files were deleted
first, the catalogue would refer to missing bytes for a while.
"""

from collections.abc import Iterator
from itertools import chain

from sqlalchemy import Connection, Engine

from harvester.catalogue import albums, lookup, pending_deletes, queries, removing
from harvester.catalogue.db_errors import translate_db_errors
from harvester.catalogue.removing import RemovalScope, RemovalSummary, select_for_removal
from harvester.dataset.writer import write_dataset_files
from harvester.errors import UsageProblem
from harvester.imaging.formats import EXTENSIONS
from harvester.parsing.urls import canonical_acct
from harvester.storage.paths import DataPaths
from harvester.text import escape_control_chars


def removal_command(kind: str, text: str, site: str | None) -> str:
    """The arguments of `scrapy remove` in one normal form, by which a stopped removal is recognized."""
    return f"{kind} {text}" if site is None else f"{kind} {text} --site {site}"


def resolve_scope(connection: Connection, kind: str, text: str, site: str | None = None) -> RemovalScope:
    """The target that a text means. Raises UsageProblem if it matches nothing, or more than one target."""
    if kind == "site":
        if not lookup.has_site(connection, text):
            raise UsageProblem(f"{escape_control_chars(text)}: nothing has been harvested from a site of that name.")
        return RemovalScope(text)
    if kind == "album":
        owner, album = albums.find_album(connection, text, site)
        return RemovalScope(owner.site, album.id, owner.id)
    owner = albums.find_owner(connection, text, site)
    if not (authors := albums.find_author_sites(connection, text, site)):
        text = canonical_acct(text)
        authors = albums.find_author_sites(connection, text, site)
    if len(authors) + (owner is not None) != 1:
        sites = ", ".join([*authors, *([owner.site] if owner is not None else [])])
        problem = (
            f"a user at each of {sites}; choose with --site" if sites else "not a known user; see scrapy show users"
        )
        raise UsageProblem(f"{escape_control_chars(text)} is {problem}.")
    if owner is None:
        return RemovalScope(authors[0], author=text)
    return RemovalScope(owner.site, owner=owner.id)


def preview_removal(engine: Engine, kind: str, text: str, site: str | None) -> RemovalSummary:
    """The summary of a removal, without changing anything. Raises UsageProblem."""
    with translate_db_errors(engine), engine.connect() as connection:
        summary = select_for_removal(connection, resolve_scope(connection, kind, text, site))
        connection.rollback()
    return summary


def remove_from_catalogue(engine: Engine, places: DataPaths, kind: str, text: str, site: str | None) -> RemovalSummary:
    """Delete the rows and list the files for `delete_removed_files`; the caller holds the lock of the data directory.

    Raises UsageProblem and StoreError.
    """
    with translate_db_errors(engine):
        with engine.begin() as connection:
            scope = resolve_scope(connection, kind, text, site)
            summary = select_for_removal(connection, scope)
            _record_files(connection, places, scope, removal_command(kind, text, site))
            removing.remove_selected(connection, scope)
        with engine.connect() as connection:
            for collection_id, collection in queries.all_collections(connection).items():
                if collection.site == scope.site and scope.author is not None:
                    write_dataset_files(connection, collection_id, collection, places)
    return summary


def _record_files(connection: Connection, places: DataPaths, scope: RemovalScope, command: str) -> None:
    collections = queries.all_collections(connection)
    # What lies beside the copies goes only where we have written it: with other bytes it is somebody's own.
    for collection_id, file, sha256 in chain(_stale_files(connection), removing.iter_selected_sidecars(connection)):
        if (places.output(collections[collection_id]) / file).is_file():
            pending_deletes.add_pending_delete(connection, command, collections[collection_id].directory, file, sha256)
    removing.record_files(connection, command, places.relative_to_data(places.blobs))
    if scope.is_whole_site:
        for collection in collections.values():
            if collection.site == scope.site and collection.is_dataset:
                for path in (places.status_file(collection), *places.dataset_files(collection)):
                    pending_deletes.add_pending_delete(
                        connection, command, places.relative_to_data(path.parent), path.name
                    )


def _stale_files(connection: Connection) -> Iterator[tuple[int, str, str]]:
    for collection_id, name, sha256 in removing.stale_output_files(connection):
        for ext in sorted(set(EXTENSIONS.values())):
            yield collection_id, f"{name}.{ext}", sha256
