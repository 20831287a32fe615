"""Picture addresses of pending images, which a site hands out and which expire."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, func, select, update

from harvester.catalogue.schema import album_images, images, placements
from harvester.catalogue.sql import chunks


@dataclass(frozen=True)
class PhotoAddress:
    """The address of a picture and other facts from its page; `name` is the file name, None if the page has none."""

    url: str
    host: str
    metadata: Mapping[str, Any] = field(default_factory=dict)
    author: str | None = None
    name: str | None = None


def address_of(connection: Connection, row: int) -> tuple[str, dict[str, Any]]:
    """The current address of an image, and its metadata."""
    image = connection.execute(select(images.c.url, images.c.key, images.c.metadata).where(images.c.id == row)).one()
    return image.url or image.key, image.metadata or {}


def record_addresses(connection: Connection, collection: int, addresses: Mapping[str, PhotoAddress]) -> dict[str, int]:
    """Record the facts that a page gives for pending images (by key); return the lowest such row for each host."""
    lowest_rows: dict[str, int] = {}
    for chunk in chunks(list(addresses)):
        query = select(images).where(images.c.collection_id == collection, images.c.key.in_(chunk))
        for row in connection.execute(query.where(images.c.status == "pending")).all():
            address = addresses[row.key]
            metadata = {**(row.metadata or {}), **address.metadata} | ({"name": address.name} if address.name else {})
            values = {
                "url": address.url,
                "host": address.host,
                "metadata": metadata,
                "author": address.author or row.author,
            }
            connection.execute(update(images).where(images.c.id == row.id).values(**values))
            if address.name:
                connection.execute(
                    update(album_images).where(album_images.c.image_id == row.id).values(name=address.name)
                )
            for host in {address.host, row.host}:
                lowest_rows[host] = min(row.id, lowest_rows.get(host, row.id))
    return lowest_rows


def expire_addresses(connection: Connection, rows: Collection[int], host: str) -> dict[str, int]:
    """Drop expired addresses, so that the page of each image is requested again on this host.

    Returns the lowest row for the host.
    """
    for chunk in chunks(sorted(rows)):
        values = {"url": func.coalesce(images.c.page, images.c.url), "host": host}
        connection.execute(update(images).where(images.c.id.in_(chunk)).values(**values))
    return {host: min(rows)} if rows else {}


def images_on_other_hosts(connection: Connection, collection: int, host: str) -> dict[int, str]:
    """Row -> address of the pending images that are on another host than this one."""
    query = select(images.c.id, images.c.url).where(images.c.collection_id == collection, images.c.host != host)
    return {row.id: row.url or "" for row in connection.execute(query.where(images.c.status == "pending"))}


def count_pending_on_host(connection: Connection, collection: int, host: str) -> int:
    """The number of pending images to be requested from this host."""
    query = select(func.count()).where(images.c.collection_id == collection, images.c.status == "pending")
    return int(connection.execute(query.where(images.c.host == host)).scalar_one())


def reserve_name(connection: Connection, collection: int, row: int, name: str) -> int | None:
    """Give an image a file name (without extension); return its placement, or None if the name is taken."""
    query = select(placements.c.id).where(placements.c.collection_id == collection, placements.c.name == name)
    if connection.execute(query).first() is not None:
        return None
    primary_key = connection.execute(
        placements.insert().values(image_id=row, collection_id=collection, name=name)
    ).inserted_primary_key
    assert primary_key is not None
    return int(primary_key[0])


def names_in_collection(connection: Connection, collection: int) -> list[str]:
    """Every file name (without extension) of the images of a collection."""
    return list(connection.execute(select(placements.c.name).where(placements.c.collection_id == collection)).scalars())


def file_with_bytes(connection: Connection, collection: int, sha256: str) -> str | None:
    """The output file of a collection that has these bytes; None if there is none."""
    query = (
        select(placements.c.file)
        .join(images, images.c.id == placements.c.image_id)
        .where(images.c.collection_id == collection, images.c.sha256 == sha256, placements.c.file.is_not(None))
    )
    return connection.execute(query.order_by(placements.c.id).limit(1)).scalar()
