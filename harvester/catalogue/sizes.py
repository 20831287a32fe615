"""How large an image's bytes are, and whether they move, is kept in its own row, too.

A sum over the images of every author or album would otherwise look up each blob: at a million, four seconds instead of
a quarter. Whoever sets `images.sha256` sets these with it.
"""

from typing import Any

from sqlalchemy import ColumnElement, Connection, select, update

from harvester.catalogue.schema import blobs, images

SIZE_COLUMNS = ("bytes", "animated")

UNKNOWN_SIZES = dict.fromkeys(SIZE_COLUMNS)
"""Of an image without bytes."""


def size_values(sha256: ColumnElement[Any]) -> dict[str, Any]:
    """The values of these columns for an image of such bytes; null where they are not recorded."""
    return {name: select(blobs.c[name]).where(blobs.c.sha256 == sha256).scalar_subquery() for name in SIZE_COLUMNS}


def update_sizes(connection: Connection, sha256: str) -> None:
    """For every image of these bytes, whose blob was recorded anew."""
    connection.execute(update(images).where(images.c.sha256 == sha256).values(**size_values(images.c.sha256)))
