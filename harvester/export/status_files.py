"""Export of `download_status.json` for every data set."""

from pathlib import PurePosixPath

from sqlalchemy import Connection

from harvester.catalogue import queries
from harvester.dataset.status_file import write_status
from harvester.errors import StoreError
from harvester.export.output_folder import CannotExport, OutputFolder
from harvester.export.selected_images import NOT_IN_DATA_SET, SelectedImages
from harvester.parsing.file_names import fold_name, folder_name

STATUS_FILE = "download_status.json"


def write_status_files(connection: Connection, selected: SelectedImages, folder: OutputFolder) -> int:
    """Write `<folder name>/download_status.json` for each data set with a selected image.

    Returns the number of images in them; other images are skipped, because they are in no data set. Raises StoreError.
    """
    exported, used_names = 0, set[str]()
    for collection_id, collection in queries.all_collections(connection).items():
        if not collection.is_dataset:
            selected.skip_collection(collection_id, NOT_IN_DATA_SET)
        elif count := selected.count_in_collection(collection_id):
            exported += count
            name = folder_name(PurePosixPath(collection.directory).name, collection.site)
            name = f"{name}-{collection_id}" if fold_name(name) in used_names else name
            used_names.add(fold_name(name))
            _write_status_file(connection, collection_id, folder, f"{name}/{STATUS_FILE}")
    return exported


def _write_status_file(connection: Connection, collection_id: int, folder: OutputFolder, path: str) -> None:
    if folder.dry:
        return
    part = folder.new_part_path()
    try:
        write_status(connection, collection_id, part)
        folder.publish_if_changed(path, part)
    except CannotExport as error:
        raise StoreError(f"{folder.root / path} cannot be written: {error}.") from error
