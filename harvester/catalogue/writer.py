"""Catalogue changes made by crawls and imports.

Each function is one part of a transaction that the caller opens and commits.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, bindparam, case, exists, insert, literal, or_, select, update

from harvester.catalogue.schema import accounts, blobs, collections, images, placements, runs
from harvester.catalogue.source_facts import record_source_facts, size_values
from harvester.catalogue.sql import chunks, insert_new, now
from harvester.items import Collection, DiscoveredImage
from harvester.reasons import ADDRESSLESS, NAMELESS, NEVER_RETRIED, REASONS, TEMPORARY_REASONS


@dataclass(frozen=True)
class ImageOutcome:
    """The outcome of one image; `blob` is a row for the table `blobs` if bytes were stored, else None."""

    row: int
    status: str
    reason: str = ""
    detail: str = ""
    requested_at: int | None = None
    sha256: str | None = None
    files: Mapping[int, str] = field(default_factory=dict)  # placement row -> file name
    file_sha256: str | None = None  # of those files
    blob: Mapping[str, Any] | None = None


def get_or_create_collection(connection: Connection, collection: Collection) -> int:
    """The row of a collection, which is created if it is new."""
    insert_new(connection, collections, [asdict(collection)])
    query = select(collections.c.id).where(
        collections.c.site == collection.site, collections.c.directory == collection.directory
    )
    return int(connection.execute(query).scalar_one())


def record_accounts(connection: Connection, collection: int, accounts_by_user: Mapping[int, str]) -> None:
    """Record the account of each user number of a data set."""
    rows = [
        {"collection_id": collection, "user_index": index, "acct": acct} for index, acct in accounts_by_user.items()
    ]
    for chunk in chunks(rows):
        insert_new(connection, accounts, chunk)


def begin_discovery(connection: Connection, collection: int, source: str) -> bool:
    """Note that the images of a source (its sha256) are being recorded; return True if all of them already are."""
    row = connection.execute(select(collections.c.discovered_from).where(collections.c.id == collection)).one()
    if row.discovered_from == source:
        return True
    statement = (
        update(collections).where(collections.c.id == collection).values(discovering=source, discovered_from=None)
    )
    connection.execute(statement)
    return False


def end_discovery(connection: Connection, collection: int) -> None:
    """Note that every image of the source is recorded."""
    statement = update(collections).where(collections.c.id == collection)
    connection.execute(statement.values(discovered_from=collections.c.discovering))


def record_discovered(connection: Connection, collection: int, discovered: Sequence[DiscoveredImage]) -> dict[str, int]:
    """Record discovered images as pending; return, for each host with newly pending images, the lowest such row.

    Known images stay as they are, except that a new name for a finished one makes it `pending` again: its bytes are
    known, so it is published without being fetched. One that had no address gets the one that its source now has, and
    is pending. One transaction takes any number of images; a few thousand is best.
    """
    rows = rows_by_key(connection, collection, [image.key for image in discovered])
    addressed_rows = _add_addresses(connection, {rows[image.key]: image for image in discovered if image.key in rows})
    new_images: dict[str, DiscoveredImage] = {}
    for image in discovered:  # of several images at one address, one with a name counts
        if image.key not in rows and (image.key not in new_images or new_images[image.key].name is None):
            new_images[image.key] = image
    insert_new(connection, images, [_image_values(collection, image) for image in new_images.values()])
    rows |= rows_by_key(connection, collection, list(new_images))
    _reuse_known_bytes(connection, collection, list(new_images))
    record_source_facts(connection, rows, list(new_images.values()))
    named_rows = _add_placements(connection, collection, [image for image in discovered if image.name], rows)
    return _reopen_images(connection, named_rows | addressed_rows | {rows[key] for key in new_images})


def _add_addresses(connection: Connection, images_by_row: Mapping[int, DiscoveredImage]) -> set[int]:
    """Give known images that had no address the one that their source now has; return the rows of those images."""
    with_address = {row: image for row, image in images_by_row.items() if image.url and image.reason is None}
    rows: set[int] = set()
    for chunk in chunks(sorted(with_address)):
        query = select(images.c.id, images.c.url).where(images.c.id.in_(chunk), images.c.reason.in_(ADDRESSLESS))
        rows |= {row for row, url in connection.execute(query) if url != with_address[row].url}
    for row in rows:
        image = with_address[row]
        values = {
            "url": image.url, "host": image.host, "page": image.page, "status": "pending", "reason": "", "detail": "",
            "metadata": None if image.metadata is None else dict(image.metadata), "finished_at": None,
        }  # fmt: skip
        connection.execute(update(images).where(images.c.id == row).values(values))
    return rows


def rows_by_key(connection: Connection, collection: int, keys: Sequence[str]) -> dict[str, int]:
    """The images of a collection that have these keys, by key."""
    rows: dict[str, int] = {}
    for chunk in chunks(keys):
        query = select(images.c.key, images.c.id).where(images.c.collection_id == collection, images.c.key.in_(chunk))
        rows.update((key, row) for key, row in connection.execute(query))
    return rows


def _image_values(collection: int, image: DiscoveredImage) -> dict[str, Any]:
    return {
        "collection_id": collection,
        "key": image.key,
        "url": image.url,
        "host": image.host,
        "page": image.page,
        "author": image.author,
        "alt": image.alt,
        "metadata": None if image.metadata is None else dict(image.metadata),
        "status": REASONS[image.reason].status if image.reason else "pending",
        "reason": image.reason or "",
        "discovered_at": now(),
        "finished_at": now() if image.reason else None,
    }


def _reuse_known_bytes(connection: Connection, collection: int, keys: list[str]) -> None:
    """Give new images the bytes that another collection of the same site already has, so that they are not fetched."""
    site = select(collections.c.site).where(collections.c.id == collection).scalar_subquery()
    other_query = select(collections.c.id).where(collections.c.site == site, collections.c.id != collection)
    if (other_ids := list(connection.execute(other_query).scalars())) and keys:
        for chunk in chunks(keys):
            result = connection.execute(
                select(images.c.key, images.c.sha256).where(
                    images.c.collection_id.in_(other_ids), images.c.key.in_(chunk), images.c.sha256.is_not(None)
                )
            )
            rows = [{"b_key": key, "b_sha256": sha256} for key, sha256 in result]
            if rows:
                statement = update(images).where(
                    images.c.collection_id == collection, images.c.key == bindparam("b_key")
                )
                connection.execute(statement.values(sha256=_SHA256, **size_values(_SHA256)), rows)


def _add_placements(
    connection: Connection, collection: int, named_images: list[DiscoveredImage], rows: Mapping[str, int]
) -> set[int]:
    """Add the names that are new; return the rows of the images that got one."""
    names = [image.name for image in named_images if image.name]
    known_names: set[str] = set()
    for chunk in chunks(names):
        query = select(placements.c.name).where(placements.c.collection_id == collection, placements.c.name.in_(chunk))
        known_names.update(connection.execute(query).scalars())
    new_images = [image for image in named_images if image.name not in known_names]
    insert_new(connection, placements, [_placement_values(collection, image, rows[image.key]) for image in new_images])
    return {rows[image.key] for image in new_images}


def _placement_values(collection: int, discovered: DiscoveredImage, image_row: int) -> dict[str, Any]:
    position = discovered.position
    return {
        "image_id": image_row,
        "collection_id": collection,
        "name": discovered.name,
        "user_index": position and position.user,
        "post_index": position and position.post,
        "url_index": position and position.url,
    }


def _reopen_images(connection: Connection, rows: set[int]) -> dict[str, int]:
    """Re-open finished images that got a new name; return the lowest pending row of these images for each host."""
    lowest_rows: dict[str, int] = {}
    for chunk in chunks(sorted(rows)):
        is_reopenable = or_(images.c.status == "done", images.c.reason.in_(NAMELESS))
        connection.execute(
            update(images)
            .where(images.c.id.in_(chunk), is_reopenable, _HAS_MISSING_FILE)
            .values(status="pending", reason="")
        )
        query = select(images.c.host, images.c.id).where(images.c.id.in_(chunk), images.c.status == "pending")
        for host, row in connection.execute(query):
            lowest_rows[host] = min(row, lowest_rows.get(host, row))
    return lowest_rows


def requeue(connection: Connection, collection: int, retry: str) -> int:
    """Make images `pending` again: temporary failures (`failed`), all that failed or were skipped (`all`), or `none`.

    Returns how many. An invalid address, or an image without a name, is never requested.
    """
    if retry == "none":
        return 0
    condition: ColumnElement[bool] = images.c.reason.in_(TEMPORARY_REASONS)
    if retry == "all":
        condition = and_(images.c.status.in_(("failed", "skipped")), images.c.reason.not_in(NEVER_RETRIED))
    result = connection.execute(
        update(images)
        .where(images.c.collection_id == collection, condition)
        .values(status="pending", reason="", detail="")
    )
    return result.rowcount


def record_sidecars(connection: Connection, sidecars_by_placement: Mapping[int, Mapping[str, str]]) -> None:
    """Note which files (name -> sha256) are about to be written beside the output files of placements (rows)."""
    for row, sidecars in sidecars_by_placement.items():
        statement = update(placements).where(placements.c.id == row)
        connection.execute(statement.values(sidecars=dict(sidecars)))


def record_outcomes(connection: Connection, outcomes: Sequence[ImageOutcome]) -> None:
    """Record the outcomes of images. An image stays `pending` instead of `done` while an output file is missing."""
    insert_new(connection, blobs, [{**outcome.blob, "stored_at": now()} for outcome in outcomes if outcome.blob])
    files = [(outcome, placement, file) for outcome in outcomes for placement, file in outcome.files.items()]
    if parameters := [{"b_id": row, "b_file": file, "b_sha256": outcome.file_sha256} for outcome, row, file in files]:
        connection.execute(_SET_FILE, parameters)
    connection.execute(_SET_OUTCOME, [_outcome_parameters(outcome) for outcome in outcomes])


def _outcome_parameters(outcome: ImageOutcome) -> dict[str, Any]:
    values = {f"b_{name}": getattr(outcome, name) for name in ("status", "reason", "detail", "requested_at", "sha256")}
    return {**values, "b_id": outcome.row, "b_was_requested": int(outcome.requested_at is not None), "b_now": now()}


# Built once: otherwise this takes about a millisecond for each image.
_SET_FILE = (
    update(placements)
    .where(placements.c.id == bindparam("b_id"))
    .values(file=bindparam("b_file"), file_sha256=bindparam("b_sha256"))
)

_HAS_MISSING_FILE = exists().where(placements.c.image_id == images.c.id, placements.c.file.is_(None))

_SHA256 = bindparam("b_sha256", type_=images.c.sha256.type)

_STATUS = bindparam("b_status", type_=images.c.status.type)

_SET_OUTCOME = (
    update(images)
    .where(images.c.id == bindparam("b_id"))
    .values(
        status=case((and_(_STATUS == "done", _HAS_MISSING_FILE), literal("pending")), else_=_STATUS),
        reason=bindparam("b_reason"),
        detail=bindparam("b_detail"),
        requested_at=bindparam("b_requested_at"),
        sha256=_SHA256,
        **size_values(_SHA256),
        attempts=images.c.attempts + bindparam("b_was_requested"),
        finished_at=bindparam("b_now"),
    )
)


def start_run(connection: Connection, collection: int, arguments: Mapping[str, str], version: str, pid: int) -> int:
    """Record the start of a crawl; return its row."""
    values = {"arguments": dict(arguments), "version": version, "pid": pid, "started_at": now()}
    result = connection.execute(insert(runs).values(collection_id=collection, **values))
    assert result.inserted_primary_key is not None
    return int(result.inserted_primary_key[0])


def end_run(connection: Connection, run: int, outcome: str, counts: Mapping[str, int]) -> None:
    """Record the end of a crawl."""
    counts_copy = json.loads(json.dumps(counts))
    values = {"finished_at": now(), "outcome": outcome, "counts": counts_copy, "log_lines": None}
    connection.execute(update(runs).where(runs.c.id == run).values(**values))
