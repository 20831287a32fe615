"""Progress through the pages of a source, so that a stopped run continues where it was.

The discovered images of a page, its counts and the cursor of the next page are one transaction. Whenever a run dies, a
page is either fully recorded or will be requested again.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import Connection, select, update

from harvester.catalogue.schema import collections, images, listings
from harvester.catalogue.sql import chunks, insert_new, now
from harvester.catalogue.writer import record_discovered
from harvester.items import DiscoveredImage, ListingPage
from harvester.reasons import NAMELESS


@dataclass(frozen=True)
class Listing:
    """The progress of one walk over everything that a source lists for a query.

    `cursor` is the page to request next; None is the first one. `state` is `open`, `ended` or `incomplete`;
    `detail` says why it is incomplete. `counts` has the entries by outcome; they add up to `items`.
    """

    row: int
    query: str
    cursor: str | None
    mark: str | None
    pages: int
    items: int
    counts: Mapping[str, int]
    state: str
    detail: str


_COLUMNS = (listings.c.id.label("row"), *(listings.c[field.name] for field in fields(Listing)[1:]))

_INITIAL_VALUES: dict[str, Any] = {"cursor": None, "pages": 0, "items": 0, "counts": {}}


def begin_listing(connection: Connection, collection: int, query: str) -> Listing:
    """Open the listing of a query: a stopped one continues at its cursor, an ended one starts again."""
    values = {"collection_id": collection, "query": query, "state": "open", "started_at": now(), "changed_at": now()}
    insert_new(connection, listings, [{**values, **_INITIAL_VALUES}])
    select_listing = select(listings).where(listings.c.collection_id == collection, listings.c.query == query)
    listing = connection.execute(select_listing).one()
    reset_values = (
        {**_INITIAL_VALUES, "started_at": now()} if listing.state == "ended" or listing.cursor is None else {}
    )
    return _update_listing(connection, listing.id, state="open", detail="", **reset_values)


def record_page(connection: Connection, collection: int, row: int, page: ListingPage) -> tuple[Listing, dict[str, int]]:
    """Record one page; return the listing and, for each host with newly pending images, its lowest new row."""
    reasons = _reasons_by_key(connection, collection, [image.key for image in page.images])
    to_record = [
        image
        for image in page.images
        if image.position or image.key not in reasons or _is_named_now(image, reasons[image.key])
    ]
    lowest_rows = record_discovered(connection, collection, to_record)
    previous = connection.execute(select(listings).where(listings.c.id == row)).one()
    new_count = len({image.key for image in page.images} - set(reasons))
    counts = (
        Counter(previous.counts) + Counter(page.counts) + Counter(new=new_count, known=len(page.images) - new_count)
    )
    return _update_listing(
        connection,
        row,
        cursor=page.next_cursor,
        mark=previous.mark if page.mark is None else page.mark,
        pages=previous.pages + 1,
        items=previous.items + page.entry_count,
        counts=dict(counts),
        state="incomplete" if page.incomplete else ("open" if page.next_cursor is not None else "ended"),
        detail=page.incomplete,
    ), lowest_rows


def mark_incomplete(connection: Connection, row: int, cause: str, restart: bool) -> Listing:
    """Mark a listing as incomplete; with `restart` the next walk begins at the first page."""
    return _update_listing(connection, row, state="incomplete", detail=cause, **({"cursor": None} if restart else {}))


def listings_by_site(connection: Connection, collection: int | None = None) -> dict[str, list[Listing]]:
    """The listings of one collection, or of all collections, by site."""
    query = select(*_COLUMNS, collections.c.site).join(collections, collections.c.id == listings.c.collection_id)
    if collection is not None:
        query = query.where(listings.c.collection_id == collection)
    grouped: dict[str, list[Listing]] = {}
    for row in connection.execute(query.order_by(listings.c.id)):
        values = row._asdict()
        grouped.setdefault(values.pop("site"), []).append(Listing(**values))
    return grouped


def _is_named_now(image: DiscoveredImage, reason: str) -> bool:
    """Whether a known image that has no file name yet gets one now; others keep the name they have."""
    return reason in NAMELESS and image.name is not None


def _reasons_by_key(connection: Connection, collection: int, keys: Sequence[str]) -> dict[str, str]:
    reasons: dict[str, str] = {}
    for chunk in chunks(keys):
        query = select(images.c.key, images.c.reason)
        query = query.where(images.c.collection_id == collection, images.c.key.in_(chunk))
        reasons.update((key, reason) for key, reason in connection.execute(query))
    return reasons


def _update_listing(connection: Connection, row: int, **values: Any) -> Listing:
    connection.execute(update(listings).where(listings.c.id == row).values(**values, changed_at=now()))
    return Listing(**connection.execute(select(*_COLUMNS).where(listings.c.id == row)).one()._mapping)
