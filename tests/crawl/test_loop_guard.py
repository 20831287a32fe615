"""Listings without an end."""

import pytest

from harvester.crawl import listing_spider
from harvester.crawl.listing_spider import LoopGuard
from harvester.items import DiscoveredImage, ListingPage


def make_page(next_cursor: str | None, *keys: str, items: int | None = None) -> ListingPage:
    """A page of a listing that holds these keys."""
    return ListingPage([DiscoveredImage(key, "h") for key in keys], len(keys) if items is None else items, next_cursor)


def test_an_endless_listing_is_incomplete(monkeypatch: pytest.MonkeyPatch) -> None:
    """After so many pages, though each is new; the cursor stays, so the next run goes on."""
    monkeypatch.setattr(listing_spider, "MAX_PAGES_PER_RUN", 50)
    guard = LoopGuard(None)
    pages = [guard.check_page(make_page(str(number), f"key {number}")) for number in range(50)]
    assert [page.incomplete for page in pages[:-1]] == [""] * 49
    assert (pages[-1].incomplete, pages[-1].next_cursor) == ("50 pages in one run", "49")


def test_a_repeated_page_ends_the_listing() -> None:
    """Under another cursor; a page of which nothing is wanted is none."""
    guard = LoopGuard(None)
    assert not guard.check_page(make_page("1", "a", "b")).incomplete
    assert guard.check_page(make_page("2", "a", "b")).incomplete == "the source gave the same page again"
    assert not [
        guard.check_page(make_page(str(n), items=9)).incomplete
        for n in range(3, 9)
        if guard.check_page(make_page(f"x{n}", items=9)).incomplete
    ]


def test_a_repeated_cursor_and_empty_pages_end_the_listing() -> None:
    """The cursor of a circle is not kept; that behind empty pages is."""
    circle = LoopGuard("a")
    assert (circle.check_page(make_page("a", "k")).next_cursor, circle.check_page(make_page("a", "l")).incomplete) == (
        None,
        "the source gave the same cursor again",
    )
    empty = LoopGuard(None)
    pages = [empty.check_page(make_page(str(number))) for number in range(listing_spider.MAX_EMPTY_PAGES)]
    assert [page.incomplete for page in pages[:-1]] == [""] * (listing_spider.MAX_EMPTY_PAGES - 1)
    assert (pages[-1].incomplete, pages[-1].next_cursor) == ("200 empty pages in a row", "199")


def test_the_last_page_is_never_incomplete() -> None:
    """Whatever came before."""
    guard = LoopGuard(None)
    guard.check_page(make_page("1", "a"))
    assert guard.check_page(make_page(None, "a")) == make_page(None, "a")
