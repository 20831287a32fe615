"""The whole collection in numbers: what `scrapy stats` tells."""

import os
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine

from harvester.catalogue import measures, queries, tags
from harvester.catalogue.measures import Occurrences, Summary
from harvester.catalogue.store import display_address
from harvester.duplicates import groups
from harvester.places import DataPaths

GONE_REASONS = ("gone", "http-gone")


@dataclass
class Statistics:
    """Numbers of all sites; sizes in bytes, pixels are width times height, times in seconds since 1970."""

    catalogue: str
    catalogue_bytes: int | None
    sizes: Summary
    pixels: Summary
    smallest: tuple[int, int] | None  # width and height
    largest: tuple[int, int] | None
    animated: int
    formats: dict[str, Summary]
    sites: dict[str, dict[str, int]]  # images by status
    reasons: dict[str, int]  # the most frequent first
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
    thumbs: Summary | None = None  # measured where that was asked for

    @property
    def failed(self) -> int:
        """Images that could not be had, each once however many albums list it."""
        return sum(count.get("failed", 0) for count in self.sites.values())

    def as_dict(self) -> dict[str, Any]:
        """For machines."""
        return asdict(self) | {"failed": self.failed, "exact_duplicates": self.occurrences.duplicates}


def read_statistics(engine: Engine, places: DataPaths, *, thumbs: bool) -> Statistics:
    """Read them, on two cores; `thumbs`: also the sizes of all thumbnails, from the disk.

    While a crawl runs, the numbers are not all of the very same moment.
    """
    readers = (measures.stats_by_format, measures.count_occurrences, measures.count_users, measures.summarize_albums,
                 measures.count_removed_at_site, tags.load_tree, _count_images, groups.count_groups)  # fmt: skip
    with ThreadPoolExecutor(2) as pool:
        futures = [pool.submit(_read, engine, reader) for reader in readers]
        format_stats, occurrences, users, album_counts, kept_count, tree, image_counts, group_counts = (
            future.result() for future in futures
        )
    by_format: dict[str, list[Summary]] = {}
    for stats in format_stats:
        by_format.setdefault(stats.format, []).append(stats.bytes)
    pixels = measures.merge_summaries([stats.pixels for stats in format_stats])
    with engine.connect() as connection:
        extremes = (pixels.least, pixels.most)
        smallest, largest = (
            None if extreme is None else measures.find_size_by_pixels(connection, extreme) for extreme in extremes
        )
    return Statistics(
        catalogue=display_address(engine.url),
        catalogue_bytes=_database_bytes(engine),
        sizes=measures.merge_summaries([stats.bytes for stats in format_stats]),
        pixels=pixels,
        smallest=smallest,
        largest=largest,
        animated=sum(stats.bytes.number for stats in format_stats if stats.animated),
        formats={format_name: measures.merge_summaries(spreads) for format_name, spreads in sorted(by_format.items())},
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
    """Of a database that is a file."""
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
