"""The parsers, and whole crawls, against a server nobody here wrote, with real uploads."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from harvester.parsing.responses import PageStatus
from harvester.spiders.mastodon import api
from harvester.spiders.mastodon.opt_out import RESPECTED_BY_DEFAULT
from harvester.spiders.mastodon.posts import PostFilter
from harvester.spiders.mastodon.responses import Refusal, classify
from tests.conftest import Commands
from tests.dataset_files import DataSet, rows, status
from tests.farsite.pictures import KINDS, numbered
from tests.spiders.mastodon.mastodon_mock import MastodonMock, run_mock
from tests.spiders.mastodon.test_walks import fetch, look_up, pages_of_account, walk_listing

POSTS = 45
"""More than one page of anna's."""

CHECKED_OPT_OUTS = ("noindex", "nobot")
"""The opt-outs that an account of the mock can have or not: its `indexable` is always false."""


@pytest.fixture(scope="module")
def mock() -> Iterator[MastodonMock]:
    """Anna has 45 posts with 1 to 4 pictures, bert all that is odd."""
    with run_mock(["anna", "bert", "shy"]) as server:
        for number in range(POSTS):
            pictures = [
                server.upload("anna", f"{index}.jpg", numbered(4 * number + index), "image/jpeg", f"{number} {index}")
                for index in range(1 + number % 4)
            ]
            server.post("anna", f"Post {number} #hills", pictures, visibility="unlisted" if number % 3 else "public")
        first = server.post("bert", "a GIF", [server.upload("bert", "a.gif", KINDS["gif-still.gif"](), "image/gif")])
        server.post("bert", "a film", [server.upload("bert", "a.mp4", KINDS["movie.mp4"](), "video/mp4")])
        server.post("bert", "words only #hills")
        server.post("bert", "secret", [server.upload("bert", "a.jpg", numbered(1), "image/jpeg")], visibility="private")
        server.post("bert", "to myself", [server.upload("bert", "b.jpg", numbered(2), "image/jpeg")],
                    in_reply_to_id=first["id"])  # fmt: skip
        server.boost("bert", newest_post_ids(server, "anna")[0])
        server.update_profile("shy", note="I am #NoBot")
        yield server


def newest_post_ids(mock: MastodonMock, name: str) -> list[str]:
    """The ids of an account's newest posts."""
    return [
        ident
        for page in pages_of_account(mock.base, name, PostFilter(respected=CHECKED_OPT_OUTS), token="")
        for ident in page.ids
    ]


def test_an_account_is_read_whole_over_its_pages(mock: MastodonMock) -> None:
    """Every upload is found once, with its alt text, and the bytes at its address are the uploaded ones."""
    pages = pages_of_account(mock.base, "anna", PostFilter(respected=CHECKED_OPT_OUTS), token="")
    posts = [post for page in pages for post in page.posts]
    assert (len(pages) > 1, len(posts)) == (True, POSTS)
    alts = [[picture.alt for picture in post.attachments] for post in reversed(posts)]
    assert alts == [[f"{number} {index}" for index in range(1 + number % 4)] for number in range(POSTS)]
    assert fetch(posts[-1].attachments[0].url).body == numbered(0)
    assert len({post.uri for post in posts}) == POSTS


def test_non_pictures_and_private_posts_are_left_out(mock: MastodonMock) -> None:
    """A GIF that is called gifv is taken, a film not; followers-only posts never leave, token or not."""
    for token in ("", "bert_token"):
        pages = pages_of_account(mock.base, "bert", PostFilter(boosts=True, respected=CHECKED_OPT_OUTS), token=token)
        posts_by_text = {post.metadata["text"]: post for page in pages for post in page.posts}
        assert "secret" not in posts_by_text
        assert posts_by_text["a GIF"].attachments[0].reason == ""
        assert posts_by_text["a film"].attachments[0].reason == "video"
        assert [post.author.acct for post in posts_by_text.values() if post.boosted_by] == [
            f"anna@127.0.0.1:{mock.port}"
        ]
    without = pages_of_account(mock.base, "bert", PostFilter(replies=False, respected=CHECKED_OPT_OUTS), token="")
    assert {post.metadata["text"] for page in without for post in page.posts} == {"a GIF", "a film"}


def test_a_hashtag_shows_posts_without_pictures_too(mock: MastodonMock) -> None:
    """The mock ignores only_media there; such posts are left out here."""
    pages = list(walk_listing(api.tag_posts(mock.base, "hills"), PostFilter(respected=CHECKED_OPT_OUTS)))
    assert sum(page.skipped["no-images"] for page in pages) == 1
    assert sum(len(page.posts) for page in pages) == POSTS / 3


def test_accounts_are_looked_up(mock: MastodonMock) -> None:
    """One that is not there, and one that does not want robots; as on Mastodon, `indexable` is false unless changed."""
    assert look_up(mock.base, "nobody").refusal == Refusal.MISSING
    for respected, opt_out in ((RESPECTED_BY_DEFAULT, "indexable"), (CHECKED_OPT_OUTS, "nobot")):
        shy = look_up(mock.base, "shy", respected=respected).account
        assert shy is not None
        assert (shy.opt_out, shy.moved_to) == (opt_out, "")


def test_injected_faults_are_classified(mock: MastodonMock) -> None:
    """A 429 with its reset in seconds since 1970, half a JSON text, an error of the server; then it answers."""
    address = api.timeline_posts(mock.base, local=True).page_url()
    mock.inject_fault("timelines/public", {"type": "ratelimit"})
    limited = fetch(address)
    assert (limited.status, classify(limited)) == (429, PageStatus.BLOCKED)
    assert int(limited.headers["x-ratelimit-reset"]) > time.time()
    mock.inject_fault("timelines/public", {"type": "malformed"})
    assert classify(fetch(address)) == PageStatus.UNKNOWN
    mock.inject_fault("timelines/public", {"type": "status", "status": 503})
    assert classify(fetch(address)) == PageStatus.UNKNOWN
    assert classify(fetch(address)) == PageStatus.OK


def crawl(commands: Commands, mock: MastodonMock, accounts: str, *settings: str) -> str:
    """`scrapy crawl mastodon` of these accounts; `indexable` is set aside. Returns what it said.

    The mock's 429 asks for five minutes of patience; a second has to do.
    """
    defaults = ("MASTODON_RESPECT_OPT_OUTS=noindex,nobot", "HARVESTER_MAX_WAIT=1")
    options = [word for setting in (*defaults, *settings) for word in ("-s", setting)]
    done = commands.scrapy("crawl", "mastodon", "-a", f"instance={mock.base}", "-a", f"acct={accounts}", *options)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    return done.stderr


def output_files(data: Path) -> dict[str, bytes]:
    """Name of each named picture -> its bytes."""
    return {path.name: path.read_bytes() for path in (data / "images/mastodon").iterdir()}


def test_all_uploads_are_harvested_and_again_from_the_written_files(mock: MastodonMock, commands: Commands) -> None:
    """Through a 429 and half an answer: every upload byte for byte; the collection fed back gives the same bytes."""
    mock.inject_fault("accounts/lookup", {"type": "ratelimit"})
    mock.inject_fault(r"accounts/\d+/statuses", {"type": "malformed"})
    crawl(commands, mock, "anna,bert,shy")
    mock.inject_fault(r"accounts/\d+/statuses", {"type": "ratelimit"})
    stderr = crawl(commands, mock, "anna,bert,shy")
    assert "Left out in this run: 1 account, nobot" in stderr
    assert rows(commands.data, "SELECT state, count(*) FROM listings GROUP BY state ORDER BY 1") == [
        ("ended", 2), ("incomplete", 1),
    ]  # fmt: skip
    harvested = output_files(commands.data)
    newest = range(POSTS - 1, -1, -1)
    assert {name: body for name, body in harvested.items() if name.startswith("0_")} == {
        f"0_{index}_{position}.jpg": numbered(4 * number + position)
        for index, number in enumerate(newest)
        for position in range(1 + number % 4)
    }
    posts = json.loads((commands.data / "user_posts.json").read_text(encoding="utf-8"))
    assert {acct.partition("@")[0]: len(of_acct) for acct, of_acct in posts.items()} == {"anna": POSTS, "bert": 2}
    assert {"0", "1"} == set(status(commands.data))

    again = Commands(commands.data.parent / "again")
    again.crawl(DataSet(commands.data / "user_posts.json", commands.data / "accounts.csv"))
    assert output_files(again.data) == harvested


def test_not_indexable_accounts_are_left_out_by_default(mock: MastodonMock, commands: Commands) -> None:
    """New accounts are not indexable; the run says how many were left out for that, and what changes it."""
    stderr = crawl(commands, mock, "anna,bert", "MASTODON_RESPECT_OPT_OUTS=indexable,noindex,nobot")
    assert "Left out in this run: 2 accounts, indexable" in stderr
    assert "MASTODON_RESPECT_OPT_OUTS=noindex,nobot ignores this opt-out" in stderr
    assert not rows(commands.data, "SELECT 1 FROM images")
