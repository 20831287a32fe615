"""The parsers against farsite's servers, by real requests: whole accounts are walked, whatever the software."""

import urllib.error
import urllib.request
from collections.abc import Collection, Iterator

import pytest

from harvester.sites.mastodon import api, paging, posts
from harvester.sites.mastodon.accounts import Lookup, looked_up
from harvester.sites.mastodon.addresses import base_url, domain_of, handle
from harvester.sites.mastodon.answers import Refusal, classify, refusal
from harvester.sites.mastodon.consent import RESPECTED
from harvester.sites.mastodon.posts import Page, Wanted
from harvester.sites.mastodon.webfinger import home
from harvester.sites.pages import Answer, Verdict
from tests.farsite import toots
from tests.farsite.mastodon import TOKEN
from tests.farsite.process import Farsite

SOFTWARE = ("mastodon", "gotosocial", "akkoma", "pixelfed", "sharkey", "friendica")


def ask(url: str, token: str = "") -> Answer:
    """The answer of a server, whatever its status."""
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"} if token else {})
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return Answer(url, answer.status, {n.lower(): v for n, v in answer.headers.items()}, answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return Answer(url, error.code, {n.lower(): v for n, v in error.headers.items()}, error.read())


def look_up(base: str, name: str, token: str = "", respected: Collection[str] = RESPECTED) -> Lookup:
    """The account of that name on a server of farsite's."""
    domain = domain_of(base)
    return looked_up(ask(api.lookup(base, name), token), handle(f"{name}@{domain}"), (domain,), respected)


def walk(listing: api.Listing, wanted: Wanted, token: str = "") -> Iterator[Page]:
    """Every page of a listing; a run would keep the ids of one page only, here all are kept."""
    cursor, seen = None, set[str]()
    while True:
        answer = ask(listing.page(cursor), token)
        assert classify(answer) == Verdict.OK, answer
        found = posts.page(answer.body, domain_of(listing.address), wanted)
        yield found
        cursor = paging.older(answer.headers, found.ids, seen)
        seen.update(found.ids)
        if cursor is None:
            return


def of_account(base: str, name: str, wanted: Wanted | None = None, token: str = TOKEN) -> list[Page]:
    """All pages of an account."""
    wanted = wanted or Wanted()
    account = look_up(base, name, token).account
    assert account is not None
    listing = api.account_posts(base, account.ident, boosts=wanted.boosts, replies=wanted.replies)
    return list(walk(listing, wanted, token))


@pytest.mark.parametrize("software", SOFTWARE)
@pytest.mark.parametrize(("name", "number"), [("alice", 95), ("bob", 80)])
def test_every_picture_of_an_account_is_found_once(farsite: Farsite, software: str, name: str, number: int) -> None:
    """With letter ids, without Link headers, with repeated posts, with files hidden in the text: the same pictures."""
    base = farsite.url(f"/m/{software}")
    pages = of_account(base, name)
    found = [post for page in pages for post in page.posts]
    expected = toots.statuses(name, base, farsite.port)
    assert [post.uri for post in found] == [status["uri"] for status in expected]
    assert {picture.url for post in found for picture in post.pictures} == {
        media["url"] for status in expected for media in status["media_attachments"]
    }
    assert sum(len(post.pictures) for post in found) == sum(len(status["media_attachments"]) for status in expected)
    assert all(picture.alt and not picture.reason for post in found for picture in post.pictures)
    assert len(found) == number
    assert len(pages) <= 4


def test_the_parameters_stay_on_every_page(farsite: Farsite) -> None:
    """Also those the Link header drops."""
    of_account(farsite.url("/m/mastodon"), "alice")
    pages = [entry["path"] for entry in farsite.log() if entry["path"].count("statuses?")]
    assert len(pages) == 3
    assert all("limit=40&only_media=true&exclude_reblogs=true" in path for path in pages)
    assert [("max_id" in path) for path in pages] == [False, True, True]


def test_boosts_and_replies_are_taken_when_wanted(farsite: Farsite) -> None:
    """Carol boosts twice, replies twice, has two plain posts; the others are not for everybody or have no picture."""
    base = farsite.url("/m/mastodon")
    plain = of_account(base, "carol", Wanted(replies=False))
    assert sum(len(page.posts) for page in plain) == 2
    everything = of_account(base, "carol", Wanted(boosts=True), token=TOKEN)
    found = [post for page in everything for post in page.posts]
    assert len(found) == 6
    assert sum((page.left_out for page in everything[1:]), everything[0].left_out) == {
        "visibility": 4,
        "no-pictures": 2,
    }
    boosted = [post for post in found if post.boosted_by]
    assert {post.author.acct.partition("@")[0] for post in boosted} == {"bob"}
    assert {post.boosted_by.partition("@")[0] for post in boosted} == {"carol"}


def test_odd_attachments_each_have_their_way(farsite: Farsite) -> None:
    """No address, a proxy, a video, a GIF, only a preview, a sound."""
    (page,) = of_account(farsite.url("/m/mastodon"), "gus")
    found = [post.pictures[0] for post in page.posts]
    assert [picture.reason for picture in found] == ["video", "", "", "video", "", "no-address"]
    assert [picture.reduced for picture in found] == [False, True, False, False, False, False]
    assert found[4].url.endswith(".jpg")
    assert "/media_proxy/" not in found[4].url


def test_wrong_values_spoil_only_their_own_post(farsite: Farsite) -> None:
    """The odd-numbered posts of wild keep their pictures."""
    (page,) = of_account(farsite.url("/m/mastodon"), "wild")
    assert {post.ident[-1] for post in page.posts} >= set("13579")


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("nobody", Refusal.MISSING),
        ("gone", Refusal.GONE),
        ("locked", Refusal.NEEDS_TOKEN),
        ("forbidden", Refusal.NEEDS_TOKEN),
        ("suspended", Refusal.SUSPENDED),
        ("down", Refusal.UNREADABLE),
        ("alice", None),
    ],
)
def test_accounts_that_cannot_be_read_have_their_reasons(farsite: Farsite, name: str, why: Refusal | None) -> None:
    """By the status of the lookup, and by what the account says."""
    assert look_up(farsite.url("/m/mastodon"), name).refusal == why


def test_a_moved_account_says_where_to(farsite: Farsite) -> None:
    """Its old posts stay readable."""
    found = look_up(farsite.url("/m/mastodon"), "moved")
    assert (found.refusal, found.account and found.account.moved_to) == (None, "alice@new.example")


@pytest.mark.parametrize(
    ("name", "wish"), [("shy", "indexable"), ("hidden", "noindex"), ("nobot", "nobot"), ("quiet", "")]
)
def test_wishes_are_seen_at_the_lookup(farsite: Farsite, name: str, wish: str) -> None:
    """Before a single post is asked for."""
    found = look_up(farsite.url("/m/mastodon"), name)
    assert found.account is not None
    assert found.account.wish == wish


@pytest.mark.parametrize("software", ["gotosocial", "pixelfed"])
def test_what_needs_a_token_says_so(farsite: Farsite, software: str) -> None:
    """Without one nothing is shown, and the reason is that."""
    assert look_up(farsite.url(f"/m/{software}"), "alice").refusal == Refusal.NEEDS_TOKEN


def test_a_revoked_token_is_worse_than_none(farsite: Farsite) -> None:
    """The same reason as without one where one is needed."""
    assert look_up(farsite.url("/m/mastodon"), "alice", token="revoked").refusal == Refusal.NEEDS_TOKEN


def test_sharkeys_first_hit_is_not_taken_for_the_account(farsite: Farsite) -> None:
    """Its lookup always finds somebody."""
    assert look_up(farsite.url("/m/sharkey"), "nobody").refusal == Refusal.ANOTHER


def test_a_hashtag_is_walked_until_an_empty_page(farsite: Farsite) -> None:
    """Timelines have `next` on every page that is not empty; wishes are found on the posts themselves."""
    base = farsite.url("/m/mastodon")
    pages = list(walk(api.tag_posts(base, "hills"), Wanted()))
    assert pages[-1].ids == []
    authors = {post.author.acct.partition("@")[0] for page in pages for post in page.posts}
    assert authors == {"alice", "dave"}
    assert sum(page.left_out["indexable"] for page in pages) == 3
    assert list(walk(api.tag_posts(base, "unknown"), Wanted())) == [Page()]
    assert refusal(ask(api.tag_posts(base, "closed").page())) == Refusal.NEEDS_TOKEN


def test_the_local_timeline_is_asked_as_such(farsite: Farsite) -> None:
    """`local=true` on every page."""
    base = farsite.url("/m/mastodon")
    everywhere = sum(len(page.ids) for page in walk(api.timeline(base, local=False), Wanted()))
    assert sum(len(page.ids) for page in walk(api.timeline(base, local=True), Wanted())) < everywhere


@pytest.mark.parametrize(
    ("trouble", "verdict"),
    [("429", Verdict.BLOCKED), ("503", Verdict.UNKNOWN), ("cut", Verdict.UNKNOWN), ("html", Verdict.BLOCKED)],
)
def test_trouble_is_never_taken_for_an_end(farsite: Farsite, trouble: str, verdict: Verdict) -> None:
    """Asked again, the server answers as it should."""
    address = api.tag_posts(farsite.url(f"/m/mastodon~{trouble}"), "hills").page()
    first = ask(address)
    assert classify(first) == verdict
    assert ("x-ratelimit-reset" in first.headers) == (trouble == "429")
    assert classify(ask(address)) == Verdict.OK


def test_the_home_of_an_account_is_found_by_webfinger(farsite: Farsite) -> None:
    """Its scheme has to be the asked one."""
    account = handle("alice@social.example")
    answer = ask(api.webfinger(account, base_url(farsite.url(""))))
    found = home(answer.body, account, "http")
    assert found is not None
    assert found.base == f"http://127.0.0.1:{farsite.port}"
    assert home(answer.body, account) is None
