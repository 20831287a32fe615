"""Fills a catalogue with images that are done already, through harvester's own writer; no file is made."""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from benchmarks.own_crawl import PER_POST, PER_USER, account
from harvester.catalogue import writer
from harvester.catalogue.schema import images, placements
from harvester.catalogue.store import open_catalogue
from harvester.imaging.types import FINGERPRINT_VERSION
from harvester.items import Collection, DatasetPosition, DiscoveredImage

BATCH_SIZE = 5000
HOST = "known.example"


def known_urls(count: int) -> list[str]:
    """The addresses of the images that `remember` notes."""
    return [f"http://{HOST}/media/{number}.jpg" for number in range(count)]


def fill_catalogue(data: Path, count: int) -> list[str]:
    """Make the catalogue of a data directory; returns the accounts, as the accounts file must list them."""
    engine = open_catalogue(f"sqlite:///{data.absolute() / 'catalogue.db'}")
    accounts = [account(number) for number in range(-(-count // PER_USER))]
    with engine.begin() as connection:
        row = writer.get_or_create_collection(connection, Collection("mastodon", "images/mastodon", "jpeg"))
        writer.record_accounts(connection, row, dict(enumerate(accounts)))
    urls = known_urls(count)
    for start in range(0, count, BATCH_SIZE):
        with engine.begin() as connection:
            writer.record_discovered(connection, row, list(_discovered_images(urls[start : start + BATCH_SIZE], start)))
            writer.record_outcomes(connection, list(_outcomes(connection)))
    engine.dispose()
    return accounts


def _discovered_images(urls: Sequence[str], start: int) -> Iterator[DiscoveredImage]:
    """The positions that `ours.data_set` gives to the same URLs."""
    for number, url in enumerate(urls, start):
        user, place = divmod(number, PER_USER)
        yield DiscoveredImage(
            key=url, host=HOST, position=DatasetPosition(user, *divmod(place, PER_POST)), author=account(user)
        )


def _outcomes(connection: Connection) -> Iterator[writer.ImageOutcome]:
    """Everything pending is done."""
    query = (
        select(images.c.id, placements.c.id, placements.c.name)
        .join(placements, placements.c.image_id == images.c.id)
        .where(images.c.status == "pending")
    )
    for image_id, placement_id, name in connection.execute(query).all():
        sha256 = hashlib.sha256(str(image_id).encode()).hexdigest()
        yield writer.ImageOutcome(
            image_id,
            "done",
            requested_at=writer.now(),
            sha256=sha256,
            files={placement_id: f"{name}.jpg"},
            blob=_blob(sha256),
        )


def _blob(sha256: str) -> dict[str, Any]:
    words = [sha256[at : at + 16] for at in range(0, 64, 16)]
    return {
        "sha256": sha256,
        "ext": "jpg",
        "format": "JPEG",
        "mode": "RGB",
        "width": 1024,
        "height": 1024,
        "bytes": 200_000,
        "animated": False,
        "frames": 1,
        "fingerprint_version": FINGERPRINT_VERSION,
        **dict(zip(("phash", "dhash", "average", "whash"), words, strict=True)),
    }
