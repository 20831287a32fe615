"""Statistics of the whole collection, for `scrapy stats`."""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine

from harvester.catalogue import queries, statistics
from harvester.catalogue.statistics import Occurrences, Summary
from harvester.catalogue.store import display_address
from harvester.catalogue.tags import tag_assignment
from harvester.duplicates import groups
from harvester.storage.paths import DataPaths
from harvester.text import count_noun, escape_control_chars, format_bytes, format_number, format_time

GONE_REASONS = ("gone", "http-gone")


@dataclass
class Statistics:
    """Statistics of all sites. Sizes are in bytes, pixels are width times height, times are in seconds since 1970."""

    catalogue: str
    catalogue_bytes: int | None
    sizes: Summary
    pixels: Summary
    smallest: tuple[int, int] | None  # width and height
    largest: tuple[int, int] | None
    animated: int
    formats: dict[str, Summary]
    sites: dict[str, dict[str, int]]  # images by status
    reasons: dict[str, int]  # most frequent first
    users: dict[str, int]
    albums: int
    albums_pending: int
    oldest_read: int | None
    newest_read: int | None
    occurrences: Occurrences
    gone: int
    gone_but_kept: int
    tags: int
    near_duplicates: int
    groups: int
    thumbs: Summary | None = None  # measured only on request

    @property
    def failed(self) -> int:
        """The number of failed images, each counted once however many albums list it."""
        return sum(count.get("failed", 0) for count in self.sites.values())

    def as_dict(self) -> dict[str, Any]:
        """The statistics as a dictionary for JSON."""
        return asdict(self) | {"failed": self.failed, "exact_duplicates": self.occurrences.duplicates}


def read_statistics(engine: Engine, places: DataPaths, *, thumbs: bool) -> Statistics:
    """Read the statistics, on two cores; with `thumbs` also measure all thumbnails on disk.

    While a crawl runs, the numbers may be of slightly different moments.
    """
    readers = (statistics.stats_by_format, statistics.count_occurrences, statistics.count_users,
                 statistics.summarize_albums,
                 statistics.count_removed_at_site, tag_assignment.load_tree, _count_images,
                 groups.count_groups)  # fmt: skip
    with ThreadPoolExecutor(2) as pool:
        futures = [pool.submit(_read, engine, reader) for reader in readers]
        format_stats, occurrences, users, album_counts, kept_count, tree, image_counts, group_counts = (
            future.result() for future in futures
        )
    by_format: dict[str, list[Summary]] = {}
    for stats in format_stats:
        by_format.setdefault(stats.format, []).append(stats.bytes)
    pixels = statistics.merge_summaries([stats.pixels for stats in format_stats])
    with engine.connect() as connection:
        extremes = (pixels.least, pixels.most)
        smallest, largest = (
            None if extreme is None else statistics.find_size_by_pixels(connection, extreme) for extreme in extremes
        )
    return Statistics(
        catalogue=display_address(engine.url),
        catalogue_bytes=_database_bytes(engine),
        sizes=statistics.merge_summaries([stats.bytes for stats in format_stats]),
        pixels=pixels,
        smallest=smallest,
        largest=largest,
        animated=sum(stats.bytes.number for stats in format_stats if stats.animated),
        formats={
            format_name: statistics.merge_summaries(spreads) for format_name, spreads in sorted(by_format.items())
        },
        sites=image_counts[0],
        reasons=image_counts[1],
        users=users,
        albums=album_counts[0],
        albums_pending=album_counts[1],
        oldest_read=album_counts[2],
        newest_read=album_counts[3],
        occurrences=occurrences,
        gone=sum(image_counts[1].get(reason, 0) for reason in GONE_REASONS),
        gone_but_kept=kept_count,
        tags=len(tree),
        near_duplicates=group_counts[0],
        groups=group_counts[1],
        thumbs=_measure_thumbs(places.thumbs) if thumbs else None,
    )


def _read(engine: Engine, reader: Callable[[Connection], Any]) -> Any:
    with engine.connect() as connection:
        return reader(connection)


def _count_images(connection: Connection) -> tuple[dict[str, dict[str, int]], dict[str, int]]:
    """Images by site and status, and by reason."""
    sites: dict[str, dict[str, int]] = {}
    reasons = Counter[str]()
    for count in queries.count_by_status(connection):
        site_counts = sites.setdefault(count.site, {})
        site_counts[count.status] = site_counts.get(count.status, 0) + count.images
        if count.reason:
            reasons[count.reason] += count.images
    return sites, dict(reasons.most_common())


def _database_bytes(engine: Engine) -> int | None:
    """The size of a SQLite database with its log; None for other databases."""
    url = engine.url
    if url.get_backend_name() != "sqlite":
        return None
    files = (Path(f"{url.database}{suffix}") for suffix in ("", "-wal"))
    return sum(file.stat().st_size for file in files if file.is_file())


def _measure_thumbs(root: Path) -> Summary:
    sizes = [
        (Path(folder) / file).stat().st_size
        for folder, _, files in os.walk(root)
        for file in files
        if not file.startswith(".")
    ]
    return Summary(len(sizes), sum(sizes), min(sizes), max(sizes), sum(sizes) / len(sizes)) if sizes else Summary()


def format_statistics(statistics: Statistics) -> Iterator[str]:
    """Text lines about the disk, then an empty line and lines about the catalogue."""
    yield from _disk_lines(statistics)
    yield ""
    for site, number in sorted(statistics.users.items()):
        yield f"{count_noun(number, 'user')} of {escape_control_chars(site)}"
    yield _format_albums(statistics)
    occurrences = statistics.occurrences
    total_and_duplicates = f"{occurrences.total:,} total, {count_noun(occurrences.duplicates, 'exact duplicate')}"
    yield f"{count_noun(occurrences.unique, 'unique image')} ({total_and_duplicates})"
    yield f"{format_bytes(occurrences.saved)} saved by storing identical bytes once"
    yield f"{count_noun(statistics.failed, 'unique failed image')}"
    yield f"{statistics.gone:,} of them gone from their site; {statistics.gone_but_kept:,} more gone, but stored"
    yield f"{count_noun(statistics.near_duplicates, 'near-duplicate')} in {count_noun(statistics.groups, 'group')}"
    yield count_noun(statistics.tags, "tag")
    for site, count in statistics.sites.items():
        yield ""
        counts_text = ", ".join(
            f"{count.get(status, 0):,} {status}" for status in ("done", "failed", "skipped", "pending")
        )
        yield f"{escape_control_chars(site)}: {count_noun(sum(count.values()), 'image')} expected: {counts_text}"
    if statistics.reasons:
        yield ""
        yield from (f"{reason}: {number:,}" for reason, number in statistics.reasons.items())


def _disk_lines(statistics: Statistics) -> Iterator[str]:
    images = statistics.sizes
    if statistics.catalogue_bytes is None:
        yield f"Catalogue: {statistics.catalogue}"
    else:
        share = f" ({100 * statistics.catalogue_bytes / images.total:.2f}% of the images)" if images.total else ""
        yield f"Catalogue: {statistics.catalogue}, {format_bytes(statistics.catalogue_bytes)}{share}"
    yield f"Images: {format_bytes(images.total)}; {_format_spread(images)}; {statistics.animated:,} animated"
    if statistics.smallest and statistics.largest:
        smallest, largest = (f" ({width}, {height})" for width, height in (statistics.smallest, statistics.largest))
        pixels = statistics.pixels
        yield (
            f"Pixels: min {format_number(pixels.least or 0)}{smallest}, "
            f"max {format_number(pixels.most or 0)}{largest}, "
            f"mean {format_number(pixels.mean or 0)}, stdev {_format_deviation(pixels, format_number)}"
        )
    for format_name, spread in statistics.formats.items():
        total = f"{count_noun(spread.number, 'image')}, {format_bytes(spread.total)}"
        yield f"{format_name}: {total}; {_format_spread(spread)}"
    if statistics.thumbs is not None:
        share = f" ({100 * statistics.thumbs.total / images.total:.2f}% of the images)" if images.total else ""
        yield f"Thumbnails: {statistics.thumbs.number:,}, {format_bytes(statistics.thumbs.total)}{share}"


def _format_spread(spread: Summary) -> str:
    if not spread.number:
        return "none"
    values = {"min": spread.least, "max": spread.most, "mean": spread.mean}
    parts = [f"{word} {format_bytes(number or 0)}" for word, number in values.items()]
    return ", ".join([*parts, f"stdev {_format_deviation(spread, format_bytes)}"])


def _format_deviation(spread: Summary, formatter: Callable[[float], str]) -> str:
    return "-" if spread.deviation is None else formatter(spread.deviation)


def _format_albums(statistics: Statistics) -> str:
    if not statistics.albums:
        return "0 albums"
    if statistics.newest_read is None:
        return f"{count_noun(statistics.albums, 'album')} (pending)"
    pending = f"; {statistics.albums_pending:,} pending" if statistics.albums_pending else ""
    oldest, newest = format_time(statistics.oldest_read), format_time(statistics.newest_read)
    return f"{count_noun(statistics.albums, 'album')} (oldest: {oldest} / newest: {newest}{pending})"
