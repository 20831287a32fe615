"""Servers that ignore max_id: what they do not show stays open, is told, and comes when the server is mended."""

import urllib.request
from collections.abc import Iterator

import pytest

from tests.conftest import Commands
from tests.dataset_files import rows
from tests.farsite.mastodon import TOKEN
from tests.farsite.process import Farsite
from tests.spiders.mastodon.test_timelines import add_posts, crawl, page_requests, picture_urls, read_data_set


def set_paging(farsite: Farsite, name: str, how: str) -> None:
    """Say how the pages of an account or a timeline are given."""
    path = f"/_mastodon/{name}/max_id/{how}"
    urllib.request.urlopen(urllib.request.Request(farsite.url(path), method="PUT"), timeout=20).close()


@pytest.fixture(autouse=True)
def mend_paging(farsite: Farsite) -> Iterator[None]:
    """All pages are as they should be again."""
    yield
    for name in ("alice", "bob", "hills"):
        set_paging(farsite, name, "obeyed")
    add_posts(farsite, "alice", 0)


def harvested(commands: Commands, acct: str) -> set[str]:
    """The addresses of the pictures of an account in the data set."""
    return {url for post in read_data_set(commands)[0][acct] for url in post["image_urls"]}


@pytest.mark.parametrize("software", ["mastodon", "pixelfed"])
def test_posts_behind_an_ignored_max_id_stay_open(commands: Commands, farsite: Farsite, software: str) -> None:
    """With and without a Link header: incomplete and exit code 1 while it lasts, every post once it is over."""
    # pixelfed/pixelfed#5969
    commands.environment["MASTODON_TOKENS"] = f'{{"{farsite.url("").rstrip("/")}": "{TOKEN}"}}'
    base, acct = farsite.url(f"/m/{software}"), f"alice@127.0.0.1:{farsite.port}"
    set_paging(farsite, "alice", "ignored")
    for extra in (0, 2):
        add_posts(farsite, "alice", extra)
        farsite.clear()
        stderr = crawl(commands, base, "acct=alice", "collect_only=1", code=1)
        assert "the source gave the same page again" in stderr
        assert len(page_requests(farsite)) == 2
        assert rows(commands.data, "SELECT state FROM listings") == [("incomplete",)]
        newest = picture_urls("alice", farsite, extra)[: 40 + extra]
        assert harvested(commands, acct) == {url for post in newest for url in post}
    assert commands.scrapy("status").returncode == 1
    set_paging(farsite, "alice", "obeyed")
    crawl(commands, base, "acct=alice", "collect_only=1")
    assert rows(commands.data, "SELECT state FROM listings") == [("ended",)]
    assert harvested(commands, acct) == {url for post in picture_urls("alice", farsite, 2) for url in post}
    assert [post["index"] for post in read_data_set(commands)[0][acct]] == list(range(97))


@pytest.mark.parametrize("more", [1, 7, 45])
@pytest.mark.parametrize("source", ["acct=alice", "hashtag=hills"])
def test_new_posts_on_top_are_no_progress(commands: Commands, farsite: Farsite, source: str, more: int) -> None:
    """Each answer is the newest page with one, some, or a whole page of new posts: the walk stops at the second."""
    # pixelfed/pixelfed#5969
    set_paging(farsite, source.partition("=")[2], str(more))
    stderr = crawl(commands, farsite.url("/m/mastodon"), source, "collect_only=1", code=1)
    assert "the source gave the same page again" in stderr
    pages = [entry for entry in farsite.log() if "limit=40" in entry["path"]]
    assert len(pages) == 2


def test_a_walk_that_was_cut_off_is_not_continued_with_the_newest_page(commands: Commands, farsite: Farsite) -> None:
    """The cursor of an interrupted listing is ignored: nothing is taken for walked, and all comes in the end."""
    # pixelfed/pixelfed#5969
    base, acct = farsite.url("/m/mastodon~503"), f"alice@127.0.0.1:{farsite.port}"
    no_retry = ["RETRY_TIMES=0"]
    for _ in range(2):  # the lookup, then the first page
        crawl(commands, base, "acct=alice", "collect_only=1", settings=no_retry)
    crawl(commands, base, "acct=alice", "collect_only=1", settings=no_retry)
    assert len(harvested(commands, acct)) == sum(len(post) for post in picture_urls("alice", farsite)[:40])
    ((state, cursor),) = rows(commands.data, "SELECT state, cursor FROM listings WHERE pages = 1")
    assert (state, str(cursor).startswith("max_id=")) == ("incomplete", True)
    set_paging(farsite, "alice", "ignored")
    crawl(commands, base, "acct=alice", "collect_only=1", settings=no_retry, code=1)
    set_paging(farsite, "alice", "obeyed")
    for _ in range(2):  # the third page fails once
        crawl(commands, base, "acct=alice", "collect_only=1", settings=no_retry)
    assert harvested(commands, acct) == {url for post in picture_urls("alice", farsite) for url in post}
