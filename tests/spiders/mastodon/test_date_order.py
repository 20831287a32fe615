"""Posts that are not in the order of their dates: `since` ends a walk only where nothing newer can follow."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvester.spiders.mastodon.date_order import DateOrder, have_dated_ids
from tests.conftest import Commands
from tests.dataset_files import rows
from tests.farsite.process import Farsite
from tests.farsite.toots import IMPORTED_ABOVE
from tests.spiders.mastodon.test_timelines import crawl, page_requests, picture_urls, read_data_set

SINCE = datetime(2026, 8, 10, tzinfo=UTC)


def pages_walked(*pages: str) -> int:
    """How many pages are walked; a post is a day of August 2026, as a hexadecimal digit, and wanted from A on."""
    order = DateOrder()
    for number, page in enumerate(pages, start=1):
        days = [datetime(2026, 8, int(digit, 16) or 1, tzinfo=UTC) for digit in page]
        dates: dict[str, datetime | None] = {f"{number}-{index}": day for index, day in enumerate(days)}
        if order.is_past(dates, is_too_old=all(day < SINCE for day in days)):
            return number
    return len(pages)


@pytest.mark.parametrize(
    ("pages", "walked"),
    [
        (("FED", "CBA", "987", "654", "321"), 4),
        (("FED", "C98", "765", "432", "321"), 4),
        (("987", "654", "321", "FED", "CBA", "987", "654", "321"), 7),
        (("FED", "321", "FED", "321", "211", "111"), 5),
        (("987", "654", "321", "211"), 4),
        (("987", "988", "CB9", "987", "654", "321"), 5),
        (("9F8", "FED", "987", "988", "654", "321"), 4),
    ],
)
def test_two_old_pages_behind_wanted_ones_in_order_end_the_walk(pages: tuple[str, ...], walked: int) -> None:
    """Old posts on top, and pages out of order, prove nothing of what follows."""
    # pixelfed/pixelfed#2333
    assert pages_walked(*pages) == walked


@given(
    days=st.lists(st.integers(0, 400), max_size=40),
    size=st.integers(1, 5),
    imported=st.lists(st.integers(0, 50), max_size=30),
)
def test_old_posts_on_top_hide_no_wanted_ones(days: list[int], size: int, imported: list[int]) -> None:
    """However many there are, and in whatever order, above a listing in the order of dates."""
    # pixelfed/pixelfed#3771, pixelfed/pixelfed#4949
    since = 200
    listed = imported + sorted(days, reverse=True)
    order, walked = DateOrder(), 0
    for start in range(0, len(listed), size):
        page = listed[start : start + size]
        dates: dict[str, datetime | None] = {f"p{n}": SINCE + timedelta(days=day) for n, day in enumerate(page)}
        walked = start + len(page)
        if order.is_past(dates, is_too_old=all(day < since for day in page)):
            break
    assert not [day for day in listed[walked:] if day >= since]


def test_ids_that_tell_the_date_are_recognised() -> None:
    """Mastodon's; not those that count up, nor letters, nor the id of a post that came much later than its date."""
    moment = datetime(2026, 8, 1, 13, 51, 35, tzinfo=UTC)
    ident = str(int(moment.timestamp() * 1000) << 16)
    assert have_dated_ids({ident: moment})
    assert not have_dated_ids({ident: moment - timedelta(days=3)})
    assert not have_dated_ids({ident: moment, "17": moment})
    assert not have_dated_ids({ident: None})
    assert not have_dated_ids({"01F8MH75CBF9JFX4ZAD54N0W0R": moment})


@pytest.mark.parametrize("software", ["mastodon", "akkoma"])
def test_wanted_posts_below_imported_ones_are_taken(commands: Commands, farsite: Farsite, software: str) -> None:
    """120 posts of 2019 stand above five of this year."""
    # pixelfed/pixelfed#2333
    crawl(commands, farsite.url(f"/m/{software}"), "acct=ida", "since=2026-01-01", "collect_only=1")
    (posts,) = read_data_set(commands)[0].values()
    assert [post["image_urls"] for post in posts] == picture_urls("ida", farsite)[-IMPORTED_ABOVE:]
    assert rows(commands.data, "SELECT state FROM listings") == [("ended",)]


@pytest.mark.parametrize(
    ("software", "since", "pages", "posts"),
    [("hometown", "2026-04-02", 2, 20), ("hometown", "2027-01-01", 1, 0), ("sharkey", "2026-04-02", 3, 20),
     ("sharkey", "2027-01-01", 4, 0)],
)  # fmt: skip
def test_old_pages_are_not_requested_where_the_order_is_known(
    commands: Commands, farsite: Farsite, software: str, since: str, pages: int, posts: int
) -> None:
    """One old page is enough where ids tell the date, two behind wanted ones elsewhere; a second run asks for one."""
    for expected in (pages, 1):
        farsite.clear()
        stderr = crawl(commands, farsite.url(f"/m/{software}"), "acct=alice", f"since={since}", "collect_only=1")
        assert len(page_requests(farsite)) == expected
        assert ("in the order of dates" in stderr) == (software == "sharkey" and expected == 3)
    assert sum(map(len, read_data_set(commands)[0].values())) == posts
