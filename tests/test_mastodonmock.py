"""The parsers, and whole crawls, against a server nobody here wrote, with real uploads."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from harvester.sites.mastodon import api
from harvester.sites.mastodon.answers import Refusal, classify
from harvester.sites.mastodon.consent import RESPECTED
from harvester.sites.mastodon.posts import Wanted
from harvester.sites.pages import Verdict
from tests.conftest import Commands
from tests.dataset import DataSet, rows, status
from tests.farsite.pictures import KINDS, numbered
from tests.mastodonmock import Mock, running
from tests.sites.mastodon.test_walks import ask, look_up, of_account, walk

POSTS = 45
"""More than one page of anna's."""

SPOKEN = ("noindex", "nobot")
"""The wishes that an account of the mock can have or not: its `indexable` is always false."""


@pytest.fixture(scope="module")
def mock() -> Iterator[Mock]:
    """Anna has 45 posts with 1 to 4 pictures, bert all that is odd."""
    with running(["anna", "bert", "shy"]) as server:
        for number in range(POSTS):
            pictures = [
                server.upload("anna", f"{place}.jpg", numbered(4 * number + place), "image/jpeg", f"{number} {place}")
                for place in range(1 + number % 4)
            ]
            server.post("anna", f"Post {number} #hills", pictures, visibility="unlisted" if number % 3 else "public")
        first = server.post("bert", "a GIF", [server.upload("bert", "a.gif", KINDS["gif-still.gif"](), "image/gif")])
        server.post("bert", "a film", [server.upload("bert", "a.mp4", KINDS["movie.mp4"](), "video/mp4")])
        server.post("bert", "words only #hills")
        server.post("bert", "secret", [server.upload("bert", "a.jpg", numbered(1), "image/jpeg")], visibility="private")
        server.post("bert", "to myself", [server.upload("bert", "b.jpg", numbered(2), "image/jpeg")],
                    in_reply_to_id=first["id"])  # fmt: skip
        server.boost("bert", ask_posts(server, "anna")[0])
        server.change("shy", note="I am #NoBot")
        yield server


def ask_posts(mock: Mock, name: str) -> list[str]:
    """The ids of an account's newest posts."""
    return [ident for page in of_account(mock.base, name, Wanted(respected=SPOKEN), token="") for ident in page.ids]


def test_an_account_is_walked_whole_over_its_pages(mock: Mock) -> None:
    """Every upload is found once, with its alt text, and the bytes at its address are the uploaded ones."""
    pages = of_account(mock.base, "anna", Wanted(respected=SPOKEN), token="")
    found = [post for page in pages for post in page.posts]
    assert (len(pages) > 1, len(found)) == (True, POSTS)
    alts = [[picture.alt for picture in post.pictures] for post in reversed(found)]
    assert alts == [[f"{number} {place}" for place in range(1 + number % 4)] for number in range(POSTS)]
    assert ask(found[-1].pictures[0].url).body == numbered(0)
    assert len({post.uri for post in found}) == POSTS


def test_what_is_no_picture_or_not_public_is_told(mock: Mock) -> None:
    """A GIF that is called gifv is taken, a film not; followers-only posts never leave, token or not."""
    for token in ("", "bert_token"):
        pages = of_account(mock.base, "bert", Wanted(boosts=True, respected=SPOKEN), token=token)
        found = {post.facts["text"]: post for page in pages for post in page.posts}
        assert "secret" not in found
        assert found["a GIF"].pictures[0].reason == ""
        assert found["a film"].pictures[0].reason == "video"
        assert [post.author.acct for post in found.values() if post.boosted_by] == [f"anna@127.0.0.1:{mock.port}"]
    without = of_account(mock.base, "bert", Wanted(replies=False, respected=SPOKEN), token="")
    assert {post.facts["text"] for page in without for post in page.posts} == {"a GIF", "a film"}


def test_a_hashtag_shows_posts_without_pictures_too(mock: Mock) -> None:
    """The mock ignores only_media there; such posts are left out here."""
    pages = list(walk(api.tag_posts(mock.base, "hills"), Wanted(respected=SPOKEN)))
    assert sum(page.left_out["no-pictures"] for page in pages) == 1
    assert sum(len(page.posts) for page in pages) == POSTS / 3


def test_accounts_are_looked_up(mock: Mock) -> None:
    """One that is not there, and one that does not want robots; as on Mastodon, `indexable` is false unless changed."""
    assert look_up(mock.base, "nobody").refusal == Refusal.MISSING
    for respected, wish in ((RESPECTED, "indexable"), (SPOKEN, "nobot")):
        shy = look_up(mock.base, "shy", respected=respected).account
        assert shy is not None
        assert (shy.wish, shy.moved_to) == (wish, "")


def test_injected_trouble_is_seen(mock: Mock) -> None:
    """A 429 with its reset in seconds since 1970, half a JSON text, an error of the server; then it answers."""
    address = api.timeline(mock.base, local=True).page()
    mock.trouble("timelines/public", {"type": "ratelimit"})
    limited = ask(address)
    assert (limited.status, classify(limited)) == (429, Verdict.BLOCKED)
    assert int(limited.headers["x-ratelimit-reset"]) > time.time()
    mock.trouble("timelines/public", {"type": "malformed"})
    assert classify(ask(address)) == Verdict.UNKNOWN
    mock.trouble("timelines/public", {"type": "status", "status": 503})
    assert classify(ask(address)) == Verdict.UNKNOWN
    assert classify(ask(address)) == Verdict.OK


def crawl(commands: Commands, mock: Mock, accounts: str, *settings: str) -> str:
    """`scrapy crawl mastodon` of these accounts; `indexable` is set aside. Returns what it said.

    The mock's 429 asks for five minutes of patience; a second has to do.
    """
    usual = ("MASTODON_WISHES=noindex,nobot", "HARVESTER_MAX_WAIT=1")
    words = [word for setting in (*usual, *settings) for word in ("-s", setting)]
    done = commands.scrapy("crawl", "mastodon", "-a", f"instance={mock.base}", "-a", f"acct={accounts}", *words)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    return done.stderr


def pictures(data: Path) -> dict[str, bytes]:
    """Name of each named picture -> its bytes."""
    return {path.name: path.read_bytes() for path in (data / "images/mastodon").iterdir()}


def test_everything_uploaded_is_harvested_and_again_from_the_files_made(mock: Mock, commands: Commands) -> None:
    """Through a 429 and half an answer: every upload byte for byte; the collection fed back gives the same bytes."""
    mock.trouble("accounts/lookup", {"type": "ratelimit"})
    mock.trouble(r"accounts/\d+/statuses", {"type": "malformed"})
    crawl(commands, mock, "anna,bert,shy")
    mock.trouble(r"accounts/\d+/statuses", {"type": "ratelimit"})
    said = crawl(commands, mock, "anna,bert,shy")
    assert "Left out in this run: 1 account, nobot" in said
    assert rows(commands.data, "SELECT state, count(*) FROM listings GROUP BY state ORDER BY 1") == [
        ("cut", 1), ("ended", 2),
    ]  # fmt: skip
    found = pictures(commands.data)
    newest = range(POSTS - 1, -1, -1)
    assert {name: body for name, body in found.items() if name.startswith("0_")} == {
        f"0_{index}_{place}.jpg": numbered(4 * number + place)
        for index, number in enumerate(newest)
        for place in range(1 + number % 4)
    }
    posts = json.loads((commands.data / "user_posts.json").read_text(encoding="utf-8"))
    assert {acct.partition("@")[0]: len(of_acct) for acct, of_acct in posts.items()} == {"anna": POSTS, "bert": 2}
    assert {"0", "1"} == set(status(commands.data))

    again = Commands(commands.data.parent / "again")
    again.crawl(DataSet(commands.data / "user_posts.json", commands.data / "accounts.csv"))
    assert pictures(again.data) == found


def test_who_has_said_nothing_is_left_out_by_default(mock: Mock, commands: Commands) -> None:
    """New accounts are not indexable; the run says how many were left out for that, and what changes it."""
    said = crawl(commands, mock, "anna,bert", "MASTODON_WISHES=indexable,noindex,nobot")
    assert "Left out in this run: 2 accounts, indexable" in said
    assert "MASTODON_WISHES=noindex,nobot sets this wish aside" in said
    assert not rows(commands.data, "SELECT 1 FROM images")
