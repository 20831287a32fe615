"""Which blobs searches for look-alikes have taken up, and what is known of them. The caller opens and commits."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import (
    Connection,
    Select,
    bindparam,
    case,
    func,
    insert,
    literal,
    select,
    update,
)

from harvester.catalogue.queries import begins, chunks
from harvester.catalogue.schema import blobs, compared
from harvester.catalogue.searches import HASHES

ALL_AT_ONCE = 20_000
"""Up to so many blobs are read in one go; more of them by the first two digits of their sha256."""


class Tally(NamedTuple):
    """Numbers of blobs: new to a search and known before, and how many of both are flat."""

    new: int
    known: int
    flat: int


def portions(connection: Connection) -> list[str]:
    """How the blobs are read: beginnings of their sha256, together all of them."""
    many = connection.execute(select(func.count()).select_from(blobs)).scalar_one() > ALL_AT_ONCE
    return [f"{number:02x}" for number in range(256)] if many else [""]


def enter(connection: Connection, search: int, recipe: int, portion: str) -> None:
    """Blobs that no search has compared are taken up by this one."""
    new = select(blobs.c.sha256, literal(search)).where(blobs.c.sha256.in_(_left_over(portion)))
    connection.execute(insert(compared).from_select(["sha256", "search_id"], new.where(blobs.c.recipe == recipe)))


def _left_over(portion: str = "") -> Select[tuple[str]]:
    """Blobs that no search has taken up. In order, so that SQLite walks two indexes side by side and reads no table."""
    every = select(blobs.c.sha256).where(begins(blobs.c.sha256, portion))
    known = select(compared.c.sha256).where(begins(compared.c.sha256, portion))
    return select(every.except_(known).order_by("sha256").subquery().c.sha256)


def unseen(connection: Connection, portion: str) -> Sequence[Any]:
    """sha256 and coefficients of blobs of which is not noted yet whether they are flat."""
    found = select(blobs.c.sha256, blobs.c.coefficients).join(compared, compared.c.sha256 == blobs.c.sha256)
    return connection.execute(found.where(begins(compared.c.sha256, portion), compared.c.flat.is_(None))).all()


def note_flat(connection: Connection, portion: str, sha256s: Sequence[str]) -> None:
    """Of what was not noted yet these are flat, and the others are not."""
    for chunk in chunks(sha256s):
        connection.execute(update(compared).where(compared.c.sha256.in_(chunk)).values(flat=True))
    others = update(compared).where(begins(compared.c.sha256, portion), compared.c.flat.is_(None))
    connection.execute(others.values(flat=False))


def tally(connection: Connection, search: int) -> Tally:
    """How many blobs are compared with each other once this search has ended."""
    taken = case((compared.c.search_id == search, 1), else_=0)
    sums = (func.count(), func.sum(taken), func.sum(case((compared.c.flat, 1), else_=0)))
    every, new, flat = (int(number or 0) for number in connection.execute(select(*sums)).one())
    return Tally(new, every - new, flat)


def fingerprints(
    connection: Connection, recipe: int, portions: Sequence[str], *, coefficients: bool
) -> Iterator[Sequence[Any]]:  # fmt: skip
    """sha256, hashes, animated, width, height, and coefficients where wanted, of all blobs; in no order.

    Plain tuples of the driver are half the work. SQLite is fastest in the order in which it keeps the rows; drivers of
    others hold a whole answer in memory, so that these are asked portion by portion.
    """
    names = ("sha256", *HASHES, "animated", "width", "height", *(["coefficients"] if coefficients else []))
    found = select(*(blobs.c[name] for name in names)).where(blobs.c.recipe == recipe)
    for portion in [""] if connection.dialect.name == "sqlite" else portions:
        cursor = connection.execute(found.where(begins(blobs.c.sha256, portion))).cursor
        while rows := cursor.fetchmany(ALL_AT_ONCE):
            yield rows


def left_over(connection: Connection) -> list[str]:
    """Blobs that no search has taken up: stored since, or without fingerprints of the recipe."""
    return [row.sha256 for row in connection.execute(_left_over())]


def taken_up(connection: Connection, search: int) -> list[str]:
    """The blobs that are new to a search."""
    return list(connection.execute(select(compared.c.sha256).where(compared.c.search_id == search)).scalars())


def flat_ones(connection: Connection) -> list[str]:
    """The blobs that show nothing to compare."""
    return list(connection.execute(select(compared.c.sha256).where(compared.c.flat)).scalars())


def files(connection: Connection, sha256s: Sequence[str]) -> Sequence[Any]:
    """sha256 and extension of blobs: a few hundred at a time."""
    return connection.execute(select(blobs.c.sha256, blobs.c.ext).where(blobs.c.sha256.in_(sha256s))).all()


def pixels_of(connection: Connection, sha256s: Sequence[str]) -> dict[str, str]:
    """The sha256 of the pixels of those of these blobs that were decoded; empty where they could not be."""
    known: dict[str, str] = {}
    for chunk in chunks(sha256s):
        found = select(compared.c.sha256, compared.c.pixels).where(compared.c.sha256.in_(chunk))
        known.update(
            (row.sha256, row.pixels) for row in connection.execute(found.where(compared.c.pixels.is_not(None)))
        )
    return known


def note_pixels(connection: Connection, digests: Mapping[str, str]) -> None:
    """Remember the pixels of blobs (sha256 -> sha256 of the pixels), so that they are decoded once."""
    rows = [{"b_sha": sha256, "b_pixels": digest} for sha256, digest in digests.items()]
    if not rows:
        return
    change = update(compared).where(compared.c.sha256 == bindparam("b_sha"))
    connection.execute(change.values(pixels=bindparam("b_pixels")), rows)
