"""Every change to the catalogue. Each function is one part of a transaction that the caller opens and commits."""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    bindparam,
    case,
    exists,
    insert,
    literal,
    or_,
    select,
    update,
)

from harvester.catalogue.facts import insert_new, note_facts
from harvester.catalogue.queries import chunks
from harvester.catalogue.schema import accounts, blobs, collections, images, runs, sightings
from harvester.catalogue.sizes import sizes
from harvester.items import Collection, Promise
from harvester.reasons import NAMELESS, NEVER_ASKED, REASONS, TEMPORARY


@dataclass(frozen=True)
class Outcome:
    """What became of one image; `blob` is a row for the table of that name where bytes were stored."""

    row: int
    status: str
    reason: str = ""
    detail: str = ""
    asked_at: int | None = None
    sha256: str | None = None
    files: Mapping[int, str] = field(default_factory=dict)  # sighting row -> file name
    file_sha256: str | None = None  # of those files
    blob: Mapping[str, Any] | None = None


def now() -> int:
    """The time as the catalogue writes it."""
    return int(time.time())


def collection_id(connection: Connection, collection: Collection) -> int:
    """The row of a collection, made where it is new."""
    insert_new(connection, collections, [asdict(collection)])
    found = select(collections.c.id).where(
        collections.c.site == collection.site, collections.c.directory == collection.directory
    )
    return int(connection.execute(found).scalar_one())


def name_accounts(connection: Connection, collection: int, acct_of: Mapping[int, str]) -> None:
    """Remember which account each user number of a data set means."""
    rows = [{"collection_id": collection, "user_index": index, "acct": acct} for index, acct in acct_of.items()]
    for chunk in chunks(rows):
        insert_new(connection, accounts, chunk)


def begin_promises(connection: Connection, collection: int, source: str) -> bool:
    """Note that the promises of a source (its sha256) are being recorded; True where all of them are already."""
    row = connection.execute(select(collections.c.promised).where(collections.c.id == collection)).one()
    if row.promised == source:
        return True
    started = update(collections).where(collections.c.id == collection).values(promising=source, promised=None)
    connection.execute(started)
    return False


def end_promises(connection: Connection, collection: int) -> None:
    """Note that every promise of the source is recorded."""
    ended = update(collections).where(collections.c.id == collection)
    connection.execute(ended.values(promised=collections.c.promising))


def promise(connection: Connection, collection: int, promised: Sequence[Promise]) -> dict[str, int]:
    """Record images as owed; returns, for each host that now owes something, its lowest new row.

    Known images stay as they are, except that a new name for a finished one makes it `pending` again: its bytes are
    known, so it is named without being fetched. Any number of promises is one transaction; a few thousand is best.
    """
    known = _rows_of(connection, collection, [p.key for p in promised])
    fresh: dict[str, Promise] = {}
    for p in promised:  # of several promises of one address, one with a name decides
        if p.key not in known and (p.key not in fresh or fresh[p.key].name is None):
            fresh[p.key] = p
    insert_new(connection, images, [_image(collection, p) for p in fresh.values()])
    known |= _rows_of(connection, collection, list(fresh))
    _adopt_bytes(connection, collection, list(fresh))
    note_facts(connection, known, list(fresh.values()))
    named = _sight(connection, collection, [p for p in promised if p.name], known)
    return _owe(connection, named | {known[key] for key in fresh})


def _rows_of(connection: Connection, collection: int, keys: list[str]) -> dict[str, int]:
    rows: dict[str, int] = {}
    for chunk in chunks(keys):
        found = select(images.c.key, images.c.id).where(images.c.collection_id == collection, images.c.key.in_(chunk))
        rows.update((key, row) for key, row in connection.execute(found))
    return rows


def _image(collection: int, p: Promise) -> dict[str, Any]:
    return {
        "collection_id": collection,
        "key": p.key,
        "url": p.url,
        "host": p.host,
        "page": p.page,
        "author": p.author,
        "alt": p.alt,
        "metadata": None if p.metadata is None else dict(p.metadata),
        "status": REASONS[p.reason].status if p.reason else "pending",
        "reason": p.reason or "",
        "promised_at": now(),
        "finished_at": now() if p.reason else None,
    }


def _adopt_bytes(connection: Connection, collection: int, keys: list[str]) -> None:
    """New images whose bytes another collection of the same site already has need no fetch."""
    site = select(collections.c.site).where(collections.c.id == collection).scalar_subquery()
    others = select(collections.c.id).where(collections.c.site == site, collections.c.id != collection)
    if (other_ids := list(connection.execute(others).scalars())) and keys:
        for chunk in chunks(keys):
            found = connection.execute(
                select(images.c.key, images.c.sha256).where(
                    images.c.collection_id.in_(other_ids), images.c.key.in_(chunk), images.c.sha256.is_not(None)
                )
            )
            rows = [{"b_key": key, "b_sha256": sha} for key, sha in found]
            if rows:
                known = update(images).where(images.c.collection_id == collection, images.c.key == bindparam("b_key"))
                connection.execute(known.values(sha256=_SHA, **sizes(_SHA)), rows)


def _sight(connection: Connection, collection: int, named: list[Promise], rows: Mapping[str, int]) -> set[int]:
    """Add the names that are new; returns the images that got one."""
    names = [p.name for p in named if p.name]
    there: set[str] = set()
    for chunk in chunks(names):
        found = select(sightings.c.name).where(sightings.c.collection_id == collection, sightings.c.name.in_(chunk))
        there.update(connection.execute(found).scalars())
    new = [p for p in named if p.name not in there]
    insert_new(connection, sightings, [_sighting(collection, p, rows[p.key]) for p in new])
    return {rows[p.key] for p in new}


def _sighting(collection: int, p: Promise, image: int) -> dict[str, Any]:
    place = p.position
    return {
        "image_id": image,
        "collection_id": collection,
        "name": p.name,
        "user_index": place and place.user,
        "post_index": place and place.post,
        "url_index": place and place.url,
    }


def _owe(connection: Connection, touched: set[int]) -> dict[str, int]:
    """Re-open finished images that got a new name; returns the lowest owed row per host among the touched."""
    lowest: dict[str, int] = {}
    for chunk in chunks(sorted(touched)):
        reopened = or_(images.c.status == "done", images.c.reason.in_(NAMELESS))
        connection.execute(
            update(images).where(images.c.id.in_(chunk), reopened, _NAMELESS).values(status="pending", reason="")
        )
        owed = select(images.c.host, images.c.id).where(images.c.id.in_(chunk), images.c.status == "pending")
        for host, row in connection.execute(owed):
            lowest[host] = min(row, lowest.get(host, row))
    return lowest


def owe_again(connection: Connection, collection: int, retry: str) -> int:
    """Put earlier refusals back to `pending`: temporary failures (`failed`), everything (`all`) or nothing (`none`).

    Returns how many. An address that is no address, or an image without a name, is never asked for.
    """
    if retry == "none":
        return 0
    again: ColumnElement[bool] = images.c.reason.in_(TEMPORARY)
    if retry == "all":
        again = and_(images.c.status.in_(("failed", "skipped")), images.c.reason.not_in(NEVER_ASKED))
    result = connection.execute(
        update(images).where(images.c.collection_id == collection, again).values(status="pending", reason="", detail="")
    )
    return result.rowcount


def finish(connection: Connection, outcomes: Sequence[Outcome]) -> None:
    """Record what became of images. `done` is kept back as `pending` while a name is still without its file."""
    insert_new(connection, blobs, [{**o.blob, "stored_at": now()} for o in outcomes if o.blob])
    files = [(o, sighting, file) for o in outcomes for sighting, file in o.files.items()]
    if named := [{"b_id": row, "b_file": file, "b_sha256": o.file_sha256} for o, row, file in files]:
        connection.execute(_NAMED, named)
    connection.execute(_FINISHED, [_row(o) for o in outcomes])


def _row(o: Outcome) -> dict[str, Any]:
    values = {f"b_{name}": getattr(o, name) for name in ("status", "reason", "detail", "asked_at", "sha256")}
    return {**values, "b_id": o.row, "b_asked": int(o.asked_at is not None), "b_now": now()}


# Built once: an image takes about a millisecond of them otherwise.
_NAMED = (
    update(sightings)
    .where(sightings.c.id == bindparam("b_id"))
    .values(file=bindparam("b_file"), file_sha256=bindparam("b_sha256"))
)
_NAMELESS = exists().where(sightings.c.image_id == images.c.id, sightings.c.file.is_(None))
_SHA = bindparam("b_sha256", type_=images.c.sha256.type)
_STATUS = bindparam("b_status", type_=images.c.status.type)
_FINISHED = (
    update(images)
    .where(images.c.id == bindparam("b_id"))
    .values(
        status=case((and_(_STATUS == "done", _NAMELESS), literal("pending")), else_=_STATUS),
        reason=bindparam("b_reason"),
        detail=bindparam("b_detail"),
        asked_at=bindparam("b_asked_at"),
        sha256=_SHA,
        **sizes(_SHA),
        attempts=images.c.attempts + bindparam("b_asked"),
        finished_at=bindparam("b_now"),
    )
)


def start_run(connection: Connection, collection: int, arguments: Mapping[str, str], version: str, pid: int) -> int:
    """Note that a crawl has begun; returns its row."""
    values = {"arguments": dict(arguments), "version": version, "pid": pid, "started_at": now()}
    result = connection.execute(insert(runs).values(collection_id=collection, **values))
    assert result.inserted_primary_key is not None
    return int(result.inserted_primary_key[0])


def end_run(connection: Connection, run: int, outcome: str, counts: Mapping[str, int]) -> None:
    """Note how a crawl ended."""
    values = {"finished_at": now(), "outcome": outcome, "counts": json.loads(json.dumps(counts))}
    connection.execute(update(runs).where(runs.c.id == run).values(**values))
