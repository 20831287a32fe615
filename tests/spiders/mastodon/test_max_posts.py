"""`max_posts` of a listing of which an earlier run has taken more, or as many, posts."""

import pytest

from tests.conftest import Commands
from tests.dataset_files import rows
from tests.farsite.process import Farsite
from tests.spiders.mastodon.test_timelines import crawl, picture_urls, read_data_set


@pytest.mark.parametrize(("pages", "limit"), [(1, 20), (1, 40), (2, 5)])
def test_a_limit_below_what_an_interrupted_walk_took_takes_nothing_more(
    commands: Commands, farsite: Farsite, pages: int, limit: int
) -> None:
    """The listing ends without an error at the posts that it has; with a higher limit it goes on behind them."""
    base, had = farsite.url("/m/mastodon~503"), 40 * pages
    for _ in range(2 + pages):  # the lookup and every page fail once
        crawl(commands, base, "acct=alice", "collect_only=1", settings=["RETRY_TIMES=0"])
    assert rows(commands.data, "SELECT state, pages FROM listings WHERE cursor IS NOT NULL") == [("incomplete", pages)]
    for max_posts, taken in ((limit, had), (limit, had), (had + 5, had + 5), (limit, had + 5)):
        crawl(commands, base, "acct=alice", f"max_posts={max_posts}", "collect_only=1")
        (posts,) = read_data_set(commands)[0].values()
        assert [post["image_urls"] for post in posts] == picture_urls("alice", farsite)[:taken]
        assert rows(commands.data, "SELECT state FROM listings WHERE pages > 0") == [("ended",)]
