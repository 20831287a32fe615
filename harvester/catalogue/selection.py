"""Which images a person means by rules. Every rule that is given must fit."""

from dataclasses import dataclass, fields

from sqlalchemy import ColumnElement, Connection, select

from harvester.catalogue import lookup, queries, tags, tagtree
from harvester.catalogue.owners import find_album
from harvester.catalogue.schema import album_images, collections, images, source_tags
from harvester.errors import BadInput
from harvester.places import Places, resolved

STATUSES = ("pending", "done", "failed", "skipped")


@dataclass(frozen=True)
class Selection:
    """The rules, as they were typed; None where one was not given."""

    site: str | None = None
    collection: str | None = None
    author: str | None = None
    album: str | None = None
    source_tag: str | None = None
    tag: str | None = None
    status: str | None = None

    def __bool__(self) -> bool:
        return any(getattr(self, rule.name) is not None for rule in fields(self))


def conditions(connection: Connection, places: Places, wanted: Selection) -> list[ColumnElement[bool]]:
    """For a question about `images`. Raises BadInput for a site, folder, album, tag or status that there is not."""
    found: list[ColumnElement[bool]] = []
    if wanted.site is not None:
        if not lookup.has_site(connection, wanted.site):
            raise BadInput(f"--site {wanted.site}: nothing has been harvested from a site of that name.")
        found.append(images.c.collection_id.in_(select(collections.c.id).where(collections.c.site == wanted.site)))
    if wanted.collection is not None:
        found.append(images.c.collection_id.in_(_collections(connection, places, wanted.collection)))
    if wanted.author is not None:
        found.append(images.c.author == wanted.author)
    if wanted.album is not None:
        _, album = find_album(connection, wanted.album, wanted.site)
        found.append(images.c.id.in_(select(album_images.c.image_id).where(album_images.c.album_id == album.id)))
    if wanted.source_tag is not None:
        found.append(images.c.id.in_(select(source_tags.c.image_id).where(source_tags.c.tag == wanted.source_tag)))
    if wanted.tag is not None:
        tree = tags.tree(connection)
        number = tagtree.find(tree, wanted.tag)
        found.append(images.c.sha256.in_(tags.having(number, tree[number])))
    if wanted.status is not None:
        if wanted.status not in STATUSES:
            raise BadInput(f"--status {wanted.status}: must be one of {', '.join(STATUSES)}.")
        found += [images.c.collection_id.in_(queries.EVERYWHERE), images.c.status == wanted.status]
    return found


def _collections(connection: Connection, places: Places, text: str) -> list[int]:
    folder = places.stored(resolved("--collection", text))
    found = [row for row, known in queries.all_collections(connection).items() if folder == known.directory]
    if not found:
        raise BadInput(f"--collection {text}: no collection lies there.")
    return found


def pictures(connection: Connection, places: Places, wanted: Selection) -> tags.Pictures:
    """The sha256 of the bytes of every such image."""
    fitting = conditions(connection, places, wanted)
    return select(images.c.sha256).where(images.c.sha256.is_not(None), *fitting).distinct()
