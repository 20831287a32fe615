"""Listings without an end, and pages without progress."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvester.crawl import loop_guard
from harvester.crawl.loop_guard import MAX_EMPTY_PAGES, MAX_IDS_KEPT, LoopGuard
from harvester.errors import ListingIncomplete
from harvester.items import DiscoveredImage, ListingPage


def make_page(next_cursor: str | None, *keys: str, items: int | None = None) -> ListingPage:
    """A page of a listing that holds these keys."""
    return ListingPage([DiscoveredImage(key, "h") for key in keys], len(keys) if items is None else items, next_cursor)


def is_progress(guard: LoopGuard, *ids: str, is_last: bool = False) -> bool:
    """Whether the guard lets a page with these entries pass; each has a cursor of its own."""
    cursor = None if is_last else f"after {'-'.join(ids)}"
    try:
        return not guard.check_page(ListingPage((), len(ids), cursor, entry_ids=ids)).incomplete
    except ListingIncomplete as error:
        assert (error.restart, guard.is_stuck) == (True, True)
        return False


def test_an_endless_listing_is_incomplete(monkeypatch: pytest.MonkeyPatch) -> None:
    """After so many pages, though each is new; the cursor stays, so the next run goes on."""
    monkeypatch.setattr(loop_guard, "MAX_PAGES_PER_RUN", 50)
    guard = LoopGuard(None)
    pages = [guard.check_page(make_page(str(number), f"key {number}")) for number in range(50)]
    assert [page.incomplete for page in pages[:-1]] == [""] * 49
    assert (pages[-1].incomplete, pages[-1].next_cursor) == ("50 pages in one run", "49")
    assert not guard.is_stuck


def test_a_repeated_page_is_no_progress() -> None:
    """Under another cursor, and the last page too; a page of which nothing is wanted is not compared."""
    guard = LoopGuard(None)
    assert not guard.check_page(make_page("1", "a", "b")).incomplete
    for cursor in ("2", None):
        with pytest.raises(ListingIncomplete, match="the source gave the same page again"):
            guard.check_page(make_page(cursor, "a", "b"))
    assert not [n for n in range(3, 9) if guard.check_page(make_page(f"x{n}", items=9)).incomplete]


def test_the_same_images_under_new_entries_end_the_listing() -> None:
    """The page is recorded, as its entries are new, and the next run continues behind it."""
    guard = LoopGuard(None)
    image = DiscoveredImage("a", "h")
    pages = [guard.check_page(ListingPage([image], 1, f"after {n}", entry_ids=[f"{n}"])) for n in range(2)]
    assert (pages[1].incomplete, pages[1].next_cursor) == ("the source gave the same images again", "after 1")
    assert guard.is_stuck


def test_a_repeated_cursor_and_empty_pages_end_the_listing() -> None:
    """The cursor of a circle is not kept; that behind empty pages is."""
    circle = LoopGuard("a")
    page = circle.check_page(make_page("a", "k"))
    assert (page.next_cursor, page.incomplete) == (None, "the source gave the same cursor again")
    empty = LoopGuard(None)
    pages = [empty.check_page(make_page(str(number))) for number in range(MAX_EMPTY_PAGES)]
    assert [page.incomplete for page in pages[:-1]] == [""] * (MAX_EMPTY_PAGES - 1)
    assert (pages[-1].incomplete, pages[-1].next_cursor) == ("200 empty pages in a row", "199")
    assert (circle.is_stuck, empty.is_stuck) == (True, True)


@pytest.mark.parametrize(
    ("ids", "passes"),
    [("hgf", True), ("nij", False), ("nmi", True), ("nmij", False), ("ji", False), ("hi", True), ("hgi", True),
     ("ih", True), ("jgi", True)],
)  # fmt: skip
def test_the_first_page_with_new_entries_on_top_is_no_progress(ids: str, passes: bool) -> None:
    """Entries that come again elsewhere, or behind new ones one at a time, have only moved."""
    # pixelfed/pixelfed#5969
    guard = LoopGuard(None)
    assert is_progress(guard, *"ijk")
    assert is_progress(guard, *ids) is passes


@pytest.mark.parametrize(("ids", "passes"), [("k", True), ("j", True), ("ijk", False), ("nij", False), ("", True)])
def test_a_last_page_may_repeat_a_part_of_earlier_ones(ids: str, passes: bool) -> None:
    """What moved down by new entries on top comes again; the whole page, or its beginning, was never asked for."""
    guard = LoopGuard(None)
    assert is_progress(guard, *"ijk")
    assert is_progress(guard, *ids, is_last=True) is passes


@pytest.mark.parametrize(
    ("first", "second", "passes"),
    [
        (("10", "9"), ("12", "11"), False),
        (("9", "8"), ("101", "100"), False),
        (("10", "9"), ("12", "8"), True),
        (("01KC", "01KB"), ("01KF", "01KD"), False),
        (("01KC", "01KB"), ("01KA", "01K9"), True),
        (("abc", "ab"), ("x", "y"), True),
        (("-12", "-13"), ("-15", "-16"), True),
    ],
)
def test_only_newer_entries_are_no_progress_where_ids_are_sorted(
    first: tuple[str, ...], second: tuple[str, ...], passes: bool
) -> None:
    """Numbers, and letters of one length; other ids say nothing of their order, nor do those of an unsorted source."""
    for is_sorted in (True, False):
        guard = LoopGuard(None, newest_first=is_sorted)
        assert is_progress(guard, *first)
        assert is_progress(guard, *second) is (passes or not is_sorted)


def test_a_walk_goes_on_knowing_the_top_of_the_listing() -> None:
    """The ids that an earlier run read there are no progress behind its cursor."""
    assert not is_progress(LoopGuard("max_id=7", ["9", "8"]), "10", "9", "8")
    assert is_progress(LoopGuard("max_id=7", ["9", "8"]), "6", "5")


@given(sizes=st.lists(st.integers(1, 4), max_size=20), newest_first=st.booleans())
def test_an_honest_listing_is_walked_to_its_end(sizes: list[int], newest_first: bool) -> None:
    """Pages of any size, each older than the one before."""
    ids = [str(number) for number in range(sum(sizes), 0, -1)]
    guard = LoopGuard(None, newest_first=newest_first)
    for number, size in enumerate(sizes):
        page, ids = ids[:size], ids[size:]
        assert is_progress(guard, *page, is_last=number == len(sizes) - 1)


def test_few_ids_are_kept() -> None:
    """However many pages there are."""
    guard = LoopGuard(None)
    for number in range(3 * MAX_IDS_KEPT // 40):
        assert is_progress(guard, *(f"{number}-{n}" for n in range(40)))
    assert len(guard._kept_ids) == MAX_IDS_KEPT
