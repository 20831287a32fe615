"""`download_status.json` of every data set, in the shape of the seed script, in a folder that is handed on."""

from pathlib import PurePosixPath

from sqlalchemy import Connection

from harvester.catalogue import queries
from harvester.errors import StoreError
from harvester.export.sets.folder import CannotExport, Folder
from harvester.export.sets.picking import NO_DATA_SET, Picks
from harvester.export.status import write_status
from harvester.sites.naming import folded, folder_name

FILE = "download_status.json"


def write_status_files(connection: Connection, picks: Picks, folder: Folder) -> int:
    """One for each data set in which something was picked: `<its folder's name>/download_status.json`.

    Returns how many images they tell of; the others have no place in a data set. Raises StoreError.
    """
    exported, taken = 0, set[str]()
    for row, collection in queries.all_collections(connection).items():
        if not collection.is_data_set:
            picks.skip_collection(row, NO_DATA_SET)
        elif number := picks.of_collection(row):
            exported += number
            name = folder_name(PurePosixPath(collection.directory).name, collection.site)
            name = f"{name}-{row}" if folded(name) in taken else name
            taken.add(folded(name))
            _write(connection, row, folder, f"{name}/{FILE}")
    return exported


def _write(connection: Connection, row: int, folder: Folder, path: str) -> None:
    if folder.dry:
        return
    part = folder.part()
    try:
        write_status(connection, row, part)
        folder.whole(path, part)
    except CannotExport as error:
        raise StoreError(f"{folder.root / path} cannot be written: {error}.") from error
