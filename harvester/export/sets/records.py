"""Everything the catalogue knows of the images of an export, some hundred at a time."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, Select, func, select

from harvester.catalogue.queries import chunks
from harvester.catalogue.schema import (
    album_images,
    albums,
    blobs,
    collections,
    generated,
    images,
    owners,
    sightings,
    source_tags,
)
from harvester.catalogue.verdicts import standing
from harvester.export.sets.opinions import Tags
from harvester.export.sets.picking import kept_places

TWINS = 100
"""Images of the very same bytes that are told of one, at most."""


@dataclass(frozen=True)
class Place:
    """Where an image stands in an album: its owner's name, the album's, the position from 0, the file's name there."""

    owner: str
    album: str
    position: int
    name: str


@dataclass(frozen=True)
class Record:
    """One image. `image`, `blob` and `generated` are rows of the catalogue, the latter two None where there is none.

    `n` is its number in the order of the export. `twins` are the rows of other images of the very same bytes,
    at most TWINS.
    """

    n: int
    image: Row[Any]
    blob: Row[Any] | None
    generated: Row[Any] | None
    places: Sequence[Place] = ()
    names: Sequence[str] = ()
    files: Sequence[str] = ()
    source_tags: Sequence[str] = ()
    tags: Sequence[str] = ()
    verdict: str = "new"
    twins: Sequence[Row[Any]] = field(default=())

    @property
    def address(self) -> str:
        """From where it was fetched."""
        return str(self.image.url or self.image.key)


class Records:
    """Reads records; `twins`: with those of each."""

    def __init__(self, connection: Connection, tags: Tags, *, twins: bool) -> None:
        self._connection = connection
        self._tags = tags
        self._twins = twins

    def of(self, picked: Sequence[tuple[int, int]]) -> Iterator[Record]:
        """Those of (number, image), in that order."""
        rows = [image for _, image in picked]
        found = {row.id: row for row in self._some(_images(), images.c.id, rows)}
        shas = sorted({row.sha256 for row in found.values() if row.sha256})
        blob_of = {row.sha256: row for row in self._some(select(blobs), blobs.c.sha256, shas)}
        twins = _grouped(self._twins_of(shas), "sha256") if self._twins else {}
        tags, verdict_of = self._tags.of(shas), standing(self._connection, shas)
        made = {row.image_id: row for row in self._some(select(generated), generated.c.image_id, rows)}
        placed = _grouped(self._some(_places(), album_images.c.image_id, rows), "image_id")
        seen = _grouped(self._some(select(sightings).order_by(sightings.c.id), sightings.c.image_id, rows), "image_id")
        said = _grouped(self._some(select(source_tags), source_tags.c.image_id, rows), "image_id")
        for n, row in picked:
            if row not in found:  # removed meanwhile
                continue
            image = found[row]
            yield Record(
                n, image, blob_of.get(image.sha256), made.get(row),
                places=[Place(place.owner, place.album, place.position, place.name) for place in placed.get(row, ())],
                names=[sighting.name for sighting in seen.get(row, ())],
                files=[sighting.file for sighting in seen.get(row, ()) if sighting.file],
                source_tags=sorted(tag.tag for tag in said.get(row, ())),
                tags=tags.get(image.sha256, ()),
                verdict=verdict_of.get(image.sha256, "new"),
                twins=[twin for twin in twins.get(image.sha256, ()) if twin.id != row],
            )  # fmt: skip

    def _twins_of(self, shas: Sequence[str]) -> Iterator[Row[Any]]:
        rank = func.row_number().over(partition_by=images.c.sha256, order_by=images.c.id).label("rank")
        for chunk in chunks(shas):
            ranked = select(images.c.id, rank).where(images.c.sha256.in_(chunk)).subquery()
            found = _images().join(ranked, ranked.c.id == images.c.id).where(ranked.c.rank <= TWINS)
            yield from self._connection.execute(found.order_by(images.c.id))

    def _some(self, found: Select[Any], column: Any, values: Sequence[Any]) -> Iterator[Row[Any]]:
        for chunk in chunks(values):
            yield from self._connection.execute(found.where(column.in_(chunk)))


def _images() -> Select[Any]:
    return select(images, collections.c.site, collections.c.directory).join(collections)


def _places() -> Select[Any]:
    kept, is_kept = kept_places()
    return (
        select(album_images, albums.c.name.label("album"), owners.c.name.label("owner"))
        .join(albums, albums.c.id == album_images.c.album_id)
        .join(owners, owners.c.id == albums.c.owner_id)
        .outerjoin(kept, is_kept)
        .order_by(kept.c.image_id.is_(None), albums.c.owner_id, albums.c.id, album_images.c.position)
    )


def _grouped(rows: Iterable[Row[Any]], column: str) -> dict[Any, list[Row[Any]]]:
    found: dict[Any, list[Row[Any]]] = {}
    for row in rows:
        found.setdefault(getattr(row, column), []).append(row)
    return found
