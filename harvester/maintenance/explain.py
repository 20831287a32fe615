"""Everything known about one image, as labelled lines for `scrapy why`."""

from collections.abc import Iterator

from harvester.catalogue.lookup import ImageRecord
from harvester.reasons import NEVER_RETRIED, REASONS
from harvester.storage.blobs import BlobStore
from harvester.storage.paths import DataPaths
from harvester.text import count_noun, format_time


def explain(record: ImageRecord, places: DataPaths) -> Iterator[tuple[str, str]]:
    """(label, text) lines about an image, from its origin to the next step."""
    image = record.image
    yield "image", f"{image.id} of {record.collection.site}, in {places.output(record.collection)}"
    if image.url:
        yield "id", image.key
    yield "address", image.url or image.key
    yield from _origin_lines(record)
    yield "discovered", format_time(image.discovered_at, "unknown")
    yield from _request_lines(record)
    yield "status", _status_text(record)
    yield from _storage_lines(record, places)
    yield "next", _next_step(record)


def _origin_lines(record: ImageRecord) -> Iterator[tuple[str, str]]:
    image = record.image
    for label, value in (("page", image.page), ("author", image.author), ("alt", image.alt)):
        if value:
            yield label, value
    for placement in record.placements:
        position = f"user {placement.user_index}, post {placement.post_index}, URL {placement.url_index}"
        yield "name", placement.name + (f" ({position})" if placement.user_index is not None else "")


def _request_lines(record: ImageRecord) -> Iterator[tuple[str, str]]:
    image = record.image
    if image.requested_at is None and not image.attempts:
        yield "requested", "never" if image.sha256 is None else "never: its bytes were already known"
    else:
        last_request = f", last at {format_time(image.requested_at)}" if image.requested_at is not None else ""
        yield "requested", f"in {count_noun(image.attempts, 'run')}{last_request}"


def _status_text(record: ImageRecord) -> str:
    image = record.image
    if image.status == "pending":
        return "pending" if image.sha256 is None else "pending: its bytes are known, but an output file is missing"
    finished = f" at {format_time(image.finished_at)}" if image.finished_at is not None else ""
    if not image.reason:
        return f"{image.status}{finished}"
    meaning = REASONS[image.reason].meaning if image.reason in REASONS else ""
    return f"{image.status}{finished}: " + " · ".join(filter(None, (image.reason, image.detail, meaning)))


def _storage_lines(record: ImageRecord, places: DataPaths) -> Iterator[tuple[str, str]]:
    blob, image = record.blob, record.image
    if blob is not None:
        path = BlobStore(places.blobs).path(blob.sha256, blob.ext)
        measures = f"{blob.width}x{blob.height}, {blob.bytes:,} bytes"
        description = f"{blob.format} {blob.mode} {measures}, {format_time(blob.stored_at, 'unknown')}"
        yield "stored", f"{path}{_missing_note(path.is_file())}"
        yield "format", description
    elif image.sha256:
        yield "stored", f"sha256 {image.sha256}, but the blob is not recorded: run scrapy verify --repair"
    for placement in record.placements:
        if placement.file:
            path = places.output(record.collection) / placement.file
            yield "output", f"{path}{_missing_note(path.is_file())}"
    if record.duplicate_count:
        yield "same bytes", f"{count_noun(record.duplicate_count, 'other image')}: scrapy why {image.sha256}"


def _next_step(record: ImageRecord) -> str:
    image = record.image
    if image.status == "pending":
        return "the next crawl of this collection fetches it"
    if image.status == "done":
        return "nothing; scrapy forget has it fetched again"
    if image.reason in NEVER_RETRIED:
        return "never requested; docs/reasons.md says what you can do"
    if image.reason in REASONS and REASONS[image.reason].temporary:
        return "the next crawl of this collection tries again"
    return "not requested again, except with -a retry=all or after scrapy forget"


def _missing_note(exists: bool) -> str:
    return "" if exists else " (missing: run scrapy verify --repair)"
