"""Listings without an end."""

import pytest

from harvester.items import Page, Promise
from harvester.spiders import endless
from harvester.spiders.endless import Endless


def _page(next_cursor: str | None, *keys: str, items: int | None = None) -> Page:
    return Page([Promise(key, "h") for key in keys], len(keys) if items is None else items, next_cursor)


def test_a_walk_without_end_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """After so many pages, though each is new; the cursor stays, so the next run goes on."""
    monkeypatch.setattr(endless, "MOST_PAGES", 50)
    walk = Endless(None)
    pages = [walk.checked(_page(str(number), f"key {number}")) for number in range(50)]
    assert [page.cut for page in pages[:-1]] == [""] * 49
    assert (pages[-1].cut, pages[-1].next) == ("50 pages in one run", "49")


def test_a_page_that_comes_again_is_the_end() -> None:
    """Under another cursor; a page of which nothing is wanted is none."""
    walk = Endless(None)
    assert not walk.checked(_page("1", "a", "b")).cut
    assert walk.checked(_page("2", "a", "b")).cut == "the source gave the same page again"
    assert not [
        walk.checked(_page(str(n), items=9)).cut for n in range(3, 9) if walk.checked(_page(f"x{n}", items=9)).cut
    ]


def test_a_cursor_that_comes_again_and_empty_pages_are_the_end() -> None:
    """The cursor of a circle is not kept; that behind empty pages is."""
    circle = Endless("a")
    assert (circle.checked(_page("a", "k")).next, circle.checked(_page("a", "l")).cut) == (
        None,
        "the source gave the same cursor again",
    )
    empty = Endless(None)
    cuts = [empty.checked(_page(str(number))) for number in range(endless.EMPTY_PAGES)]
    assert [page.cut for page in cuts[:-1]] == [""] * (endless.EMPTY_PAGES - 1)
    assert (cuts[-1].cut, cuts[-1].next) == ("200 empty pages in a row", "199")


def test_the_last_page_is_never_cut() -> None:
    """Whatever came before."""
    walk = Endless(None)
    walk.checked(_page("1", "a"))
    assert walk.checked(_page(None, "a")) == _page(None, "a")
