"""Fills a catalogue with images that are done already, through harvester's own writer; no file is made."""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from benchmarks.ours import PER_POST, PER_USER, account
from harvester.catalogue import writer
from harvester.catalogue.schema import images, sightings
from harvester.catalogue.store import open_catalogue
from harvester.imaging.values import RECIPE
from harvester.items import Collection, Position, Promise

AT_ONCE = 5000
HOST = "known.example"


def known_urls(count: int) -> list[str]:
    """The addresses of the images that `remember` notes."""
    return [f"http://{HOST}/media/{number}.jpg" for number in range(count)]


def remember(data: Path, count: int) -> list[str]:
    """Make the catalogue of a data directory; returns the accounts, as the accounts file must list them."""
    engine = open_catalogue(f"sqlite:///{data.absolute() / 'catalogue.db'}")
    accounts = [account(number) for number in range(-(-count // PER_USER))]
    with engine.begin() as connection:
        row = writer.collection_id(connection, Collection("mastodon", "images/mastodon", "jpeg"))
        writer.name_accounts(connection, row, dict(enumerate(accounts)))
    urls = known_urls(count)
    for start in range(0, count, AT_ONCE):
        with engine.begin() as connection:
            writer.promise(connection, row, list(_promises(urls[start : start + AT_ONCE], start)))
            writer.finish(connection, list(_outcomes(connection)))
    engine.dispose()
    return accounts


def _promises(urls: Sequence[str], start: int) -> Iterator[Promise]:
    """The positions that `ours.data_set` gives to the same URLs."""
    for number, url in enumerate(urls, start):
        user, place = divmod(number, PER_USER)
        yield Promise(key=url, host=HOST, position=Position(user, *divmod(place, PER_POST)), author=account(user))


def _outcomes(connection: Connection) -> Iterator[writer.Outcome]:
    """Everything owed is done."""
    owed = (
        select(images.c.id, sightings.c.id, sightings.c.name)
        .join(sightings, sightings.c.image_id == images.c.id)
        .where(images.c.status == "pending")
    )
    for row, sighting, name in connection.execute(owed).all():
        sha256 = hashlib.sha256(str(row).encode()).hexdigest()
        yield writer.Outcome(
            row, "done", asked_at=writer.now(), sha256=sha256, files={sighting: f"{name}.jpg"}, blob=_blob(sha256)
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
        "recipe": RECIPE,
        **dict(zip(("phash", "dhash", "average", "whash"), words, strict=True)),
    }
