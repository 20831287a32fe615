"""Import of an old database into the catalogue; importing it twice changes nothing more.

Every step is one transaction and skips what exists already, so an interrupted import is simply started again.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from sqlalchemy import Connection, Engine

from harvester.catalogue import queries, writer
from harvester.catalogue.sql import chunks
from harvester.catalogue.store import open_catalogue
from harvester.imaging.decode import set_pixel_limit
from harvester.imaging.types import ConversionOptions
from harvester.items import Collection, DiscoveredImage
from harvester.parsing.urls import host_of
from harvester.spiders.imagefap.old_database.import_blobs import ImportedBlob, import_blobs
from harvester.spiders.imagefap.old_database.import_notes import (
    SITE_NAME,
    ImportReport,
    import_albums,
    import_tags,
    import_verdicts,
)
from harvester.spiders.imagefap.old_database.reader import find_database, read_old_database
from harvester.spiders.imagefap.old_database.records import OldBlob, OldDatabase
from harvester.spiders.imagefap.urls import BASE_URL, ImagefapUrls
from harvester.storage.blobs import BlobStore
from harvester.storage.paths import DataPaths
from harvester.text import format_time

_FIRST_LOCAL_IMAGE = 10**18
"""Ids of the site have fewer digits; the old tool computed 128-bit ids for local files."""


def import_favorites(path: Path, places: DataPaths, options: ConversionOptions) -> ImportReport:
    """Import the database at a path, or in that folder, after reading and checking all of it. Blocks.

    Raises UsageProblem, CatalogueError, StoreError and DBAPIError.
    """
    file = find_database(path)
    old_database = read_old_database(file)
    set_pixel_limit(options.limits.max_pixels)
    catalogue = open_catalogue(places.catalogue)
    try:
        return import_database(old_database, file.parent, places, catalogue, options)
    finally:
        catalogue.dispose()


def import_database(
    old_database: OldDatabase, folder: Path, places: DataPaths, catalogue: Engine, options: ConversionOptions
) -> ImportReport:
    """Write everything; `folder` contains `blobs/`. Blocks. Raises StoreError and DBAPIError."""
    directory = places.relative_to_data(places.default_output(SITE_NAME))
    collection = Collection(SITE_NAME, directory, "original", "albums")
    report = ImportReport()
    with catalogue.begin() as connection:
        collection_id = writer.get_or_create_collection(connection, collection)
    image_rows = _discover_images(old_database, catalogue, collection_id)
    report.count("images", len(image_rows))
    _import_blobs(old_database, folder / "blobs", BlobStore(places.blobs), catalogue, image_rows, options, report)
    with catalogue.begin() as connection:
        _mark_failures(connection, old_database, image_rows)
        album_rows = import_albums(connection, old_database, image_rows, report)
        import_tags(connection, old_database, report)
        import_verdicts(connection, old_database, image_rows, album_rows, report)
        _count_statuses(connection, collection_id, report)
    return report


def _discover_images(old_database: OldDatabase, catalogue: Engine, collection: int) -> dict[int, int]:
    """Record every image as discovered if it is new; return the rows by id at the site."""
    numbers = {placement.image for blob in old_database.blobs for placement in blob.placements}
    for folder in old_database.folders:
        numbers.update(folder.images, (failure.image for failure in folder.failed))
    image_rows: dict[int, int] = {}
    for chunk in chunks(sorted(numbers)):
        with catalogue.begin() as connection:
            writer.record_discovered(connection, collection, [_discovered_image(image) for image in chunk])
            row_by_key = writer.rows_by_key(connection, collection, [str(image) for image in chunk])
            image_rows.update((int(key), row) for key, row in row_by_key.items())
    return image_rows


def _discovered_image(image: int) -> DiscoveredImage:
    if image >= _FIRST_LOCAL_IMAGE:
        return DiscoveredImage(key=str(image), host="", reason="gone")
    return DiscoveredImage(key=str(image), host=host_of(BASE_URL) or "", url=ImagefapUrls().photo_url(image))


def _import_blobs(
    old_database: OldDatabase, folder: Path, store: BlobStore, catalogue: Engine, image_rows: Mapping[int, int],
    options: ConversionOptions, report: ImportReport,
) -> None:  # fmt: skip
    blob_by_sha256 = {blob.sha256: blob for blob in old_database.blobs}
    with catalogue.connect() as connection:
        done_ids = queries.images_with_status(connection, [*image_rows.values()], "done")
    remaining = [
        blob
        for blob in old_database.blobs
        if any(image_rows[placement.image] not in done_ids for placement in blob.placements)
    ]
    report.count("blobs already known", len(old_database.blobs) - len(remaining))
    for batch in import_blobs(remaining, folder, store, options):
        outcomes = [
            outcome
            for imported in batch
            for outcome in _list_outcomes(blob_by_sha256[imported.sha256], imported, image_rows, done_ids)
        ]
        with catalogue.begin() as connection:
            writer.record_outcomes(connection, outcomes)
        for imported in batch:
            report.count("blobs imported" if imported.blob else "blobs not imported")
            report.complaints += imported.complaints
            for name, is_near in imported.hashes_match.items():
                report.count(f"{name} as in the old database" if is_near else f"{name} different")


def _list_outcomes(
    blob: OldBlob, imported: ImportedBlob, image_rows: Mapping[int, int], done_ids: set[int]
) -> Iterator[writer.ImageOutcome]:
    """The outcomes of the images of a blob: done with its bytes, or failed. With lost bytes they stay pending."""
    if not imported.blob and not imported.reason:
        return
    for image in {placement.image for placement in blob.placements}:
        if image_rows[image] in done_ids:
            continue
        status = "done" if imported.blob else imported.status
        detail = imported.detail
        if image in blob.removed_at and imported.blob:
            noticed_at = blob.removed_at[image]
            noticed_text = format_time(noticed_at if noticed_at is not None and noticed_at < 2**37 else None, "unknown")
            detail = f"no longer at the site; noticed {noticed_text}"
        sha256 = imported.sha256 if imported.blob else None
        yield writer.ImageOutcome(image_rows[image], status, imported.reason, detail, sha256=sha256, blob=imported.blob)


def _mark_failures(connection: Connection, old_database: OldDatabase, image_rows: Mapping[int, int]) -> None:
    """Mark images that the old tool could not fetch as gone, unless their bytes are known from elsewhere."""
    failed = {failure.image: failure for folder in old_database.folders for failure in folder.failed}
    with_bytes = {placement.image for blob in old_database.blobs for placement in blob.placements}
    lost = [image_rows[image] for image in failed if image not in with_bytes]
    still_pending = queries.images_with_status(connection, lost, "pending")
    for chunk in chunks(sorted(still_pending)):
        detail = "the old tool could not fetch it"
        writer.record_outcomes(
            connection, [writer.ImageOutcome(image_id, "failed", "gone", detail) for image_id in chunk]
        )


def _count_statuses(connection: Connection, collection: int, report: ImportReport) -> None:
    counts = queries.count_by_status(connection, collection)
    for status, label in (("done", "images done"), ("failed", "images failed"), ("pending", "images pending")):
        report.count(label, sum(count.images for count in counts if count.status == status))
