"""Which user, and which album, a text of a person's means."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, select

from harvester.catalogue.schema import albums, images, owners
from harvester.catalogue.schema import collections as collection_table
from harvester.errors import BadInput
from harvester.text import printable


def find_album(connection: Connection, text: str, site: str | None = None) -> Any:
    """The row of an album, `owner` and `site` with it, from `USER/ALBUM`: names in any capitals, or numbers.

    Raises BadInput where there is none, or more than one.
    """
    found = []
    for place in (place for place, sign in enumerate(text) if sign == "/"):  # a name may hold slashes
        for owner in _owners(connection, text[:place], site):
            mine = connection.execute(select(albums).where(albums.c.owner_id == owner.id)).all()
            found += [(owner, album) for album in _fitting(mine, text[place + 1 :])]
    if len(found) != 1:
        what = "names more than one" if found else "names none"
        told = ", ".join(f"{owner.site}: {owner.key}/{album.key}" for owner, album in found)
        raise BadInput(f"{printable(text)}: USER/ALBUM {what}{f' ({told})' if found else ''}: see scrapy show albums.")
    return found[0]


def find_owner(connection: Connection, text: str, site: str | None = None) -> Any | None:
    """The row of a user who keeps albums. Raises BadInput where there is more than one."""
    found = _owners(connection, text, site)
    if len(found) > 1:
        told = ", ".join(f"{owner.site}: {owner.key}" for owner in found)
        raise BadInput(f"{printable(text)} names more than one user ({told}): see scrapy show users.")
    return found[0] if found else None


def sites_of_author(connection: Connection, author: str, site: str | None = None) -> list[str]:
    """The sites where somebody of just that name posted pictures, those left out where users keep albums."""
    found = (
        select(collection_table.c.site)
        .join(images, images.c.collection_id == collection_table.c.id)
        .where(images.c.author == author, collection_table.c.site.not_in(select(owners.c.site)))
    )
    if site is not None:
        found = found.where(collection_table.c.site == site)
    return list(connection.execute(found.distinct().order_by(collection_table.c.site)).scalars())


def _owners(connection: Connection, text: str, site: str | None) -> Sequence[Any]:
    found = select(owners) if site is None else select(owners).where(owners.c.site == site)
    return _fitting(connection.execute(found.order_by(owners.c.id)).all(), text)


def _fitting(rows: Sequence[Any], text: str) -> list[Any]:
    """By number, or else by name."""
    named = [row for row in rows if row.name.casefold() == text.casefold()]
    return [row for row in rows if row.key == text] or named
