"""The files that lie beside the pictures of a data set."""

from pathlib import Path

from sqlalchemy import Connection

from harvester.export.status import write_status
from harvester.export.userposts import write_collection
from harvester.items import NUMBERED, Collection
from harvester.places import Places


def write_files(connection: Connection, row: int, collection: Collection, places: Places) -> list[Path]:
    """Write those that the collection has, each whole or not at all: the status file of every data set, and the two
    files of one that was made here. Returns where they are. Raises StoreError.
    """
    if not collection.is_data_set:
        return []
    written = [places.status_file(collection)]
    write_status(connection, row, written[0])
    if collection.layout == NUMBERED:
        accounts, posts = places.data_set_files(collection)
        write_collection(connection, row, accounts, posts)
        written += [accounts, posts]
    return written
