"""The files that lie beside the pictures of a data set."""

from pathlib import Path

from sqlalchemy import Connection

from harvester.export.status import write_status
from harvester.export.userposts import write_collection
from harvester.items import NUMBERED, Collection
from harvester.places import DataPaths


def write_dataset_files(
    connection: Connection, collection_id: int, collection: Collection, places: DataPaths
) -> list[Path]:
    """Write those that the collection has, each whole or not at all: the status file of every data set, and the two
    files of one that was made here. Returns where they are. Raises StoreError.
    """
    if not collection.is_dataset:
        return []
    paths = [places.status_file(collection)]
    write_status(connection, collection_id, paths[0])
    if collection.layout == NUMBERED:
        accounts, posts = places.dataset_files(collection)
        write_collection(connection, collection_id, accounts, posts)
        paths += [accounts, posts]
    return paths
