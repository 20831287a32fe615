"""What a search for look-alikes reads and leaves behind. Each function is a short transaction, or part of one."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    delete,
    exists,
    func,
    insert,
    select,
    update,
)

from harvester.catalogue.schema import blobs, compared, images, pairs, searches
from harvester.catalogue.writer import now

HASHES = ("phash", "dhash", "average", "whash")


class Search(NamedTuple):
    """A search that ended: the recipe of the fingerprints it compared, and its limits as they were kept."""

    recipe: int
    limits: Mapping[str, Any]


def last(connection: Connection) -> Search | None:
    """The latest search that ended."""
    found = select(searches.c.recipe, searches.c.limits).where(searches.c.finished_at.is_not(None))
    row = connection.execute(found.order_by(searches.c.id.desc()).limit(1)).one_or_none()
    return None if row is None else Search(row.recipe, row.limits)


def begin(connection: Connection, recipe: int, limits: Mapping[str, Any]) -> int:
    """A new search; the pairs of searches that were killed go, and all that was found by another recipe.

    What killed ones took up is taken up by this one, so that pixels they decoded are not decoded again.
    """
    result = connection.execute(insert(searches).values(recipe=recipe, limits=dict(limits), started_at=now()))
    assert result.inserted_primary_key is not None
    row = int(result.inserted_primary_key[0])
    killed = and_(searches.c.finished_at.is_(None), searches.c.id != row)
    dead = select(searches.c.id).where(killed)
    other = select(searches.c.id).where(searches.c.recipe != recipe)
    connection.execute(delete(compared).where(compared.c.search_id.in_(other)))
    connection.execute(update(compared).where(compared.c.search_id.in_(dead)).values(search_id=row))
    for useless in (dead, other):
        connection.execute(delete(pairs).where(pairs.c.search_id.in_(useless)))
    connection.execute(delete(searches).where(killed))
    return row


def finish(connection: Connection, search: int, limits: Mapping[str, Any]) -> None:
    """The search has ended: from now on what it found counts, and what its limits leave out is gone."""
    for condition in _left_out(limits):
        connection.execute(delete(pairs).where(condition))
    connection.execute(update(searches).where(searches.c.id == search).values(finished_at=now()))


def _left_out(limits: Mapping[str, Any]) -> Iterator[ColumnElement[bool]]:
    ends = (pairs.c.first, pairs.c.second)
    moving = exists().where(blobs.c.sha256.in_(ends), blobs.c.animated)
    for method in HASHES:
        regular, animated = (-1 if bits is None else bits for bits in limits.get(method) or (None, None))
        yield and_(pairs.c.method == method, pairs.c.score > regular)
        yield and_(pairs.c.method == method, pairs.c.score > animated, moving)
    if not limits["orientations"]:
        yield pairs.c.orientation != ""


def found_by(connection: Connection, search: int) -> Counter[str]:
    """How many pairs that search was the first to find, by method."""
    found = select(pairs.c.method, func.count()).where(pairs.c.search_id == search).group_by(pairs.c.method)
    return Counter(dict(connection.execute(found).all()))


def recipes(connection: Connection) -> Counter[int]:
    """How many blobs there are by the recipe of their fingerprints."""
    found = select(blobs.c.recipe, func.count()).group_by(blobs.c.recipe)
    return Counter(dict(connection.execute(found).all()))


def exact_duplicates(connection: Connection) -> int:
    """How many images have the very same bytes as an earlier one."""
    stored = select(func.count(images.c.sha256), func.count(images.c.sha256.distinct()))
    every, different = connection.execute(stored).one()
    return int(every - different)
