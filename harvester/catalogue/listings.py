"""How far the pages of a source have been walked, so that a run that was stopped goes on where it was.

A page's promises, its numbers and the cursor of the next page are one transaction: whenever a run dies, a page is
either recorded whole or will be asked for again.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select, update

from harvester.catalogue.schema import collections, images, listings
from harvester.catalogue.sql import chunks, insert_new, now
from harvester.catalogue.writer import record_discovered
from harvester.items import DiscoveredImage, ListingPage
from harvester.reasons import NAMELESS


@dataclass(frozen=True)
class Listing:
    """One walk over everything a source lists for a query, as far as it has come.

    `cursor` is the page to ask for next, None the first one. `state` is open, ended or cut; `detail` says why it was
    cut. `counts` has the entries by what became of them; they add up to `items`.
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


_INITIAL_VALUES: dict[str, Any] = {"cursor": None, "pages": 0, "items": 0, "counts": {}}


def begin_listing(connection: Connection, collection: int, query: str) -> Listing:
    """Open the listing of a query: one that was stopped goes on at its cursor, one that ended begins anew."""
    values = {"collection_id": collection, "query": query, "state": "open", "started_at": now(), "changed_at": now()}
    insert_new(connection, listings, [{**values, **_INITIAL_VALUES}])
    select_listing = select(listings).where(listings.c.collection_id == collection, listings.c.query == query)
    listing = connection.execute(select_listing).one()
    reset_values = (
        {**_INITIAL_VALUES, "started_at": now()} if listing.state == "ended" or listing.cursor is None else {}
    )
    return _update_listing(connection, listing.id, state="open", detail="", **reset_values)


def record_page(connection: Connection, collection: int, row: int, page: ListingPage) -> tuple[Listing, dict[str, int]]:
    """Record one page; returns the listing and, for each host that now owes something, its lowest new row."""
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
        state="cut" if page.incomplete else ("open" if page.next_cursor is not None else "ended"),
        detail=page.incomplete,
    ), lowest_rows


def mark_incomplete(connection: Connection, _collection: int, row: int, cause: str, restart: bool) -> Listing:
    """Note that a listing cannot be walked on now, and whether the next walk begins with the first page."""
    return _update_listing(connection, row, state="cut", detail=cause, **({"cursor": None} if restart else {}))


def listings_by_site(connection: Connection, collection: int | None = None) -> dict[str, list[Listing]]:
    """Every listing of a collection, or of all of them, by its site."""
    query = select(listings, collections.c.site).join(collections, collections.c.id == listings.c.collection_id)
    if collection is not None:
        query = query.where(listings.c.collection_id == collection)
    grouped: dict[str, list[Listing]] = {}
    for row in connection.execute(query.order_by(listings.c.id)):
        grouped.setdefault(row.site, []).append(_listing_from_row(row))
    return grouped


def _is_named_now(image: DiscoveredImage, reason: str) -> bool:
    """A known image keeps the name it has; one that was not wanted has none yet."""
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
    return _listing_from_row(connection.execute(select(listings).where(listings.c.id == row)).one())


def _listing_from_row(row: Any) -> Listing:
    return Listing(
        row=row.id,
        query=row.query,
        cursor=row.cursor,
        mark=row.mark,
        pages=row.pages,
        items=row.items,
        counts=row.counts,
        state=row.state,
        detail=row.detail,
    )
