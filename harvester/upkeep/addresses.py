"""Which images a person means: by URL, id, sha256, file, or name."""

import re
from pathlib import Path

from sqlalchemy import Connection

from harvester.catalogue import lookup, queries
from harvester.places import DataPaths
from harvester.text import strip_unstorable
from harvester.upkeep.blobfiles import sha256_or_error

_SHA256 = re.compile(r"[0-9a-f]{8,64}")


def find_images(connection: Connection, places: DataPaths, text: str) -> set[int]:
    """The rows of the images that a text names, none where it names nothing.

    A text may be an image's address, the page it was seen on, the site's id of it, its row in the catalogue, its sha256
    (8 digits or more), its file name with or without extension, or the path of any file: a named copy, a blob, or a
    file of the same bytes.
    """
    if strip_unstorable(text) != text:  # bytes that are no text name nothing of ours
        return set()
    image_ids = lookup.find_by_text(connection, text) | lookup.find_by_name(connection, text)
    if "://" in text:
        return image_ids
    if _SHA256.fullmatch(text.lower()):
        image_ids |= lookup.find_by_sha256(connection, text.lower())
    path = Path(text)
    image_ids |= _find_output_file(connection, places, path)
    if "/" not in text:
        image_ids |= lookup.find_by_name(connection, path.stem)
    if not image_ids and path.is_file():
        image_ids = lookup.find_by_sha256(connection, sha256_or_error(path))
    return image_ids


def _find_output_file(connection: Connection, places: DataPaths, path: Path) -> set[int]:
    """By its place, whatever its bytes are by now; a blob by its own name."""
    path = path.absolute()
    folder = path.parent.resolve()
    if folder.is_relative_to(places.blobs.resolve()) and len(path.stem) == 64:
        return lookup.find_by_sha256(connection, path.stem)
    for collection_id, collection in queries.all_collections(connection).items():
        output = places.output(collection)
        if folder.is_relative_to(output):
            name = (folder / path.stem).relative_to(output)  # with the folders of a layout
            if image_ids := lookup.find_by_name(connection, name.as_posix(), collection_id):
                return image_ids
    return set()
