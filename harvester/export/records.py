"""Catalogue data of the images of an export, read in batches."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row

from harvester.catalogue import export_rows
from harvester.catalogue.duplicates.verdicts import current_verdicts
from harvester.export.tags_and_best import TagIndex

MAX_TWINS = 100
"""Largest number of images with the same bytes that are listed for one image."""


@dataclass(frozen=True)
class AlbumEntry:
    """A placement in an album: name of the site user, name of the album, position from 0, and file name."""

    owner: str
    album: str
    position: int
    name: str


@dataclass(frozen=True)
class Record:
    """One image. `image`, `blob` and `generated` are rows of the catalogue; the latter two may be None.

    `number` is its number in the order of the export. `twins` are the rows of other images with the same bytes, at most
    MAX_TWINS.
    """

    number: int
    image: Row[Any]
    blob: Row[Any] | None
    generated: Row[Any] | None
    album_entries: Sequence[AlbumEntry] = ()
    names: Sequence[str] = ()
    files: Sequence[str] = ()
    source_tags: Sequence[str] = ()
    tags: Sequence[str] = ()
    verdict: str = "new"
    twins: Sequence[Row[Any]] = field(default=())

    @property
    def address(self) -> str:
        """The address from which it was fetched."""
        return str(self.image.url or self.image.key)


class RecordReader:
    """Reads records from the catalogue; with `twins` also the twins of each image."""

    def __init__(self, connection: Connection, tags: TagIndex, *, twins: bool) -> None:
        self._connection = connection
        self._tags = tags
        self._twins = twins

    def read(self, numbered_images: Sequence[tuple[int, int]]) -> Iterator[Record]:
        """Read the records of (number, image) pairs, in that order; images removed meanwhile are left out."""
        image_ids = [image for _, image in numbered_images]
        connection = self._connection
        image_by_id = {row.id: row for row in export_rows.iter_images(connection, image_ids)}
        shas = sorted({row.sha256 for row in image_by_id.values() if row.sha256})
        blob_of = {row.sha256: row for row in export_rows.iter_blobs(connection, shas)}
        twins = _group_rows(export_rows.iter_twins(connection, shas, MAX_TWINS), "sha256") if self._twins else {}
        tags, verdict_of = self._tags.find_paths(shas), current_verdicts(connection, shas)
        generation_of = {row.image_id: row for row in export_rows.iter_generation(connection, image_ids)}
        entries_of = _group_rows(export_rows.iter_album_entries(connection, image_ids), "image_id")
        placements_of = _group_rows(export_rows.iter_placements(connection, image_ids), "image_id")
        source_tags_of = _group_rows(export_rows.iter_source_tags(connection, image_ids), "image_id")
        for number, row in numbered_images:
            if row not in image_by_id:  # removed meanwhile
                continue
            image = image_by_id[row]
            yield Record(
                number, image, blob_of.get(image.sha256), generation_of.get(row),
                album_entries=[
                    AlbumEntry(entry.owner, entry.album, entry.position, entry.name)
                    for entry in entries_of.get(row, ())
                ],
                names=[placement.name for placement in placements_of.get(row, ())],
                files=[placement.file for placement in placements_of.get(row, ()) if placement.file],
                source_tags=sorted(tag.tag for tag in source_tags_of.get(row, ())),
                tags=tags.get(image.sha256, ()),
                verdict=verdict_of.get(image.sha256, "new"),
                twins=[twin for twin in twins.get(image.sha256, ()) if twin.id != row],
            )  # fmt: skip


def _group_rows(rows: Iterable[Row[Any]], column: str) -> dict[Any, list[Row[Any]]]:
    groups: dict[Any, list[Row[Any]]] = {}
    for row in rows:
        groups.setdefault(getattr(row, column), []).append(row)
    return groups
