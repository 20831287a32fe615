"""Listings in the catalogue: one page, one transaction; the laws hold on SQLite and on PostgreSQL."""

from sqlalchemy import Connection, select

from harvester.catalogue import listings, queries, writer
from harvester.catalogue.schema import generated, images, sightings, source_tags
from harvester.items import Collection, Generated, Page, Promise
from harvester.sites import civitai


def _collection(connection: Connection) -> int:
    return writer.collection_id(connection, Collection("civitai", "images/civitai", "rgb", "flat"))


def _promise(key: str, *, reason: str | None = None, folder: str = "", uuid: str | None = None) -> Promise:
    return Promise(
        key=key,
        host="h",
        url=f"http://h/{key}",
        path=None if reason else f"{folder}{key}",
        reason=reason,
        metadata={"id": key},
        tags=["a", "b", "a"],
        generated=Generated(prompt="p", hearts=12, uuid=uuid),
    )


def test_a_page_is_recorded_with_its_cursor(connection: Connection) -> None:
    """Promises, numbers and the next cursor; what is listed again is known, not new."""
    collection = _collection(connection)
    listing = listings.begin(connection, collection, "q")
    page = Page([_promise("1"), _promise("2")], items=3, next="c2", counts={"below the bar": 1})
    listing, lowest = listings.turn(connection, collection, listing.row, page)
    assert (listing.cursor, listing.state, listing.pages, listing.items, lowest) == ("c2", "open", 1, 3, {"h": 1})
    listing, lowest = listings.turn(connection, collection, listing.row, Page([_promise("2"), _promise("3")], items=2))
    assert (listing.cursor, listing.state, listing.pages, listing.items) == (None, "ended", 2, 5)
    assert listing.counts == {"new": 3, "known": 1, "below the bar": 1}
    assert sum(listing.counts.values()) == listing.items
    assert queries.owes_more_than(connection, collection, 2)
    assert not queries.owes_more_than(connection, collection, 3)


def test_a_listing_that_was_stopped_goes_on(connection: Connection) -> None:
    """Open or cut: at its cursor, with its numbers. Ended, or cut without a cursor: from the beginning."""
    collection = _collection(connection)
    row = listings.begin(connection, collection, "q").row
    listings.turn(connection, collection, row, Page(items=7, next="c2", mark="newest"))
    assert listings.begin(connection, collection, "q").cursor == "c2"
    cut = listings.cut(connection, collection, row, "HTTP 503", False)
    assert (cut.state, cut.cursor, cut.why) == ("cut", "c2", "HTTP 503")
    again = listings.begin(connection, collection, "q")
    assert (again.state, again.cursor, again.items, again.why) == ("open", "c2", 7, "")
    listings.cut(connection, collection, row, "dead cursor", True)
    assert listings.begin(connection, collection, "q").items == 0
    listings.turn(connection, collection, row, Page(items=1))
    anew = listings.begin(connection, collection, "q")
    assert (anew.state, anew.cursor, anew.items, anew.mark) == ("open", None, 0, "newest")
    assert listings.begin(connection, collection, "another").row != row


def test_a_known_image_keeps_its_name(connection: Connection) -> None:
    """An author who took another name, and with it another folder, is not stored twice."""
    collection = _collection(connection)
    row = listings.begin(connection, collection, "q").row
    listings.turn(connection, collection, row, Page([_promise("1", folder="old/")], items=1, next="c"))
    listings.turn(connection, collection, row, Page([_promise("1", folder="new/")], items=1))
    assert connection.execute(select(sightings.c.name)).scalars().all() == ["old/1"]


def test_what_was_not_wanted_is_owed_once_it_is(connection: Connection) -> None:
    """A video that was skipped gets its name from a listing that wants videos; nothing else reopens it."""
    collection = _collection(connection)
    row = listings.begin(connection, collection, "q").row
    skipped = _promise("1", reason="type-not-wanted"), _promise("2", reason="had-before")
    listings.turn(connection, collection, row, Page(skipped, items=2, next="c"))
    assert writer.owe_again(connection, collection, "all") == 0
    _, lowest = listings.turn(connection, collection, row, Page([_promise("1"), _promise("2")], items=2))
    assert lowest == {"h": 1}
    statuses = connection.execute(select(images.c.key, images.c.status).order_by(images.c.id)).all()
    assert statuses == [("1", "pending"), ("2", "skipped")]


def test_what_the_source_says_can_be_asked_for(connection: Connection) -> None:
    """Generation data and tags have rows of their own; a file known under another id is not owed as bytes."""
    collection = _collection(connection)
    row = listings.begin(connection, collection, "q").row
    listings.turn(connection, collection, row, Page([_promise("1", uuid="u")], items=1, next="c"))
    connection.execute(images.update().values(sha256="ab" * 32))
    listings.turn(connection, collection, row, Page([_promise("2", uuid="u"), _promise("3", uuid="v")], items=2))
    found = select(images.c.key, images.c.sha256, generated.c.hearts).join(generated).order_by(images.c.id)
    assert connection.execute(found).all() == [("1", "ab" * 32, 12), ("2", "ab" * 32, 12), ("3", None, 12)]
    tagged = select(images.c.key).join(source_tags).where(source_tags.c.tag == "b").order_by(images.c.key)
    assert connection.execute(tagged).scalars().all() == ["1", "2", "3"]


def test_whatever_a_source_says_can_be_stored(connection: Connection) -> None:
    """NUL characters and halves of characters, in the item as it came and in the columns made from it."""
    collection = _collection(connection)
    item = {"id": 5, "url": "http://h/x.jpg", "stats": {"heartCount": 99}, "username": "\0\ud800",
            "meta": {"prompt": "a\0\ud800", "seed": 2**70}, "tags": [{"name": "\0"}, {"name": "\udc00"}]}  # fmt: skip
    page = civitai.sort_out([item], civitai.Wanted(layout="user"))
    row = listings.begin(connection, collection, "q").row
    listings.turn(connection, collection, row, page)
    assert connection.execute(select(images.c.metadata)).scalar_one() == item
    assert connection.execute(select(generated.c.prompt)).scalar_one() == "a\ufffd\ufffd"
