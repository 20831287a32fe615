"""How much there is: sums over the whole catalogue, each by one statement that reads an index and no table."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Float,
    Subquery,
    cast,
    func,
    literal,
    select,
    text,
)

from harvester.catalogue.schema import album_images, albums, blobs, collections, images, owners, sightings

PIXELS = cast(blobs.c.width, BigInteger) * blobs.c.height


@dataclass(frozen=True)
class Spread:
    """Numbers in short: how many, their sum, least, most, mean and standard deviation; None where there are too few."""

    number: int = 0
    total: int = 0
    least: int | None = None
    most: int | None = None
    mean: float | None = None
    deviation: float | None = None


@dataclass(frozen=True)
class Kind:
    """The blobs of one format, moving or not: bytes and pixels (width times height)."""

    format: str
    animated: bool
    bytes: Spread
    pixels: Spread


@dataclass(frozen=True)
class Occurrences:
    """Of images whose bytes are kept: different bytes, all occurrences, and the bytes that storing each once saves.

    An image occurs once, and once more for each further place in an album or name in a folder.
    """

    unique: int
    total: int
    saved: int

    @property
    def duplicates(self) -> int:
        """Occurrences that needed no bytes of their own."""
        return self.total - self.unique


def blobs_by_kind(connection: Connection) -> list[Kind]:
    """The blobs by format, and whether they move."""
    some = select(blobs.c.bytes, PIXELS.label("pixels")).limit(1000).subquery()
    near = connection.execute(select(func.avg(some.c.bytes), func.avg(some.c.pixels))).one()
    centres = [float(value or 0) for value in near]
    measures = [*_sums(blobs.c.bytes, centres[0]), *_sums(PIXELS, centres[1])]
    kinds = select(blobs.c.format, blobs.c.animated, func.count(), *measures)
    found = connection.execute(kinds.group_by(blobs.c.format, blobs.c.animated)).all()
    return [
        Kind(form, bool(animated), _spread(number, sums[:4], centres[0]), _spread(number, sums[4:], centres[1]))
        for form, animated, number, *sums in found
    ]


def _sums(column: ColumnElement[Any], centre: float) -> list[ColumnElement[Any]]:
    """Sum, least, most, and the second moment about a value near the mean, so that nothing cancels out."""
    off = column - literal(centre, Float)
    return [func.sum(column), func.min(column), func.max(column), func.sum(off * off)]


def _spread(number: int, sums: Sequence[Any], centre: float) -> Spread:
    total, least, most = map(int, sums[:3])
    off = total / number - centre
    variance = max(0.0, float(sums[3]) - off * off * number) / (number - 1) if number > 2 else None
    return Spread(number, total, least, most, total / number, None if variance is None else sqrt(variance))


def together(spreads: Sequence[Spread]) -> Spread:
    """The spread of all numbers of several."""
    found = [one for one in spreads if one.number]
    number, total = sum(one.number for one in found), sum(one.total for one in found)
    if not number:
        return Spread()
    mean = total / number
    deviation = None
    if number > 2:
        within = sum((one.deviation or 0.0) ** 2 * (one.number - 1) for one in found if one.number > 2)
        within += sum(_pair(one) for one in found if one.number == 2)
        between = sum(one.number * ((one.mean or 0.0) - mean) ** 2 for one in found)
        deviation = sqrt((within + between) / (number - 1))
    least, most = min(one.least or 0 for one in found), max(one.most or 0 for one in found)
    return Spread(number, total, least, most, mean, deviation)


def _pair(two: Spread) -> float:
    """Squared distances of two numbers from their mean."""
    return ((two.most or 0) - (two.least or 0)) ** 2 / 2


def size_of(connection: Connection, pixels: int) -> tuple[int, int]:
    """Width and height of a blob of so many pixels."""
    found = select(blobs.c.width, blobs.c.height).where(PIXELS.in_([pixels])).limit(1)
    width, height = connection.execute(found).one()
    return width, height


def occurrences(connection: Connection) -> Occurrences:
    """How often kept bytes occur."""
    total = int(connection.execute(select(func.count(images.c.sha256))).scalar_one())
    same = select((func.count() - 1).label("number"), func.max(images.c.bytes).label("bytes"))
    same = same.where(images.c.sha256.is_not(None)).group_by(images.c.sha256).having(func.count() > 1)
    spare, saved = _repeated(connection, same.subquery())
    unique = total - spare
    for table in (sightings, album_images):
        more = select(table.c.image_id, (func.count() - 1).label("number")).group_by(table.c.image_id)
        again = more.having(func.count() > 1).subquery()
        kept = select(again.c.number, images.c.bytes).join(images, images.c.id == again.c.image_id)
        number, size = _repeated(connection, kept.where(images.c.sha256.is_not(None)).subquery())
        total, saved = total + number, saved + size
    return Occurrences(unique, total, saved)


def _repeated(connection: Connection, again: Subquery) -> tuple[int, int]:
    """How many repetitions, and their bytes."""
    sums = (func.sum(again.c.number), func.sum(again.c.number * again.c.bytes))
    number, size = connection.execute(select(*sums)).one()
    return int(number or 0), int(size or 0)


def users(connection: Connection) -> dict[str, int]:
    """Users by site: those who keep albums; where there are none, the authors of the images."""
    found = connection.execute(select(owners.c.site, func.count()).group_by(owners.c.site)).all()
    counted = {site: int(number) for site, number in found}
    each = select(images.c.author, images.c.collection_id).where(images.c.author.is_not(None)).distinct().subquery()
    authors = select(collections.c.site, func.count(each.c.author.distinct()))
    authors = authors.join(each, each.c.collection_id == collections.c.id).group_by(collections.c.site)
    others = connection.execute(authors.where(collections.c.site.not_in(list(counted)))).all()
    return counted | {site: int(number) for site, number in others}


def albums_read(connection: Connection) -> tuple[int, int, int | None, int | None]:
    """Albums of pictures; how many were never read to their end; when the oldest and the newest reading ended."""
    found = select(func.count(), func.count(albums.c.read_at), func.min(albums.c.read_at), func.max(albums.c.read_at))
    number, read, oldest, newest = connection.execute(found.where(albums.c.kind == "pictures")).one()
    return number, number - read, oldest, newest


def kept_but_gone(connection: Connection) -> int:
    """Images whose bytes are here and, as somebody noted, at their site no more."""
    noted = text("images.status = 'done' AND images.detail <> ''")  # as the index says it
    found = select(func.count()).select_from(images).where(noted, images.c.detail.like("no longer at the site%"))
    return int(connection.execute(found).scalar_one())
