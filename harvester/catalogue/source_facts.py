"""Generation data, reactions and tags from a source, stored in columns that can be queried."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, select, update

from harvester.catalogue.schema import blobs, generation, images, source_tags
from harvester.catalogue.sql import chunks, insert_new
from harvester.items import DiscoveredImage

SIZE_COLUMNS = ("bytes", "animated")

UNKNOWN_SIZES = dict.fromkeys(SIZE_COLUMNS)
"""The values for an image without bytes."""


def size_values(sha256: ColumnElement[Any]) -> dict[str, Any]:
    """The values of `SIZE_COLUMNS` for an image with these bytes; null if the blob is not recorded."""
    return {name: select(blobs.c[name]).where(blobs.c.sha256 == sha256).scalar_subquery() for name in SIZE_COLUMNS}


def update_sizes(connection: Connection, sha256: str) -> None:
    """Update the sizes of every image with these bytes, after their blob was recorded again."""
    connection.execute(update(images).where(images.c.sha256 == sha256).values(**size_values(images.c.sha256)))


def record_source_facts(connection: Connection, rows: Mapping[str, int], discovered: Sequence[DiscoveredImage]) -> None:
    """Record the source's facts about new images; `rows` has their rows by key.

    A file that is known under another image is not fetched again.
    """
    facts_by_row = {rows[image.key]: asdict(image.generation) for image in discovered if image.generation}
    _reuse_known_files(connection, {row: facts["uuid"] for row, facts in facts_by_row.items() if facts["uuid"]})
    insert_new(connection, generation, [{"image_id": row, **facts} for row, facts in facts_by_row.items()])
    tags = [{"image_id": rows[image.key], "tag": tag} for image in discovered for tag in dict.fromkeys(image.tags)]
    insert_new(connection, source_tags, tags)


def _reuse_known_files(connection: Connection, uuids: Mapping[int, str]) -> None:
    """Give new images the bytes of a known image that has the same file at the source."""
    sha256_by_uuid: dict[str, str] = {}
    for chunk in chunks(list(uuids.values())):
        query = (
            select(generation.c.uuid, images.c.sha256)
            .join(images, images.c.id == generation.c.image_id)
            .where(generation.c.uuid.in_(chunk), images.c.sha256.is_not(None))
        )
        sha256_by_uuid.update((uuid, sha256) for uuid, sha256 in connection.execute(query))
    parameters = [{"b_id": row, "b_sha": sha256_by_uuid[uuid]} for row, uuid in uuids.items() if uuid in sha256_by_uuid]
    if parameters:
        sha256 = bindparam("b_sha", type_=images.c.sha256.type)
        statement = update(images).where(images.c.id == bindparam("b_id"))
        connection.execute(statement.values(sha256=sha256, **size_values(sha256)), parameters)
