"""Which page comes next, when there is none, and what a second or interrupted walk still asks for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvester.spiders.mastodon.api import Cursor, find_next_cursor
from harvester.spiders.mastodon.walk_state import HEAD_IDS_KEPT, MAX_RANGES, WalkedRanges, parse_ranges

URL = "https://social.example/api/v1/accounts/1/statuses?limit=40"
NEXT, PREV = f'<{URL}&max_id=17>; rel="next"', f'<{URL}&min_id=99>; rel="prev"'


@pytest.mark.parametrize(
    ("link", "cursor"),
    [
        (f"{NEXT}, {PREV}", Cursor("max_id", "17")),
        (f"{PREV},{NEXT}", Cursor("max_id", "17")),
        (f"<{URL}&max_id=01F8MH75CBF9JFX4ZAD54N0W0R>; rel=next", Cursor("max_id", "01F8MH75CBF9JFX4ZAD54N0W0R")),
        (f'<{URL}&max_id=-12>; rel="next"', Cursor("max_id", "-12")),
        (f'<{URL}&offset=40>; rel="next"', Cursor("offset", "40")),
        (f'<http://[broken?max_id=1>; rel="next", {PREV}', Cursor("max_id", "5")),
        (f'<{URL}&page=2>; rel="next"', Cursor("max_id", "5")),
        (PREV, None),
        ("", Cursor("max_id", "5")),
        ('</a.css>; rel="preload"', Cursor("max_id", "5")),
    ],
)
def test_the_cursor_comes_from_the_link_header(link: str, cursor: Cursor | None) -> None:
    """`next` gives it; without `next` the walk ends; without the header the last id of the page is it."""
    assert find_next_cursor({"link": link} if link else {}, ["9", "7", "5"]) == cursor


def test_an_empty_page_is_the_end() -> None:
    """Whatever the Link header says; so is the post of the cursor alone, where there is no header."""
    cursor = Cursor("max_id", "9")
    assert find_next_cursor({"link": NEXT}, [], cursor) is None
    assert find_next_cursor({}, ["9"], cursor) is None
    assert find_next_cursor({"link": NEXT}, ["9"], cursor) == Cursor("max_id", "17")
    assert find_next_cursor({}, ["9", "7"], cursor) == Cursor("max_id", "7")


@given(link=st.text(max_size=200) | st.text('<>;,=" relnxtpv?&_maid0123', max_size=200))
def test_any_link_header_is_read(link: str) -> None:
    """Nothing raises, and a cursor always has a value."""
    cursor = find_next_cursor({"link": link}, ["5"])
    assert cursor is None or cursor.value


def test_a_very_long_link_header_is_read_quickly() -> None:
    """Megabytes of half a header take no quadratic time: it ends."""
    assert find_next_cursor({"link": "<" * 5_000_000}, ["5"]) == Cursor("max_id", "5")


class Server:
    """A listing of posts, newest first, that counts the pages it gave."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.page_count = 0

    def grow(self, number: int) -> None:
        """Add that many newer posts."""
        self.ids = [f"p{len(self.ids) + number - n}" for n in range(number)] + self.ids

    def page(self, cursor: Cursor | None, size: int = 4) -> tuple[list[str], Cursor | None]:
        """A page and where the next begins; as on Mastodon only a full page has a next one."""
        self.page_count += 1
        start = self.ids.index(cursor.value) + 1 if cursor else 0
        ids = self.ids[start : start + size]
        return ids, Cursor("max_id", ids[-1]) if len(ids) == size else None


def _run(server: Server, ranges: WalkedRanges, seen_ids: list[str], pages: int) -> WalkedRanges:
    """One run that is stopped after some pages; the reach passes through the catalogue after each."""
    cursor: Cursor | None = None
    for number in range(pages):
        ids, next_cursor = server.page(cursor)
        seen_ids += ids
        ranges = parse_ranges((ranges.after_page if number else ranges.after_first_page)(ids, next_cursor).to_text())
        if (cursor := ranges.cursor) is None:
            break
    return ranges


@given(runs=st.lists(st.tuples(st.integers(0, 12), st.integers(1, 5)), min_size=1, max_size=30))
def test_everything_new_or_unwalked_is_walked_and_no_more(runs: list[tuple[int, int]]) -> None:
    """Posts appear, runs are stopped after a few pages, the last one ends: all is seen, then one page is enough."""
    server, ranges, seen_ids = Server(), WalkedRanges(), list[str]()
    for grown, pages in runs:
        server.grow(grown)
        ranges = _run(server, ranges, seen_ids, pages)
    ranges = _run(server, ranges, seen_ids, 1000)
    assert set(seen_ids) == set(server.ids)
    server.page_count = 0
    _run(server, ranges, seen_ids, 1000)
    assert server.page_count == 1


def test_a_second_run_requests_new_pages_only() -> None:
    """Forty pages are known, six posts are new: two pages of four are asked for."""
    server, seen_ids = Server(), list[str]()
    server.grow(160)
    ranges = _run(server, WalkedRanges(), seen_ids, 1000)
    server.grow(6)
    server.page_count = 0
    _run(server, ranges, seen_ids, 1000)
    assert server.page_count == 2


def test_an_interrupted_run_is_continued_at_its_cursor() -> None:
    """Stopped after three pages of forty, the next run asks for the top and goes on behind the third."""
    server, seen_ids = Server(), list[str]()
    server.grow(160)
    ranges = _run(server, WalkedRanges(), seen_ids, 3)
    assert ranges.cursor == Cursor("max_id", seen_ids[-1])
    server.page_count = 0
    _run(server, ranges, seen_ids, 1000)
    assert set(seen_ids) == set(server.ids)
    assert server.page_count == 1 + 38  # one of the 41 pages (the last is empty) is asked for twice


def test_posts_deleted_at_the_head_do_not_lead_astray() -> None:
    """A few of the kept ids are enough to find where the last walk began."""
    server, seen_ids = Server(), list[str]()
    server.grow(40)
    ranges = _run(server, WalkedRanges(), seen_ids, 1000)
    del server.ids[:3]
    server.grow(2)
    server.page_count = 0
    _run(server, ranges, seen_ids, 1000)
    assert server.page_count == 1


def test_stored_ranges_are_bounded() -> None:
    """Heads and stretches are few, however large the pages and however many the interruptions."""
    ranges = WalkedRanges()
    for number in range(3 * MAX_RANGES):
        ranges = ranges.after_first_page([f"{number}-{n}" for n in range(1000)], Cursor("max_id", "x"))
    assert len(ranges.ranges) == MAX_RANGES
    assert {len(walked_range.heads) for walked_range in ranges.ranges} == {HEAD_IDS_KEPT}


@given(stored=st.text(max_size=30) | st.text('[]",nulx1 ', max_size=30))
def test_unreadable_ranges_are_empty(stored: str) -> None:
    """Nothing raises; the listing is walked anew, or what is read can be written again."""
    ranges = parse_ranges(stored)
    assert parse_ranges(ranges.to_text()) == ranges
