"""One image's rows: found by whatever names it, told whole."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, or_, select

from harvester.catalogue.queries import CHUNK, EVERYWHERE, begins, chunks
from harvester.catalogue.schema import blobs, collections, images, sightings
from harvester.items import Collection


@dataclass(frozen=True)
class Dossier:
    """All that the catalogue knows of one image: rows of its tables, `blob` None where no bytes are kept."""

    image: Any
    collection: Collection
    sightings: Sequence[Any]
    blob: Any | None
    twins: int  # other images of the very same bytes


def by_text(connection: Connection, text: str) -> set[int]:
    """Images whose key, address or page this is, or else whose row number."""
    keyed = select(images.c.id).where(images.c.collection_id.in_(EVERYWHERE), images.c.key == text)
    found = set(connection.execute(keyed).scalars())
    addressed: list[ColumnElement[bool]] = [images.c.url == text, images.c.page == text]
    if "://" in text:
        found.update(connection.execute(select(images.c.id).where(or_(*addressed))).scalars())
    if not found and text.isascii() and text.isdigit() and len(text) < 19:
        found.update(connection.execute(select(images.c.id).where(images.c.id == int(text))).scalars())
    return found


def by_sha256(connection: Connection, start: str) -> set[int]:
    """Images whose bytes have a sha256 that begins so."""
    return set(connection.execute(select(images.c.id).where(begins(images.c.sha256, start))).scalars())


def by_name(connection: Connection, name: str, collection: int | None = None) -> set[int]:
    """Images with this file name (without extension), in one collection or in all."""
    where = sightings.c.collection_id.in_(EVERYWHERE)
    if collection is not None:
        where = sightings.c.collection_id.in_([collection])
    return set(connection.execute(select(sightings.c.image_id).where(where, sightings.c.name == name)).scalars())


def by_rule(connection: Connection, site: str | None, reason: str | None) -> set[int]:
    """Images of a site, with a reason; None: whichever."""
    found = select(images.c.id)
    if site is not None:
        found = found.where(images.c.collection_id.in_(select(collections.c.id).where(collections.c.site == site)))
    if reason is not None:
        found = found.where(images.c.reason == reason)
    return set(connection.execute(found).scalars())


def has_site(connection: Connection, site: str) -> bool:
    """Whether anything was ever harvested from a site."""
    return connection.execute(select(collections.c.id).where(collections.c.site == site)).first() is not None


def names_of(connection: Connection, sha256s: Sequence[str]) -> dict[str, list[str]]:
    """What pictures of these bytes are called: their files, or else the names they shall have, or their keys."""
    names: dict[str, list[str]] = {}
    for chunk in chunks(sha256s):
        found = (
            select(images.c.sha256, func.coalesce(sightings.c.file, sightings.c.name, images.c.key))
            .outerjoin(sightings, sightings.c.image_id == images.c.id)
            .where(images.c.sha256.in_(chunk))
            .order_by(images.c.id, sightings.c.id)
        )
        for sha256, name in connection.execute(found):
            names.setdefault(sha256, []).append(name)
    return names


def dossiers(connection: Connection, rows: Sequence[int]) -> list[Dossier]:
    """The whole story of these images, in the order of their rows."""
    found: list[Dossier] = []
    for chunk in chunks(sorted(rows), CHUNK):
        told = select(images, collections.c.site, collections.c.directory, collections.c.format).join(collections)
        for image in connection.execute(told.where(images.c.id.in_(chunk)).order_by(images.c.id)).all():
            collection = Collection(image.site, image.directory, image.format)
            seen = connection.execute(
                select(sightings).where(sightings.c.image_id == image.id).order_by(sightings.c.id)
            ).all()
            blob = connection.execute(select(blobs).where(blobs.c.sha256 == image.sha256)).one_or_none()
            twins = by_sha256(connection, image.sha256) - {image.id} if image.sha256 else ()
            found.append(Dossier(image, collection, seen, blob, len(twins)))
    return found
