"""Listings in the catalogue: one page, one transaction; the laws hold on SQLite and on PostgreSQL."""

from sqlalchemy import Connection, select

from harvester.catalogue import listings, queries, writer
from harvester.catalogue.schema import generation, images, placements, source_tags
from harvester.items import Collection, DiscoveredImage, GenerationMetadata, ListingPage
from harvester.spiders.civitai import api


def _collection(connection: Connection) -> int:
    return writer.get_or_create_collection(connection, Collection("civitai", "images/civitai", "rgb", "flat"))


def _discovered(key: str, *, reason: str | None = None, folder: str = "", uuid: str | None = None) -> DiscoveredImage:
    return DiscoveredImage(
        key=key,
        host="h",
        url=f"http://h/{key}",
        path=None if reason else f"{folder}{key}",
        reason=reason,
        metadata={"id": key},
        tags=["a", "b", "a"],
        generation=GenerationMetadata(prompt="p", hearts=12, uuid=uuid),
    )


def test_a_page_is_recorded_with_its_cursor(connection: Connection) -> None:
    """Promises, numbers and the next cursor; what is listed again is known, not new."""
    collection = _collection(connection)
    listing = listings.begin_listing(connection, collection, "q")
    page = ListingPage(
        [_discovered("1"), _discovered("2")], entry_count=3, next_cursor="c2", counts={"below the threshold": 1}
    )
    listing, lowest = listings.record_page(connection, collection, listing.row, page)
    assert (listing.cursor, listing.state, listing.pages, listing.items, lowest) == ("c2", "open", 1, 3, {"h": 1})
    listing, lowest = listings.record_page(
        connection, collection, listing.row, ListingPage([_discovered("2"), _discovered("3")], entry_count=2)
    )
    assert (listing.cursor, listing.state, listing.pages, listing.items) == (None, "ended", 2, 5)
    assert listing.counts == {"new": 3, "known": 1, "below the threshold": 1}
    assert sum(listing.counts.values()) == listing.items
    assert queries.has_more_pending_than(connection, collection, 2)
    assert not queries.has_more_pending_than(connection, collection, 3)


def test_a_stopped_listing_is_resumed(connection: Connection) -> None:
    """Open or incomplete: at its cursor, with its numbers. Ended, or without a cursor: from the beginning."""
    collection = _collection(connection)
    row = listings.begin_listing(connection, collection, "q").row
    listings.record_page(connection, collection, row, ListingPage(entry_count=7, next_cursor="c2", mark="newest"))
    assert listings.begin_listing(connection, collection, "q").cursor == "c2"
    incomplete = listings.mark_incomplete(connection, row, "HTTP 503", False)
    assert (incomplete.state, incomplete.cursor, incomplete.detail) == ("incomplete", "c2", "HTTP 503")
    resumed = listings.begin_listing(connection, collection, "q")
    assert (resumed.state, resumed.cursor, resumed.items, resumed.detail) == ("open", "c2", 7, "")
    listings.mark_incomplete(connection, row, "dead cursor", True)
    assert listings.begin_listing(connection, collection, "q").items == 0
    listings.record_page(connection, collection, row, ListingPage(entry_count=1))
    restarted = listings.begin_listing(connection, collection, "q")
    assert (restarted.state, restarted.cursor, restarted.items, restarted.mark) == ("open", None, 0, "newest")
    assert listings.begin_listing(connection, collection, "another").row != row


def test_a_known_image_keeps_its_name(connection: Connection) -> None:
    """An author who took another name, and with it another folder, is not stored twice."""
    collection = _collection(connection)
    row = listings.begin_listing(connection, collection, "q").row
    listings.record_page(
        connection, collection, row, ListingPage([_discovered("1", folder="old/")], entry_count=1, next_cursor="c")
    )
    listings.record_page(connection, collection, row, ListingPage([_discovered("1", folder="new/")], entry_count=1))
    assert connection.execute(select(placements.c.name)).scalars().all() == ["old/1"]


def test_a_skipped_image_becomes_pending_once_allowed(connection: Connection) -> None:
    """A video that was skipped gets its name from a listing that wants videos; nothing else reopens it."""
    collection = _collection(connection)
    row = listings.begin_listing(connection, collection, "q").row
    skipped = _discovered("1", reason="type-not-wanted"), _discovered("2", reason="had-before")
    listings.record_page(connection, collection, row, ListingPage(skipped, entry_count=2, next_cursor="c"))
    assert writer.requeue(connection, collection, "all") == 0
    _, lowest = listings.record_page(
        connection, collection, row, ListingPage([_discovered("1"), _discovered("2")], entry_count=2)
    )
    assert lowest == {"h": 1}
    statuses = connection.execute(select(images.c.key, images.c.status).order_by(images.c.id)).all()
    assert statuses == [("1", "pending"), ("2", "skipped")]


def test_source_facts_can_be_queried(connection: Connection) -> None:
    """Generation data and tags have rows of their own; a file known under another id needs no download."""
    collection = _collection(connection)
    row = listings.begin_listing(connection, collection, "q").row
    listings.record_page(
        connection, collection, row, ListingPage([_discovered("1", uuid="u")], entry_count=1, next_cursor="c")
    )
    connection.execute(images.update().values(sha256="ab" * 32))
    listings.record_page(
        connection,
        collection,
        row,
        ListingPage([_discovered("2", uuid="u"), _discovered("3", uuid="v")], entry_count=2),
    )
    query = select(images.c.key, images.c.sha256, generation.c.hearts).join(generation).order_by(images.c.id)
    assert connection.execute(query).all() == [("1", "ab" * 32, 12), ("2", "ab" * 32, 12), ("3", None, 12)]
    tag_query = select(images.c.key).join(source_tags).where(source_tags.c.tag == "b").order_by(images.c.key)
    assert connection.execute(tag_query).scalars().all() == ["1", "2", "3"]


def test_any_source_text_can_be_stored(connection: Connection) -> None:
    """NUL characters and halves of characters, in the item as it came and in the columns made from it."""
    collection = _collection(connection)
    item = {"id": 5, "url": "http://h/x.jpg", "stats": {"heartCount": 99}, "username": "\0\ud800",
            "meta": {"prompt": "a\0\ud800", "seed": 2**70}, "tags": [{"name": "\0"}, {"name": "\udc00"}]}  # fmt: skip
    page = api.select_items([item], api.ItemFilter(layout="user"))
    row = listings.begin_listing(connection, collection, "q").row
    listings.record_page(connection, collection, row, page)
    assert connection.execute(select(images.c.metadata)).scalar_one() == item
    assert connection.execute(select(generation.c.prompt)).scalar_one() == "a\ufffd\ufffd"
