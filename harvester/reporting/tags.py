"""The tag tree with numbers of images, for `scrapy tag list` and `scrapy show tags`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from harvester.catalogue.tags import tag_assignment, tag_tree
from harvester.text import format_bytes


@dataclass(frozen=True)
class TagRow:
    """A tag with the number and bytes of its images, not counting those of child tags."""

    id: int
    name: str
    parent: int | None
    path: str
    depth: int
    images: int
    bytes: int


def read_tag_rows(connection: Connection) -> list[TagRow]:
    """Every tag: depth-first, by name on each level."""
    tree = tag_assignment.load_tree(connection)
    rows = []
    for depth, number in tag_tree.walk_tree(tree):
        tag = tree[number]
        count, total_bytes = tag_assignment.sum_tagged_pictures(connection, number, tag)
        rows.append(TagRow(number, tag.name, tag.parent, tag_tree.tag_path(tree, number), depth, count, total_bytes))
    return rows


def format_tag(tag: Mapping[str, Any]) -> str:
    """A tag as a text line, indented by its depth."""
    return f"{'    ' * tag['depth']}{tag['id']}: {tag['name']!r} ({tag['images']:,} / {format_bytes(tag['bytes'])})"
