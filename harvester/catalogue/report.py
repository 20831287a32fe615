"""The numbers and samples of the report (`scrapy report`), read from every site's rows."""

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, case, func, select

from harvester.catalogue.schema import blobs, collections, images, runs

SECONDS_PER_DAY = 86_400


def sum_blobs(connection: Connection) -> tuple[int, int]:
    """How many blobs there are, and their bytes."""
    number, total_bytes = connection.execute(select(func.count(), func.coalesce(func.sum(blobs.c.bytes), 0))).one()
    return number, int(total_bytes)


def count_done_by_day(connection: Connection) -> dict[int, int]:
    """Images done on each day (days since 1970) with any."""
    day = (images.c.finished_at // SECONDS_PER_DAY).label("day")
    return _count_values(connection, select(day).where(images.c.status == "done", images.c.finished_at.is_not(None)))


def count_by_format(connection: Connection) -> list[tuple[str, int, int]]:
    """(format, blobs, bytes), the commonest first."""
    query = select(blobs.c.format, func.count(), func.sum(blobs.c.bytes)).group_by(blobs.c.format)
    rows = connection.execute(query.order_by(func.count().desc(), blobs.c.format))
    return [(name, number, int(total_bytes)) for name, number, total_bytes in rows]


def count_by_longest_side(connection: Connection, limits: Sequence[int]) -> list[int]:
    """Blobs whose longest side in pixels is below the first limit, below the second, …, and those above the last.

    Videos, whose size is not known, are left out.
    """
    longest_side = case((blobs.c.width > blobs.c.height, blobs.c.width), else_=blobs.c.height)
    return _count_classes(connection, longest_side, limits, blobs.c.width > 0)


def count_by_file_size(connection: Connection, limits: Sequence[int]) -> list[int]:
    """Blobs whose bytes are below the first limit, below the second, …, and those above the last."""
    return _count_classes(connection, blobs.c.bytes, limits)


def iter_last_runs(connection: Connection, limit: int) -> Iterator[Row[Any]]:
    """Rows of `runs` with their site, the latest first."""
    query = select(runs, collections.c.site).join(collections).order_by(runs.c.id.desc()).limit(limit)
    yield from connection.execute(query)


def sample_blobs(connection: Connection, formats: Collection[str], limit: int) -> Sequence[Row[Any]]:
    """Blobs of these formats in the order of their sha256, which is as good as drawn by lot, and stays the same."""
    query = select(blobs).where(blobs.c.format.in_(formats)).order_by(blobs.c.sha256).limit(limit)
    return connection.execute(query).all()


def blobs_by_sha256(connection: Connection, sha256s: Sequence[str]) -> dict[str, Row[Any]]:
    """A few rows of `blobs`."""
    return {row.sha256: row for row in connection.execute(select(blobs).where(blobs.c.sha256.in_(sha256s)))}


def first_image_of(connection: Connection, sha256: str) -> Row[Any] | None:
    """The row of the first image that has these bytes, with its site."""
    query = select(images, collections.c.site).join(collections).where(images.c.sha256 == sha256)
    return connection.execute(query.order_by(images.c.id).limit(1)).first()


def _count_classes(
    connection: Connection, value: ColumnElement[Any], limits: Sequence[int], *conditions: ColumnElement[bool]
) -> list[int]:
    kind = case(*((value < limit, index) for index, limit in enumerate(limits)), else_=len(limits)).label("kind")
    count_by_class = _count_values(connection, select(kind).where(*conditions))
    return [count_by_class.get(index, 0) for index in range(len(limits) + 1)]


def _count_values(connection: Connection, query: Select[Any]) -> dict[int, int]:
    """How often each number comes; by way of a subquery, as PostgreSQL takes two parameters for two things."""
    subquery = query.subquery()
    rows = connection.execute(select(subquery.c[0], func.count()).group_by(subquery.c[0]))
    return {int(row[0]): int(row[1]) for row in rows}
