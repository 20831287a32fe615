"""Look-up of the images that an argument names: by URL, id, sha256, file or name."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Engine

from harvester.catalogue import lookup, queries, repair
from harvester.catalogue.db_errors import translate_db_errors
from harvester.errors import UsageProblem
from harvester.maintenance.blob_files import sha256_or_error
from harvester.storage.paths import DataPaths
from harvester.text import count_noun, escape_control_chars, strip_unstorable

_SHA256 = re.compile(r"[0-9a-f]{8,64}")


def find_images(connection: Connection, places: DataPaths, text: str) -> set[int]:
    """The rows of the images that a text names; empty if it names none.

    A text may be the address of an image, its page, its id at the site, its row in the catalogue, its sha256 (8 digits
    or more), its file name with or without extension, or the path of any file: an output file, a blob, or a file with
    the same bytes.
    """
    if strip_unstorable(text) != text:  # undecodable bytes match no name in the catalogue
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
    """The images of an output file, found by its path even if its bytes have changed, or of a blob by its name."""
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


@dataclass(frozen=True)
class ForgetResult:
    """The number of matching images, how many of them are fetched again, and the texts that match no image."""

    images: int
    requeued: int
    unknown: list[str]

    def message(self, *, dry: bool) -> str:
        """The result as one or two sentences."""
        verb = "would be fetched" if dry else "will be fetched"
        text = f"{count_noun(self.images, 'image')} found, {self.requeued:,} {verb} again by the next crawl."
        if self.requeued < self.images:
            text += " The others are already pending, or another attempt cannot change them (see scrapy why)."
        return text


def forget_images(
    engine: Engine, places: DataPaths, texts: Sequence[str], *, site: str | None, reason: str | None, dry: bool
) -> ForgetResult:
    """Make the matching images pending without bytes: those that the texts name, of the site, with the reason.

    Blobs and output files stay as they are. If the same bytes are fetched again, they are used; if others are, the
    output file is replaced and `verify` reports the old blob as unreferenced. Raises UsageProblem for an unknown site.
    """
    unknown: list[str] = []
    with translate_db_errors(engine), engine.begin() as connection:
        image_ids = lookup.find_by_rule(connection, site, reason) if site or reason else None
        if site and image_ids is not None and not lookup.has_site(connection, site):
            raise UsageProblem(f"--site {site}: nothing has been harvested from a site of that name.")
        if texts:
            named_ids: set[int] = set()
            for text in texts:
                matches = find_images(connection, places, text)
                if not matches:
                    unknown.append(escape_control_chars(text))
                named_ids |= matches
            image_ids = named_ids if image_ids is None else image_ids & named_ids
        requeued_ids = repair.filter_retryable(connection, sorted(image_ids or ()))
        if not dry:
            repair.refetch(connection, requeued_ids)
    return ForgetResult(len(image_ids or ()), len(requeued_ids), unknown)
