"""Where the pictures of owed images are, as long as that is known: addresses that a site gives and that expire."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, func, select, update

from harvester.catalogue.queries import chunks
from harvester.catalogue.schema import album_images, images, sightings


@dataclass(frozen=True)
class Found:
    """An address of a picture, and what else is told of the image; `name` is its file name, None where not told."""

    url: str
    host: str
    told: Mapping[str, Any] = field(default_factory=dict)
    author: str | None = None
    name: str | None = None


def whereabouts(connection: Connection, _collection: int, row: int) -> tuple[str, dict[str, Any]]:
    """The address of an image as known now, and what is told of it."""
    image = connection.execute(select(images.c.url, images.c.key, images.c.metadata).where(images.c.id == row)).one()
    return image.url or image.key, image.metadata or {}


def note(connection: Connection, collection: int, found: Mapping[str, Found]) -> dict[str, int]:
    """Note what a page tells of images (by key), where they are owed; returns the lowest row noted, for each host."""
    lowest: dict[str, int] = {}
    for chunk in chunks(list(found)):
        owed = select(images).where(images.c.collection_id == collection, images.c.key.in_(chunk))
        for row in connection.execute(owed.where(images.c.status == "pending")).all():
            one = found[row.key]
            told = {**(row.metadata or {}), **one.told} | ({"name": one.name} if one.name else {})
            values = {"url": one.url, "host": one.host, "metadata": told, "author": one.author or row.author}
            connection.execute(update(images).where(images.c.id == row.id).values(**values))
            if one.name:
                connection.execute(update(album_images).where(album_images.c.image_id == row.id).values(name=one.name))
            for host in {one.host, row.host}:
                lowest[host] = min(row.id, lowest.get(host, row.id))
    return lowest


def forget(connection: Connection, _collection: int, rows: Collection[int], host: str) -> dict[str, int]:
    """These addresses are of no use any more: the page of each image, on this host, is to be asked again."""
    for chunk in chunks(sorted(rows)):
        values = {"url": func.coalesce(images.c.page, images.c.url), "host": host}
        connection.execute(update(images).where(images.c.id.in_(chunk)).values(**values))
    return {host: min(rows)} if rows else {}


def elsewhere(connection: Connection, collection: int, host: str) -> dict[int, str]:
    """Row -> address of the owed images that are known to be on another host than this one."""
    found = select(images.c.id, images.c.url).where(images.c.collection_id == collection, images.c.host != host)
    return {row.id: row.url or "" for row in connection.execute(found.where(images.c.status == "pending"))}


def owed_on(connection: Connection, collection: int, host: str) -> int:
    """How many images are owed that are still to be asked for on this host."""
    owed = select(func.count()).where(images.c.collection_id == collection, images.c.status == "pending")
    return int(connection.execute(owed.where(images.c.host == host)).scalar_one())


def claim(connection: Connection, collection: int, row: int, name: str) -> int | None:
    """Give an image a file name (without extension) of its own; its sighting, or None where another has the name."""
    taken = select(sightings.c.id).where(sightings.c.collection_id == collection, sightings.c.name == name)
    if connection.execute(taken).first() is not None:
        return None
    made = connection.execute(
        sightings.insert().values(image_id=row, collection_id=collection, name=name)
    ).inserted_primary_key
    assert made is not None
    return int(made[0])


def names(connection: Connection, collection: int) -> list[str]:
    """Every name (without extension) that an image of the collection has."""
    return list(connection.execute(select(sightings.c.name).where(sightings.c.collection_id == collection)).scalars())


def saved_as(connection: Connection, collection: int, sha256: str) -> str | None:
    """The file of the collection that has these very bytes; None where there is none."""
    found = (
        select(sightings.c.file)
        .join(images, images.c.id == sightings.c.image_id)
        .where(images.c.collection_id == collection, images.c.sha256 == sha256, sightings.c.file.is_not(None))
    )
    return connection.execute(found.order_by(sightings.c.id).limit(1)).scalar()
