"""Writes a catalogue of a million images and their blobs, as three sites would have filled it. No file is made."""

import hashlib
import itertools
import json
import random
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Table, insert, update

from harvester.catalogue import schema
from harvester.catalogue.duplicates.dedupe_runs import HASHES
from harvester.catalogue.source_facts import size_values
from harvester.catalogue.store import open_catalogue

SHARES = {"mastodon": 0.5, "civitai": 0.35, "imagefap": 0.15}
PER_AUTHOR = 200
PER_ALBUM, PER_OWNER = 500, 5000
BATCH_SIZE = 20_000
NOW = 1_790_000_000

STATUSES = ["done"] * 94 + ["failed"] * 3 + ["skipped"] * 2 + ["pending"]
REASONS = {"failed": ["http-gone", "timeout", "gone", "not-an-image"], "skipped": ["robots", "too-small"]}
GROUP_SIZES = (2, 2, 2, 2, 3, 3, 4, 6)
FORMATS = [("JPEG", "jpg")] * 7 + [("PNG", "png")] * 2 + [("WEBP", "webp"), ("GIF", "gif")]


def write(data: Path, number: int) -> None:
    """Make the catalogue of a data directory with so many images; one in twenty has the bytes of another."""
    engine = open_catalogue(f"sqlite:///{data.absolute() / 'catalogue.db'}")
    chance = random.Random(8)
    with engine.begin() as connection:
        connection.exec_driver_sql("PRAGMA cache_size = -1000000")
        for row, (site, layout) in enumerate([("mastodon", ""), ("civitai", "flat"), ("imagefap", "albums")], start=1):
            values = {"id": row, "site": site, "directory": f"images/{site}", "format": "jpeg", "layout": layout}
            connection.execute(insert(schema.collections).values(**values))
        _fill(connection, schema.site_users, _owners(number))
        _fill(connection, schema.albums, _albums(number))
        statuses = [chance.choice(STATUSES) for _ in range(number)]
        shas = [_sha(chance.randrange(row) if row and chance.random() < 0.05 else row) for row in range(number)]
        done_shas = list(dict.fromkeys(sha for sha, status in zip(shas, statuses, strict=True) if status == "done"))
        _fill(connection, schema.blobs, (_blob(sha, chance) for sha in done_shas))
        _fill(
            connection, schema.images, (_image(row, number, statuses[row], shas[row], chance) for row in range(number))
        )
        connection.execute(update(schema.images).values(**size_values(schema.images.c.sha256)))
        _fill(connection, schema.placements, _placements(number, statuses))
        _fill(connection, schema.album_images, _album_images(number))
        search = {"id": 1, "fingerprint_version": 1, "limits": {}, "started_at": NOW, "finished_at": NOW}
        _fill(connection, schema.dedupe_runs, [search])
        _fill(connection, schema.pairs, _pairs(done_shas, chance))
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()


def _fill(connection: Any, table: Table, rows: Iterable[dict[str, Any]]) -> None:
    rest = iter(rows)
    while batch := list(itertools.islice(rest, BATCH_SIZE)):
        connection.execute(insert(table), batch)


def _sha(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()


def _site(row: int, number: int) -> int:
    share = row / number
    return 1 if share < SHARES["mastodon"] else 2 if share < 1 - SHARES["imagefap"] else 3


def _image(row: int, number: int, status: str, sha: str, chance: random.Random) -> dict[str, Any]:
    site = _site(row, number)
    metadata_json = json.dumps(
        {"post_id": str(row), "text": "some words of the post " * 8, "meta": {"size": [1024, 768]}}
    )
    return {
        "id": row + 1,
        "collection_id": site,
        "key": f"https://files{row % 7}.example.social/media/{row}.jpg" if site == 1 else str(row),
        "url": None if site == 1 else f"https://cdn.example/{row}.jpg",
        "host": f"files{row % 7}.example.social",
        "page": f"https://example.social/@user{row // PER_AUTHOR}/{row}",
        "author": f"user{row // PER_AUTHOR}@example.social",
        "metadata": json.loads(metadata_json),
        "status": status,
        "reason": chance.choice(REASONS.get(status, [""])),
        "detail": "HTTP 404" if status == "failed" else "",
        "attempts": 1,
        "discovered_at": NOW,
        "requested_at": NOW,
        "finished_at": NOW,
        "sha256": sha if status == "done" else None,
    }


def _blob(sha: str, chance: random.Random) -> dict[str, Any]:
    form, ext = chance.choice(FORMATS)
    width, height = chance.randrange(200, 4000), chance.randrange(200, 4000)
    hashes = {name: f"{chance.getrandbits(64):016x}" for name in HASHES}
    measures = {"width": width, "height": height, "bytes": width * height // chance.randrange(3, 12)}
    moves = form == "GIF"
    embedded = {"tool": "A1111", "prompt": "a lake at dawn, " * 20} if form == "PNG" else None
    return {"sha256": sha, "ext": ext, "format": form, "mode": "RGB", **measures, "animated": moves, **hashes,
            "frames": 12 if moves else 1, "fingerprint_version": 1, "coefficients": chance.randbytes(128),
            "embedded": embedded, "stored_at": NOW}  # fmt: skip


def _placements(number: int, statuses: Sequence[str]) -> Iterator[dict[str, Any]]:
    for row in range(number):
        if (site := _site(row, number)) < 3:
            position = {"user_index": row // PER_AUTHOR, "post_index": row % PER_AUTHOR, "url_index": 0}
            name = f"{row // PER_AUTHOR}_{row % PER_AUTHOR}_0" if site == 1 else str(row)
            is_done = statuses[row] == "done"
            yield {"image_id": row + 1, "collection_id": site, "name": name,
                   "file": f"{name}.jpg" if is_done else None, "file_sha256": _sha(row) if is_done else None,
                   **(position if site == 1 else dict.fromkeys(position))}  # fmt: skip


def _pairs(shas: Sequence[str], chance: random.Random) -> Iterator[dict[str, Any]]:
    """One picture in eleven is in a group of two to six, each like the next one by one method or more."""
    rest = iter(chance.sample(shas, len(shas) // 11))
    while len(group := sorted(itertools.islice(rest, chance.choice(GROUP_SIZES)))) > 1:
        for first, second in itertools.pairwise(group):
            for method in chance.sample(HASHES, chance.randint(1, len(HASHES))):
                yield {"first": first, "second": second, "method": method, "orientation": "",
                       "score": chance.randrange(5), "run_id": 1}  # fmt: skip


def _imagefap_rows(number: int) -> range:
    return range(int(number * (1 - SHARES["imagefap"])) + 1, number)


def _owners(number: int) -> Iterator[dict[str, Any]]:
    for owner in range(-(-len(_imagefap_rows(number)) // PER_OWNER)):
        yield {"id": owner + 1, "site": "imagefap", "key": str(1000 + owner), "name": f"owner {owner}",
               "listed_at": NOW, "finished_at": NOW}  # fmt: skip


def _albums(number: int) -> Iterator[dict[str, Any]]:
    for album in range(-(-len(_imagefap_rows(number)) // PER_ALBUM)):
        yield {"id": album + 1, "owner_id": album * PER_ALBUM // PER_OWNER + 1, "key": str(500 + album),
               "name": f"album {album}", "kind": "pictures", "pages": 21, "read_at": NOW + album,
               "finished_at": NOW + album}  # fmt: skip


def _album_images(number: int) -> Iterator[dict[str, Any]]:
    """One image in ten is in a second album."""
    albums = -(-len(_imagefap_rows(number)) // PER_ALBUM)
    for place, row in enumerate(_imagefap_rows(number)):
        yield {"album_id": place // PER_ALBUM + 1, "image_id": row + 1, "position": place % PER_ALBUM, "name": ""}
        if place % 10 == 0 and albums > 1:
            other = (place // PER_ALBUM + 1) % albums + 1
            yield {"album_id": other, "image_id": row + 1, "position": PER_ALBUM + place % PER_ALBUM, "name": ""}
