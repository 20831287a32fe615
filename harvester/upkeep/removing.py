"""Removing an album, a user or a site, with the bytes that nothing else has.

Rows go first, all of them in one transaction, which also writes down the files that go with them; then the files go,
and the notes about them. So whenever a process dies, either nothing has happened, or the catalogue knows nothing of the
pictures any more and knows which files are left over: `scrapy verify` is content with them, and the next removal ends
the work. The other way round, files first, the catalogue would for a while promise bytes that are not there.
"""

from collections.abc import Iterator
from itertools import chain

from sqlalchemy import Connection, Engine, select

from harvester.blobs import digest
from harvester.catalogue import lookup, owners, queries, removals, removing
from harvester.catalogue.going import Scope, Toll, choose
from harvester.catalogue.schema import albums
from harvester.catalogue.trouble import told_plainly
from harvester.errors import BadInput
from harvester.export.dataset import write_files
from harvester.imaging.sniff import EXTENSIONS
from harvester.places import Places
from harvester.sites.imagefap.addresses import Addresses
from harvester.sites.imagefap.reading import FolderList, FolderPages
from harvester.sites.sidecars import WRITERS, sidecars
from harvester.text import printable


def asked(kind: str, text: str, site: str | None) -> str:
    """The arguments of `scrapy remove` in a form of their own, by which a stopped removal knows itself again."""
    return f"{kind} {text}" if site is None else f"{kind} {text} --site {site}"


def scope_of(connection: Connection, kind: str, text: str, site: str | None = None) -> Scope:
    """What a text means. Raises BadInput where it means nothing, or more than one thing."""
    if kind == "site":
        if not lookup.has_site(connection, text):
            raise BadInput(f"{printable(text)}: nothing has been harvested from a site of that name.")
        return Scope(text)
    if kind == "album":
        owner, album = owners.find_album(connection, text, site)
        walked = (_list_of(owner.key), FolderPages(Addresses(), int(owner.key), int(album.key)).query)
        return Scope(owner.site, album.id, owner.id, queries=walked)
    owner = owners.find_owner(connection, text, site)
    authors = owners.sites_of_author(connection, text, site)
    if len(authors) + (owner is not None) != 1:
        where = ", ".join([*authors, *([owner.site] if owner is not None else [])])
        told = f"a user at each of {where}: say which with --site" if where else "no user: see scrapy show users"
        raise BadInput(f"{printable(text)} is {told}.")
    if owner is None:
        return Scope(authors[0], author=text)
    keys = connection.execute(select(albums.c.key).where(albums.c.owner_id == owner.id)).scalars()
    folders = [FolderPages(Addresses(), int(owner.key), int(key)).query for key in keys]
    return Scope(owner.site, owner=owner.id, queries=[_list_of(owner.key), *folders])


def _list_of(user: str) -> str:
    return FolderList(Addresses(), int(user)).query


def preview(engine: Engine, kind: str, text: str, site: str | None) -> Toll:
    """What would go; nothing is changed. Raises BadInput."""
    with told_plainly(engine), engine.connect() as connection:
        found = choose(connection, scope_of(connection, kind, text, site))
        connection.rollback()
    return found


def remove(engine: Engine, places: Places, kind: str, text: str, site: str | None) -> Toll:
    """Take the rows out and write down the files, for `sweep_removed`; the caller holds the lock of the data directory.

    Raises BadInput and StoreError.
    """
    with told_plainly(engine):
        with engine.begin() as connection:
            scope = scope_of(connection, kind, text, site)
            found = choose(connection, scope)
            _note_files(connection, places, scope, asked(kind, text, site))
            removing.remove(connection, scope)
        with engine.connect() as connection:
            for row, collection in queries.all_collections(connection).items():
                if collection.site == scope.site and scope.author is not None:
                    write_files(connection, row, collection, places)
    return found


def _note_files(connection: Connection, places: Places, scope: Scope, words: str) -> None:
    collections = queries.all_collections(connection)
    for row, file, sha256 in chain(_stale(connection), _beside(connection, scope.site)):
        if (places.output(collections[row]) / file).is_file():
            removals.note(connection, words, collections[row].directory, file, sha256)
    removing.note_files(connection, words, places.stored(places.blobs))
    if scope.whole_site:
        for collection in collections.values():
            if collection.site == scope.site and collection.is_data_set:
                for path in (places.status_file(collection), *places.data_set_files(collection)):
                    removals.note(connection, words, places.stored(path.parent), path.name)


def _stale(connection: Connection) -> Iterator[tuple[int, str, str]]:
    for row, name, sha256 in removing.stale_copies(connection):
        for ext in sorted(set(EXTENSIONS.values())):
            yield row, f"{name}.{ext}", sha256


def _beside(connection: Connection, site: str) -> Iterator[tuple[int, str, str]]:
    """What lies beside the copies goes only where we have written it: with other bytes it is somebody's own."""
    if site in WRITERS:
        for _, row, name, metadata in removing.names(connection):
            for ext, data in sidecars(site, metadata or {}).items():
                yield row, f"{name}.{ext}", digest(data)
