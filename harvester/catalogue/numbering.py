"""Which numbers a collection has given: asked for by spiders that number users and posts as they meet them."""

from collections.abc import Sequence

from sqlalchemy import Connection, func, select

from harvester.catalogue.queries import chunks
from harvester.catalogue.schema import images, sightings
from harvester.items import DatasetPosition


def next_post_by_user(connection: Connection, collection: int) -> dict[int, int]:
    """For each user number with a picture, the number of its next post."""
    query = (
        select(sightings.c.user_index, func.max(sightings.c.post_index))
        .where(sightings.c.collection_id == collection, sightings.c.user_index.is_not(None))
        .group_by(sightings.c.user_index)
    )
    return {user: last_post + 1 for user, last_post in connection.execute(query)}


def positions_by_key(connection: Connection, collection: int, keys: Sequence[str]) -> dict[str, DatasetPosition]:
    """Where those of the images are that have a position already, by key; the first one of each."""
    positions: dict[str, DatasetPosition] = {}
    for chunk in chunks(keys):
        query = (
            select(images.c.key, sightings.c.user_index, sightings.c.post_index, sightings.c.url_index)
            .join(sightings, sightings.c.image_id == images.c.id)
            .where(images.c.collection_id == collection, images.c.key.in_(chunk), sightings.c.user_index.is_not(None))
            .order_by(sightings.c.id)
        )
        for key, *numbers in connection.execute(query):
            positions.setdefault(key, DatasetPosition(*numbers))
    return positions
