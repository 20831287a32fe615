"""How far the pages of a source have been walked, so that a run that was stopped goes on where it was.

A page's promises, its numbers and the cursor of the next page are one transaction: whenever a run dies, a page is
either recorded whole or will be asked for again.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select, update

from harvester.catalogue.facts import insert_new
from harvester.catalogue.queries import chunks
from harvester.catalogue.schema import collections, images, listings
from harvester.catalogue.writer import now, promise
from harvester.items import Page, Promise
from harvester.reasons import NAMELESS


@dataclass(frozen=True)
class Listing:
    """One walk over everything a source lists for a query, as far as it has come.

    `cursor` is the page to ask for next, None the first one. `state` is open, ended or cut; `why` says why it was cut.
    `counts` has the entries by what became of them; they add up to `items`.
    """

    row: int
    query: str
    cursor: str | None
    mark: str | None
    pages: int
    items: int
    counts: Mapping[str, int]
    state: str
    why: str


_BLANK: dict[str, Any] = {"cursor": None, "pages": 0, "items": 0, "counts": {}}


def begin(connection: Connection, collection: int, query: str) -> Listing:
    """Open the listing of a query: one that was stopped goes on at its cursor, one that ended begins anew."""
    new = {"collection_id": collection, "query": query, "state": "open", "started_at": now(), "changed_at": now()}
    insert_new(connection, listings, [{**new, **_BLANK}])
    known = select(listings).where(listings.c.collection_id == collection, listings.c.query == query)
    found = connection.execute(known).one()
    anew = {**_BLANK, "started_at": now()} if found.state == "ended" or found.cursor is None else {}
    return _change(connection, found.id, state="open", why="", **anew)


def turn(connection: Connection, collection: int, row: int, page: Page) -> tuple[Listing, dict[str, int]]:
    """Record one page; returns the listing and, for each host that now owes something, its lowest new row."""
    known = _reasons(connection, collection, [p.key for p in page.promises])
    wanted = [p for p in page.promises if p.position or p.key not in known or _named_at_last(p, known[p.key])]
    lowest = promise(connection, collection, wanted)
    before = connection.execute(select(listings).where(listings.c.id == row)).one()
    new = len({p.key for p in page.promises} - set(known))
    told = Counter(before.counts) + Counter(page.counts) + Counter(new=new, known=len(page.promises) - new)
    return _change(
        connection,
        row,
        cursor=page.next,
        mark=before.mark if page.mark is None else page.mark,
        pages=before.pages + 1,
        items=before.items + page.items,
        counts=dict(told),
        state="cut" if page.cut else ("open" if page.next is not None else "ended"),
        why=page.cut,
    ), lowest


def cut(connection: Connection, _collection: int, row: int, why: str, restart: bool) -> Listing:
    """Note that a listing cannot be walked on now, and whether the next walk begins with the first page."""
    return _change(connection, row, state="cut", why=why, **({"cursor": None} if restart else {}))


def by_site(connection: Connection, collection: int | None = None) -> dict[str, list[Listing]]:
    """Every listing of a collection, or of all of them, by its site."""
    found = select(listings, collections.c.site).join(collections, collections.c.id == listings.c.collection_id)
    if collection is not None:
        found = found.where(listings.c.collection_id == collection)
    known: dict[str, list[Listing]] = {}
    for row in connection.execute(found.order_by(listings.c.id)):
        known.setdefault(row.site, []).append(_listing(row))
    return known


def _named_at_last(p: Promise, reason: str) -> bool:
    """A known image keeps the name it has; one that was not wanted has none yet."""
    return reason in NAMELESS and p.name is not None


def _reasons(connection: Connection, collection: int, keys: Sequence[str]) -> dict[str, str]:
    known: dict[str, str] = {}
    for chunk in chunks(keys):
        found = select(images.c.key, images.c.reason)
        found = found.where(images.c.collection_id == collection, images.c.key.in_(chunk))
        known.update((key, reason) for key, reason in connection.execute(found))
    return known


def _change(connection: Connection, row: int, **values: Any) -> Listing:
    connection.execute(update(listings).where(listings.c.id == row).values(**values, changed_at=now()))
    return _listing(connection.execute(select(listings).where(listings.c.id == row)).one())


def _listing(row: Any) -> Listing:
    return Listing(
        row=row.id,
        query=row.query,
        cursor=row.cursor,
        mark=row.mark,
        pages=row.pages,
        items=row.items,
        counts=row.counts,
        state=row.state,
        why=row.why,
    )
