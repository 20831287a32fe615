"""Totals over the whole catalogue; each query reads an index and no table."""

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

from harvester.catalogue.schema import album_images, albums, blobs, collections, images, placements, site_users

PIXELS = cast(blobs.c.width, BigInteger) * blobs.c.height


@dataclass(frozen=True)
class Summary:
    """A summary of numbers: count, sum, minimum, maximum, mean and standard deviation; None if there are too few."""

    number: int = 0
    total: int = 0
    least: int | None = None
    most: int | None = None
    mean: float | None = None
    deviation: float | None = None


@dataclass(frozen=True)
class FormatStats:
    """Sizes of the blobs of one format, either animated or still, in bytes and pixels (width times height)."""

    format: str
    animated: bool
    bytes: Summary
    pixels: Summary


@dataclass(frozen=True)
class Occurrences:
    """Occurrences of stored images: distinct pictures, all occurrences, bytes saved by storing each picture once.

    An image occurs once, and once more for each further placement in an album or folder.
    """

    unique: int
    total: int
    saved: int

    @property
    def duplicates(self) -> int:
        """The number of exact duplicates: occurrences that need no bytes of their own."""
        return self.total - self.unique


def stats_by_format(connection: Connection) -> list[FormatStats]:
    """Statistics of the blobs, by format and by whether they are animated."""
    sample = select(blobs.c.bytes, PIXELS.label("pixels")).limit(1000).subquery()
    averages = connection.execute(select(func.avg(sample.c.bytes), func.avg(sample.c.pixels))).one()
    centres = [float(value or 0) for value in averages]
    columns = [*_sum_columns(blobs.c.bytes, centres[0]), *_sum_columns(PIXELS, centres[1])]
    query = select(blobs.c.format, blobs.c.animated, func.count(), *columns)
    rows = connection.execute(query.group_by(blobs.c.format, blobs.c.animated)).all()
    return [
        FormatStats(
            format_name,
            bool(animated),
            _summary_from_sums(number, sums[:4], centres[0]),
            _summary_from_sums(number, sums[4:], centres[1]),
        )
        for format_name, animated, number, *sums in rows
    ]


def _sum_columns(column: ColumnElement[Any], centre: float) -> list[ColumnElement[Any]]:
    """Sum, minimum, maximum and second moment about a value near the mean, which avoids cancellation."""
    offset = column - literal(centre, Float)
    return [func.sum(column), func.min(column), func.max(column), func.sum(offset * offset)]


def _summary_from_sums(number: int, sums: Sequence[Any], centre: float) -> Summary:
    total, least, most = map(int, sums[:3])
    offset = total / number - centre
    variance = max(0.0, float(sums[3]) - offset * offset * number) / (number - 1) if number > 2 else None
    return Summary(number, total, least, most, total / number, None if variance is None else sqrt(variance))


def merge_summaries(summaries: Sequence[Summary]) -> Summary:
    """Merge several summaries into one."""
    non_empty = [summary for summary in summaries if summary.number]
    number, total = sum(summary.number for summary in non_empty), sum(summary.total for summary in non_empty)
    if not number:
        return Summary()
    mean = total / number
    deviation = None
    if number > 2:
        within = sum(
            (summary.deviation or 0.0) ** 2 * (summary.number - 1) for summary in non_empty if summary.number > 2
        )
        within += sum(_squared_distances(summary) for summary in non_empty if summary.number == 2)
        between = sum(summary.number * ((summary.mean or 0.0) - mean) ** 2 for summary in non_empty)
        deviation = sqrt((within + between) / (number - 1))
    least, most = min(summary.least or 0 for summary in non_empty), max(summary.most or 0 for summary in non_empty)
    return Summary(number, total, least, most, mean, deviation)


def _squared_distances(summary: Summary) -> float:
    """The sum of squared distances of two numbers from their mean."""
    return ((summary.most or 0) - (summary.least or 0)) ** 2 / 2


def find_size_by_pixels(connection: Connection, pixels: int) -> tuple[int, int]:
    """Width and height of a blob with this number of pixels."""
    query = select(blobs.c.width, blobs.c.height).where(PIXELS.in_([pixels])).limit(1)
    width, height = connection.execute(query).one()
    return width, height


def count_same_bytes(connection: Connection) -> tuple[int, int]:
    """The number of images with the same bytes as an earlier image, and their bytes; other occurrences do not count."""
    query = select((func.count() - 1).label("number"), func.max(images.c.bytes).label("bytes"))
    query = query.where(images.c.sha256.is_not(None)).group_by(images.c.sha256).having(func.count() > 1)
    return _sum_repetitions(connection, query.subquery())


def count_occurrences(connection: Connection) -> Occurrences:
    """Count the occurrences of stored images."""
    total = int(connection.execute(select(func.count(images.c.sha256))).scalar_one())
    same_bytes, saved = count_same_bytes(connection)
    unique = total - same_bytes
    for table in (placements, album_images):
        query = select(table.c.image_id, (func.count() - 1).label("number")).group_by(table.c.image_id)
        repeated = query.having(func.count() > 1).subquery()
        kept_query = select(repeated.c.number, images.c.bytes).join(images, images.c.id == repeated.c.image_id)
        number, repeated_bytes = _sum_repetitions(connection, kept_query.where(images.c.sha256.is_not(None)).subquery())
        total, saved = total + number, saved + repeated_bytes
    return Occurrences(unique, total, saved)


def _sum_repetitions(connection: Connection, repeated: Subquery) -> tuple[int, int]:
    """The number of repetitions, and their bytes."""
    sums = (func.sum(repeated.c.number), func.sum(repeated.c.number * repeated.c.bytes))
    number, size = connection.execute(select(*sums)).one()
    return int(number or 0), int(size or 0)


def count_users(connection: Connection) -> dict[str, int]:
    """The number of users by site: those who keep albums or, at sites without albums, the authors."""
    owner_rows = connection.execute(select(site_users.c.site, func.count()).group_by(site_users.c.site)).all()
    counts = {site: int(number) for site, number in owner_rows}
    author_collections = (
        select(images.c.author, images.c.collection_id).where(images.c.author.is_not(None)).distinct().subquery()
    )
    query = select(collections.c.site, func.count(author_collections.c.author.distinct()))
    query = query.join(author_collections, author_collections.c.collection_id == collections.c.id).group_by(
        collections.c.site
    )
    author_rows = connection.execute(query.where(collections.c.site.not_in(list(counts)))).all()
    return counts | {site: int(number) for site, number in author_rows}


def summarize_albums(connection: Connection) -> tuple[int, int, int | None, int | None]:
    """The number of picture albums, how many are not fully read, and the oldest and newest time of a full reading."""
    query = select(func.count(), func.count(albums.c.read_at), func.min(albums.c.read_at), func.max(albums.c.read_at))
    number, read, oldest, newest = connection.execute(query.where(albums.c.kind == "pictures")).one()
    return number, number - read, oldest, newest


def count_removed_at_site(connection: Connection) -> int:
    """The number of stored images that are known to be gone from their site."""
    is_noted = text("images.status = 'done' AND images.detail <> ''")  # exactly as in the partial index
    query = select(func.count()).select_from(images).where(is_noted, images.c.detail.like("no longer at the site%"))
    return int(connection.execute(query).scalar_one())
