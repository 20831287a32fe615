"""Which images a person means: by URL, id, sha256, file, or name."""

import re
from pathlib import Path

from sqlalchemy import Connection

from harvester.catalogue import lookup, queries
from harvester.places import Places
from harvester.upkeep.blobfiles import hashed

_SHA256 = re.compile(r"[0-9a-f]{8,64}")


def images_of(connection: Connection, places: Places, text: str) -> set[int]:
    """The rows of the images that a text names, none where it names nothing.

    A text may be an image's address, the page it was seen on, the site's id of it, its row in the catalogue, its sha256
    (8 digits or more), its file name with or without extension, or the path of any file: a named copy, a blob, or a
    file of the same bytes.
    """
    found = lookup.by_text(connection, text) | lookup.by_name(connection, text)
    if "://" in text:
        return found
    if _SHA256.fullmatch(text.lower()):
        found |= lookup.by_sha256(connection, text.lower())
    path = Path(text)
    found |= _named_copy(connection, places, path)
    if "/" not in text:
        found |= lookup.by_name(connection, path.stem)
    if not found and path.is_file():
        found = lookup.by_sha256(connection, hashed(path))
    return found


def _named_copy(connection: Connection, places: Places, path: Path) -> set[int]:
    """By its place, whatever its bytes are by now; a blob by its own name."""
    path = path.absolute()
    folder = path.parent.resolve()
    if folder.is_relative_to(places.blobs.resolve()) and len(path.stem) == 64:
        return lookup.by_sha256(connection, path.stem)
    for row, collection in queries.all_collections(connection).items():
        if places.output(collection) == folder:
            return lookup.by_name(connection, path.stem, row)
    return set()
