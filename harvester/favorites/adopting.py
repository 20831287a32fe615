"""Taking an old database over into the catalogue, whole. Doing it twice changes nothing more.

Every step is a transaction of its own and knows what is there already, so a broken-off import is simply begun again.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, Engine, select

from harvester.blobs import BlobStore
from harvester.catalogue import writer
from harvester.catalogue.queries import chunks
from harvester.catalogue.schema import images
from harvester.catalogue.store import open_catalogue
from harvester.favorites.notes import SITE_NAME, note_albums, note_tags, note_verdicts
from harvester.favorites.oldblobs import Adopted, adopted
from harvester.favorites.reading import database, old_base
from harvester.favorites.records import Blob, OldBase
from harvester.favorites.report import Report
from harvester.imaging.decode import set_pixel_limit
from harvester.imaging.values import Options
from harvester.items import Collection, Promise
from harvester.places import Places
from harvester.sites.imagefap.addresses import SITE, Addresses
from harvester.sites.userposts import host_of

_OF_THE_SITE = 10**18
"""Numbers of the site's have fewer digits; the old tool made 128-bit ones for local files."""


def import_favorites(path: Path, places: Places, options: Options) -> Report:
    """Take over the database at a path, or in that folder, once all of it has been read and checked. Blocks.

    Raises BadInput, CatalogueError, StoreError and DBAPIError.
    """
    file = database(path)
    base = old_base(file)
    set_pixel_limit(options.limits.max_pixels)
    catalogue = open_catalogue(places.catalogue)
    try:
        return take_over(base, file.parent, places, catalogue, options)
    finally:
        catalogue.dispose()


def take_over(base: OldBase, folder: Path, places: Places, catalogue: Engine, options: Options) -> Report:
    """Write everything; `folder` holds `blobs/`. Blocks. Raises StoreError and DBAPIError."""
    directory = places.stored(places.default_output(SITE_NAME))
    collection = Collection(SITE_NAME, directory, "original", "albums")
    report = Report()
    with catalogue.begin() as connection:
        row = writer.collection_id(connection, collection)
    rows = _images(base, catalogue, row)
    report.count("images", len(rows))
    _bytes(base, folder / "blobs", BlobStore(places.blobs), catalogue, rows, options, report)
    with catalogue.begin() as connection:
        _failures(connection, base, rows)
        album_rows = note_albums(connection, base, rows, report)
        note_tags(connection, base, report)
        note_verdicts(connection, base, rows, album_rows, report)
        _tell(connection, row, report)
    return report


def _images(base: OldBase, catalogue: Engine, collection: int) -> dict[int, int]:
    """Every image by its number at the site, promised where it is new -> its row."""
    wanted = {place.image for blob in base.blobs for place in blob.places}
    for folder in base.folders:
        wanted.update(folder.images, (failure.image for failure in folder.failed))
    rows: dict[int, int] = {}
    for chunk in chunks(sorted(wanted)):
        with catalogue.begin() as connection:
            writer.promise(connection, collection, [_promise(image) for image in chunk])
            keys = select(images.c.key, images.c.id).where(images.c.collection_id == collection)
            found = connection.execute(keys.where(images.c.key.in_([str(image) for image in chunk])))
            rows.update((int(key), row) for key, row in found)
    return rows


def _promise(image: int) -> Promise:
    if image >= _OF_THE_SITE:
        return Promise(key=str(image), host="", reason="gone")
    return Promise(key=str(image), host=host_of(SITE) or "", url=Addresses().photo(image))


def _bytes(
    base: OldBase, folder: Path, store: BlobStore, catalogue: Engine, rows: Mapping[int, int], options: Options,
    report: Report,
) -> None:  # fmt: skip
    owners = {blob.sha256: blob for blob in base.blobs}
    with catalogue.connect() as connection:
        settled = _settled(connection, rows)
    wanted = [blob for blob in base.blobs if any(rows[place.image] not in settled for place in blob.places)]
    report.count("pictures known already", len(base.blobs) - len(wanted))
    for batch in adopted(wanted, folder, store, options):
        outcomes = [outcome for one in batch for outcome in _outcomes(owners[one.sha256], one, rows, settled)]
        with catalogue.begin() as connection:
            writer.finish(connection, outcomes)
        for one in batch:
            report.count("pictures taken over" if one.blob else "pictures not taken over")
            report.complaints += one.complaints
            for name, alike in one.alike.items():
                report.count(f"{name} as the old tool had it" if alike else f"{name} different")


def _settled(connection: Connection, rows: Mapping[int, int]) -> set[int]:
    done: set[int] = set()
    for chunk in chunks(list(rows.values())):
        found = select(images.c.id).where(images.c.id.in_(chunk), images.c.status == "done")
        done.update(connection.execute(found).scalars())
    return done


def _outcomes(blob: Blob, one: Adopted, rows: Mapping[int, int], settled: set[int]) -> Iterator[writer.Outcome]:
    """Images of a blob become done with its bytes, or failed with what is wrong with them; lost bytes stay owed."""
    if not one.blob and not one.reason:
        return
    for image in {place.image for place in blob.places}:
        if rows[image] in settled:
            continue
        status = "done" if one.blob else one.status
        detail = one.detail
        if image in blob.gone and one.blob:
            at = blob.gone[image]
            since = datetime.fromtimestamp(at, UTC).isoformat() if at is not None and at < 2**37 else "unknown"
            detail = f"no longer at the site; noticed {since}"
        sha256 = one.sha256 if one.blob else None
        yield writer.Outcome(rows[image], status, one.reason, detail, sha256=sha256, blob=one.blob)


def _failures(connection: Connection, base: OldBase, rows: Mapping[int, int]) -> None:
    """What the old tool could not get is gone, unless its bytes are known from elsewhere."""
    failed = {failure.image: failure for folder in base.folders for failure in folder.failed}
    known = {place.image for blob in base.blobs for place in blob.places}
    lost = [rows[image] for image in failed if image not in known]
    still: set[int] = set()
    for chunk in chunks(lost):
        found = select(images.c.id).where(images.c.id.in_(chunk), images.c.status == "pending")
        still.update(connection.execute(found).scalars())
    for chunk in chunks(sorted(still)):
        detail = "the old tool could not get it"
        writer.finish(connection, [writer.Outcome(row, "failed", "gone", detail) for row in chunk])


def _tell(connection: Connection, collection: int, report: Report) -> None:
    for status, what in (("done", "images done"), ("failed", "images failed"), ("pending", "images owed")):
        found = select(images.c.id).where(images.c.collection_id == collection, images.c.status == status)
        report.count(what, len(connection.execute(found).all()))
