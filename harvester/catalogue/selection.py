"""Image selection by rules on the command line. An image must meet every rule given."""

from dataclasses import dataclass, fields

from sqlalchemy import ColumnElement, Connection, select

from harvester.catalogue import lookup, queries, sql
from harvester.catalogue.albums import find_album
from harvester.catalogue.schema import album_images, collections, images, source_tags
from harvester.catalogue.tags import tag_assignment, tag_tree
from harvester.errors import UsageProblem
from harvester.parsing.urls import canonical_acct
from harvester.storage.paths import DataPaths, resolve_folder

STATUSES = ("pending", "done", "failed", "skipped")


@dataclass(frozen=True)
class Selection:
    """The rules as typed; None for a rule that was not given."""

    site: str | None = None
    collection: str | None = None
    author: str | None = None
    album: str | None = None
    source_tag: str | None = None
    tag: str | None = None
    status: str | None = None

    def __bool__(self) -> bool:
        return any(getattr(self, rule.name) is not None for rule in fields(self))


def selection_conditions(connection: Connection, places: DataPaths, selection: Selection) -> list[ColumnElement[bool]]:
    """The conditions on the table `images`.

    Raises UsageProblem for an unknown site, folder, album, tag or status.
    """
    conditions: list[ColumnElement[bool]] = []
    if selection.site is not None:
        if not lookup.has_site(connection, selection.site):
            raise UsageProblem(f"--site {selection.site}: nothing has been harvested from a site of that name.")
        conditions.append(
            images.c.collection_id.in_(select(collections.c.id).where(collections.c.site == selection.site))
        )
    if selection.collection is not None:
        conditions.append(images.c.collection_id.in_(_collections_at(connection, places, selection.collection)))
    if selection.author is not None:
        conditions.append(images.c.author.in_({selection.author, canonical_acct(selection.author)}))
    if selection.album is not None:
        _, album = find_album(connection, selection.album, selection.site)
        conditions.append(images.c.id.in_(select(album_images.c.image_id).where(album_images.c.album_id == album.id)))
    if selection.source_tag is not None:
        conditions.append(
            images.c.id.in_(select(source_tags.c.image_id).where(source_tags.c.tag == selection.source_tag))
        )
    if selection.tag is not None:
        tree = tag_assignment.load_tree(connection)
        tag_id = tag_tree.find_tag(tree, selection.tag)
        conditions.append(images.c.sha256.in_(tag_assignment.pictures_with_tag(tag_id, tree[tag_id])))
    if selection.status is not None:
        if selection.status not in STATUSES:
            raise UsageProblem(f"--status {selection.status}: must be one of {', '.join(STATUSES)}.")
        conditions += [images.c.collection_id.in_(sql.ALL_COLLECTION_IDS), images.c.status == selection.status]
    return conditions


def _collections_at(connection: Connection, places: DataPaths, text: str) -> list[int]:
    folder = places.relative_to_data(resolve_folder("--collection", text))
    rows = [row for row, collection in queries.all_collections(connection).items() if folder == collection.directory]
    if not rows:
        raise UsageProblem(f"--collection {text}: there is no collection.")
    return rows


def selected_pictures(connection: Connection, places: DataPaths, selection: Selection) -> tag_assignment.PictureQuery:
    """The sha256 of the bytes of every selected image, as a query. Raises UsageProblem."""
    conditions = selection_conditions(connection, places, selection)
    return select(images.c.sha256).where(images.c.sha256.is_not(None), *conditions).distinct()
