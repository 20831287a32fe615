"""The whole story of one image, as lines of (what, told) for a person."""

from collections.abc import Iterator
from datetime import UTC, datetime

from harvester.blobs import BlobStore
from harvester.catalogue.lookup import Dossier
from harvester.catalogue.mending import NEVER_ASKED
from harvester.places import Places
from harvester.reasons import REASONS


def story(dossier: Dossier, places: Places) -> Iterator[tuple[str, str]]:
    """From where it was seen to where it is stored."""
    image = dossier.image
    yield "image", f"{image.id} of {dossier.collection.site}, in {places.output(dossier.collection)}"
    if image.url:
        yield "id", image.key
    yield "address", image.url or image.key
    yield from _seen(dossier)
    yield "promised", _time(image.promised_at)
    yield from _asked(dossier)
    yield "status", _status(dossier)
    yield from _stored(dossier, places)
    yield "next", _next(dossier)


def _seen(dossier: Dossier) -> Iterator[tuple[str, str]]:
    image = dossier.image
    for what, told in (("page", image.page), ("author", image.author), ("alt", image.alt)):
        if told:
            yield what, told
    for sighting in dossier.sightings:
        place = f"user {sighting.user_index}, post {sighting.post_index}, URL {sighting.url_index}"
        yield "seen as", sighting.name + (f" ({place})" if sighting.user_index is not None else "")


def _asked(dossier: Dossier) -> Iterator[tuple[str, str]]:
    image = dossier.image
    if image.asked_at is None and not image.attempts:
        yield "asked", "never" if image.sha256 is None else "never: its bytes were known"
    else:
        last = f", last at {_time(image.asked_at)}" if image.asked_at is not None else ""
        yield "asked", f"in {image.attempts} run(s){last}"


def _status(dossier: Dossier) -> str:
    image = dossier.image
    if image.status == "pending":
        return "owed" if image.sha256 is None else "owed: its bytes are known, a name is missing"
    at = f" at {_time(image.finished_at)}" if image.finished_at is not None else ""
    if not image.reason:
        return f"{image.status}{at}"
    meaning = REASONS[image.reason].meaning if image.reason in REASONS else ""
    return f"{image.status}{at}: " + " · ".join(filter(None, (image.reason, image.detail, meaning)))


def _stored(dossier: Dossier, places: Places) -> Iterator[tuple[str, str]]:
    blob, image = dossier.blob, dossier.image
    if blob is not None:
        path = BlobStore(places.blobs).path(blob.sha256, blob.ext)
        what = f"{blob.format} {blob.mode} {blob.width}x{blob.height}, {blob.bytes:,} bytes, {_time(blob.stored_at)}"
        yield "stored", f"{path}{_there(path.is_file())}"
        yield "as", what
    elif image.sha256:
        yield "stored", f"sha256 {image.sha256}, but the blob is not recorded: scrapy verify --repair"
    for sighting in dossier.sightings:
        if sighting.file:
            path = places.output(dossier.collection) / sighting.file
            yield "named", f"{path}{_there(path.is_file())}"
    if dossier.twins:
        yield "same bytes", f"{dossier.twins} other image(s): scrapy why {image.sha256}"


def _next(dossier: Dossier) -> str:
    image = dossier.image
    if image.status == "pending":
        return "the next crawl of this collection does it"
    if image.status == "done":
        return "nothing; scrapy forget has it fetched again"
    if image.reason in NEVER_ASKED:
        return "never asked for: correct the input"
    if image.reason in REASONS and REASONS[image.reason].temporary:
        return "the next crawl of this collection tries again"
    return "not asked for again, unless with -a retry=all or after scrapy forget"


def _there(is_there: bool) -> str:
    return "" if is_there else " (is not there: scrapy verify --repair)"


def _time(seconds: int | None) -> str:
    if seconds is None:
        return "unknown"
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
