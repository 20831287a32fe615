"""Which user, and which album, a text of a person's means."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, select

from harvester.catalogue.schema import albums, images, owners
from harvester.catalogue.schema import collections as collection_table
from harvester.errors import UsageProblem
from harvester.text import escape_control_chars


def find_album(connection: Connection, text: str, site: str | None = None) -> Any:
    """The row of an album, `owner` and `site` with it, from `USER/ALBUM`: names in any capitals, or numbers.

    Raises BadInput where there is none, or more than one.
    """
    matches = []
    for slash in (slash for slash, character in enumerate(text) if character == "/"):  # a name may hold slashes
        for owner in _matching_owners(connection, text[:slash], site):
            rows = connection.execute(select(albums).where(albums.c.owner_id == owner.id)).all()
            matches += [(owner, album) for album in _matching_rows(rows, text[slash + 1 :])]
    if len(matches) != 1:
        problem = "names more than one" if matches else "names none"
        choices = ", ".join(f"{owner.site}: {owner.key}/{album.key}" for owner, album in matches)
        raise UsageProblem(
            f"{escape_control_chars(text)}: USER/ALBUM {problem}{f' ({choices})' if matches else ''}: "
            "see scrapy show albums."
        )
    return matches[0]


def find_owner(connection: Connection, text: str, site: str | None = None) -> Any | None:
    """The row of a user who keeps albums. Raises BadInput where there is more than one."""
    matches = _matching_owners(connection, text, site)
    if len(matches) > 1:
        choices = ", ".join(f"{owner.site}: {owner.key}" for owner in matches)
        raise UsageProblem(f"{escape_control_chars(text)} names more than one user ({choices}): see scrapy show users.")
    return matches[0] if matches else None


def find_author_sites(connection: Connection, author: str, site: str | None = None) -> list[str]:
    """The sites where somebody of just that name posted pictures, those left out where users keep albums."""
    query = (
        select(collection_table.c.site)
        .join(images, images.c.collection_id == collection_table.c.id)
        .where(images.c.author == author, collection_table.c.site.not_in(select(owners.c.site)))
    )
    if site is not None:
        query = query.where(collection_table.c.site == site)
    return list(connection.execute(query.distinct().order_by(collection_table.c.site)).scalars())


def _matching_owners(connection: Connection, text: str, site: str | None) -> Sequence[Any]:
    query = select(owners) if site is None else select(owners).where(owners.c.site == site)
    return _matching_rows(connection.execute(query.order_by(owners.c.id)).all(), text)


def _matching_rows(rows: Sequence[Any], text: str) -> list[Any]:
    """By number, or else by name."""
    same_name = [row for row in rows if row.name.casefold() == text.casefold()]
    return [row for row in rows if row.key == text] or same_name
