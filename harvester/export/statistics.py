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
from harvester.catalogue.measures import Occurrences, Spread
from harvester.catalogue.store import shown
from harvester.duplicates import groups
from harvester.places import Places

GONE = ("gone", "http-gone")


@dataclass
class Statistics:
    """Numbers of all sites; sizes in bytes, pixels are width times height, times in seconds since 1970."""

    catalogue: str
    catalogue_bytes: int | None
    sizes: Spread
    pixels: Spread
    smallest: tuple[int, int] | None  # width and height
    largest: tuple[int, int] | None
    animated: int
    formats: dict[str, Spread]
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
    look_alikes: int
    groups: int
    thumbs: Spread | None = None  # measured where that was asked for

    @property
    def failed(self) -> int:
        """Images that could not be had, each once however many albums list it."""
        return sum(count.get("failed", 0) for count in self.sites.values())

    def as_dict(self) -> dict[str, Any]:
        """For machines."""
        return asdict(self) | {"failed": self.failed, "exact_duplicates": self.occurrences.duplicates}


def statistics(engine: Engine, places: Places, *, thumbs: bool) -> Statistics:
    """Read them, on two cores; `thumbs`: also the sizes of all thumbnails, from the disk.

    While a crawl runs, the numbers are not all of the very same moment.
    """
    questions = (measures.blobs_by_kind, measures.occurrences, measures.users, measures.albums_read,
                 measures.kept_but_gone, tags.tree, _books, groups.counted)  # fmt: skip
    with ThreadPoolExecutor(2) as pool:
        answers = [pool.submit(_asked, engine, question) for question in questions]
        kinds, occurrences, users, read, kept, tree, counted, alike = (answer.result() for answer in answers)
    by_format: dict[str, list[Spread]] = {}
    for kind in kinds:
        by_format.setdefault(kind.format, []).append(kind.bytes)
    pixels = measures.together([kind.pixels for kind in kinds])
    with engine.connect() as connection:
        ends = (pixels.least, pixels.most)
        smallest, largest = (None if end is None else measures.size_of(connection, end) for end in ends)
    return Statistics(
        catalogue=shown(engine.url),
        catalogue_bytes=_file_size(engine),
        sizes=measures.together([kind.bytes for kind in kinds]),
        pixels=pixels,
        smallest=smallest,
        largest=largest,
        animated=sum(kind.bytes.number for kind in kinds if kind.animated),
        formats={form: measures.together(spreads) for form, spreads in sorted(by_format.items())},
        sites=counted[0],
        reasons=counted[1],
        users=users,
        albums=read[0],
        albums_pending=read[1],
        oldest_read=read[2],
        newest_read=read[3],
        occurrences=occurrences,
        gone=sum(counted[1].get(reason, 0) for reason in GONE),
        gone_but_kept=kept,
        tags=len(tree),
        look_alikes=alike[0],
        groups=alike[1],
        thumbs=_thumbs(places.thumbs) if thumbs else None,
    )


def _asked(engine: Engine, question: Callable[[Connection], Any]) -> Any:
    with engine.connect() as connection:
        return question(connection)


def _books(connection: Connection) -> tuple[dict[str, dict[str, int]], dict[str, int]]:
    """Images by site and status, and by reason."""
    sites: dict[str, dict[str, int]] = {}
    reasons = Counter[str]()
    for count in queries.counts(connection):
        of_site = sites.setdefault(count.site, {})
        of_site[count.status] = of_site.get(count.status, 0) + count.images
        if count.reason:
            reasons[count.reason] += count.images
    return sites, dict(reasons.most_common())


def _file_size(engine: Engine) -> int | None:
    """Of a database that is a file."""
    url = engine.url
    if url.get_backend_name() != "sqlite":
        return None
    files = (Path(f"{url.database}{end}") for end in ("", "-wal"))
    return sum(file.stat().st_size for file in files if file.is_file())


def _thumbs(root: Path) -> Spread:
    sizes = [
        (Path(below) / file).stat().st_size
        for below, _, files in os.walk(root)
        for file in files
        if not file.startswith(".")
    ]
    return Spread(len(sizes), sum(sizes), min(sizes), max(sizes), sum(sizes) / len(sizes)) if sizes else Spread()
