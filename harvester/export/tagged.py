"""The tree of tags with what has each, for `scrapy tag list` and `scrapy show tags`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select

from harvester.catalogue import tags, tagtree
from harvester.catalogue.schema import images
from harvester.export.units import size


@dataclass(frozen=True)
class Tagged:
    """A tag, how many pictures have it, and their bytes; what its children have is not counted."""

    id: int
    name: str
    parent: int | None
    path: str
    depth: int
    pictures: int
    bytes: int


def tagged(connection: Connection) -> list[Tagged]:
    """Every tag: depth first, by name on each level."""
    tree = tags.tree(connection)
    found = []
    for depth, number in tagtree.walk(tree):
        tag, have = tree[number], tags.having(number, tree[number]).subquery()
        size_of_each = select(func.max(images.c.bytes)).where(images.c.sha256 == have.c.sha256).scalar_subquery()
        counted = select(func.count(), func.coalesce(func.sum(size_of_each), 0)).select_from(have)
        pictures, held = connection.execute(counted).one()
        found.append(Tagged(number, tag.name, tag.parent, tagtree.path(tree, number), depth, pictures, int(held)))
    return found


def line(tag: Mapping[str, Any]) -> str:
    """For a person."""
    return f"{'    ' * tag['depth']}{tag['id']}: {tag['name']!r} ({tag['pictures']:,} / {size(tag['bytes'])})"
