"""Look-up of single images by address, name or sha256, with all their rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, or_, select

from harvester.catalogue.schema import blobs, collections, images, placements
from harvester.catalogue.sql import ALL_COLLECTION_IDS, CHUNK_SIZE, chunks, starts_with
from harvester.items import Collection


@dataclass(frozen=True)
class ImageRecord:
    """Everything recorded about one image, as rows of its tables; `blob` is None if no bytes are stored."""

    image: Any
    collection: Collection
    placements: Sequence[Any]
    blob: Any | None
    duplicate_count: int  # other images with the same bytes


def find_by_text(connection: Connection, text: str) -> set[int]:
    """Images (rows) with this key, address or page, or else with this row number."""
    key_query = select(images.c.id).where(images.c.collection_id.in_(ALL_COLLECTION_IDS), images.c.key == text)
    rows = set(connection.execute(key_query).scalars())
    address_conditions: list[ColumnElement[bool]] = [images.c.url == text, images.c.page == text]
    if "://" in text:
        rows.update(connection.execute(select(images.c.id).where(or_(*address_conditions))).scalars())
    if not rows and text.isascii() and text.isdigit() and len(text) < 19:
        rows.update(connection.execute(select(images.c.id).where(images.c.id == int(text))).scalars())
    return rows


def find_by_sha256(connection: Connection, prefix: str) -> set[int]:
    """Images (rows) whose sha256 starts with these digits."""
    return set(connection.execute(select(images.c.id).where(starts_with(images.c.sha256, prefix))).scalars())


def find_by_name(connection: Connection, name: str, collection: int | None = None) -> set[int]:
    """Images (rows) with this file name (without extension), in one collection or in all."""
    in_collection = placements.c.collection_id.in_(ALL_COLLECTION_IDS)
    if collection is not None:
        in_collection = placements.c.collection_id.in_([collection])
    return set(
        connection.execute(select(placements.c.image_id).where(in_collection, placements.c.name == name)).scalars()
    )


def find_by_rule(connection: Connection, site: str | None, reason: str | None) -> set[int]:
    """Images (rows) of a site and with a reason; None matches any."""
    query = select(images.c.id)
    if site is not None:
        query = query.where(images.c.collection_id.in_(select(collections.c.id).where(collections.c.site == site)))
    if reason is not None:
        query = query.where(images.c.reason == reason)
    return set(connection.execute(query).scalars())


def has_site(connection: Connection, site: str) -> bool:
    """Whether anything was ever harvested from a site."""
    return connection.execute(select(collections.c.id).where(collections.c.site == site)).first() is not None


def names_by_sha256(connection: Connection, sha256s: Sequence[str]) -> dict[str, list[str]]:
    """The names of the pictures with these bytes, by sha256: output files, or else planned names, or else keys."""
    names: dict[str, list[str]] = {}
    for chunk in chunks(sha256s):
        query = (
            select(images.c.sha256, func.coalesce(placements.c.file, placements.c.name, images.c.key))
            .outerjoin(placements, placements.c.image_id == images.c.id)
            .where(images.c.sha256.in_(chunk))
            .order_by(images.c.id, placements.c.id)
        )
        for sha256, name in connection.execute(query):
            names.setdefault(sha256, []).append(name)
    return names


def load_image_records(connection: Connection, rows: Sequence[int]) -> list[ImageRecord]:
    """Everything recorded about these images, in row order."""
    records: list[ImageRecord] = []
    for chunk in chunks(sorted(rows), CHUNK_SIZE):
        query = select(images, collections.c.site, collections.c.directory, collections.c.format).join(collections)
        for image in connection.execute(query.where(images.c.id.in_(chunk)).order_by(images.c.id)).all():
            collection = Collection(image.site, image.directory, image.format)
            placement_rows = connection.execute(
                select(placements).where(placements.c.image_id == image.id).order_by(placements.c.id)
            ).all()
            blob = connection.execute(select(blobs).where(blobs.c.sha256 == image.sha256)).one_or_none()
            duplicates = find_by_sha256(connection, image.sha256) - {image.id} if image.sha256 else ()
            records.append(ImageRecord(image, collection, placement_rows, blob, len(duplicates)))
    return records
