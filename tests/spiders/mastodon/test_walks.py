"""The parsers against farsite's servers, by real requests: whole accounts are walked, whatever the software."""

import urllib.error
import urllib.request
from collections.abc import Collection, Iterator

import pytest

from harvester.parsing.responses import PageStatus, SiteResponse
from harvester.spiders.mastodon import api, posts
from harvester.spiders.mastodon.accounts import LookupResult, parse_lookup
from harvester.spiders.mastodon.addresses import domain_of, parse_base_url, parse_handle
from harvester.spiders.mastodon.opt_out import RESPECTED_BY_DEFAULT
from harvester.spiders.mastodon.posts import PostFilter, PostPage
from harvester.spiders.mastodon.responses import Refusal, classify, find_refusal
from harvester.spiders.mastodon.webfinger import parse_webfinger
from tests.farsite import toots
from tests.farsite.mastodon import TOKEN
from tests.farsite.process import Farsite

SOFTWARE = ("mastodon", "gotosocial", "akkoma", "pixelfed", "sharkey", "friendica")


def fetch(url: str, token: str = "") -> SiteResponse:
    """The answer of a server, whatever its status."""
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"} if token else {})
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return SiteResponse(url, answer.status, {n.lower(): v for n, v in answer.headers.items()}, answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return SiteResponse(url, error.code, {n.lower(): v for n, v in error.headers.items()}, error.read())


def look_up(base: str, name: str, token: str = "", respected: Collection[str] = RESPECTED_BY_DEFAULT) -> LookupResult:
    """The account of that name on a server of farsite's."""
    domain = domain_of(base)
    return parse_lookup(
        fetch(api.lookup_url(base, name), token), parse_handle(f"{name}@{domain}"), (domain,), respected
    )


def walk_listing(listing: api.PostListing, post_filter: PostFilter, token: str = "") -> Iterator[PostPage]:
    """Every page of a listing."""
    cursor: api.Cursor | None = None
    while True:
        answer = fetch(listing.page_url(cursor), token)
        assert classify(answer) == PageStatus.OK, answer
        page = posts.parse_page(answer.body, domain_of(listing.url), post_filter)
        yield page
        cursor = api.find_next_cursor(answer.headers, page.ids, cursor)
        if cursor is None:
            return


def pages_of_account(base: str, name: str, post_filter: PostFilter | None = None, token: str = TOKEN) -> list[PostPage]:
    """All pages of an account."""
    post_filter = post_filter or PostFilter()
    account = look_up(base, name, token).account
    assert account is not None
    listing = api.account_posts(base, account.ident, boosts=post_filter.boosts, replies=post_filter.replies)
    return list(walk_listing(listing, post_filter, token))


@pytest.mark.parametrize("software", SOFTWARE)
@pytest.mark.parametrize(("name", "number"), [("alice", 95), ("bob", 80)])
def test_every_picture_of_an_account_is_found_once(farsite: Farsite, software: str, name: str, number: int) -> None:
    """With letter ids, without Link headers, with repeated posts, with files hidden in the text: the same pictures."""
    base = farsite.url(f"/m/{software}")
    pages = pages_of_account(base, name)
    all_posts = [post for page in pages for post in page.posts]
    expected = toots.statuses(name, base, farsite.port)
    assert [post.uri for post in all_posts] == [status["uri"] for status in expected]
    assert {picture.url for post in all_posts for picture in post.attachments} == {
        media["url"] for status in expected for media in status["media_attachments"]
    }
    assert sum(len(post.attachments) for post in all_posts) == sum(
        len(status["media_attachments"]) for status in expected
    )
    assert all(picture.alt and not picture.reason for post in all_posts for picture in post.attachments)
    assert len(all_posts) == number
    assert len(pages) <= 4


def test_the_parameters_stay_on_every_page(farsite: Farsite) -> None:
    """Also those the Link header drops."""
    pages_of_account(farsite.url("/m/mastodon"), "alice")
    pages = [entry["path"] for entry in farsite.log() if entry["path"].count("statuses?")]
    assert len(pages) == 3
    assert all("limit=40&only_media=true&exclude_reblogs=true" in path for path in pages)
    assert [("max_id" in path) for path in pages] == [False, True, True]


def test_boosts_and_replies_are_included_on_request(farsite: Farsite) -> None:
    """Carol boosts twice, replies twice, has two plain posts; the others are not for everybody or have no picture."""
    base = farsite.url("/m/mastodon")
    plain = pages_of_account(base, "carol", PostFilter(replies=False))
    assert sum(len(page.posts) for page in plain) == 2
    pages = pages_of_account(base, "carol", PostFilter(boosts=True), token=TOKEN)
    all_posts = [post for page in pages for post in page.posts]
    assert len(all_posts) == 6
    assert sum((page.skipped for page in pages[1:]), pages[0].skipped) == {
        "visibility": 4,
        "no-images": 2,
    }
    boosted = [post for post in all_posts if post.boosted_by]
    assert {post.author.acct.partition("@")[0] for post in boosted} == {"bob"}
    assert {post.boosted_by.partition("@")[0] for post in boosted} == {"carol"}


def test_unusual_attachments_are_handled(farsite: Farsite) -> None:
    """No address, a proxy, a video, a GIF, only a preview, a sound."""
    (page,) = pages_of_account(farsite.url("/m/mastodon"), "gus")
    pictures = [post.attachments[0] for post in page.posts]
    assert [picture.reason for picture in pictures] == ["video", "", "", "video", "", "no-address"]
    assert [picture.is_reduced for picture in pictures] == [False, True, False, False, False, False]
    assert pictures[4].url.endswith(".jpg")
    assert "/media_proxy/" not in pictures[4].url


def test_wrong_values_spoil_only_their_own_post(farsite: Farsite) -> None:
    """The odd-numbered posts of wild keep their pictures."""
    (page,) = pages_of_account(farsite.url("/m/mastodon"), "wild")
    assert {post.ident[-1] for post in page.posts} >= set("13579")


@pytest.mark.parametrize(
    ("name", "expected"),
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
def test_accounts_that_cannot_be_read_have_their_reasons(farsite: Farsite, name: str, expected: Refusal | None) -> None:
    """By the status of the lookup, and by what the account says."""
    assert look_up(farsite.url("/m/mastodon"), name).refusal == expected


def test_a_moved_account_says_where_to(farsite: Farsite) -> None:
    """Its old posts stay readable."""
    result = look_up(farsite.url("/m/mastodon"), "moved")
    assert (result.refusal, result.account and result.account.moved_to) == (None, "alice@new.example")


@pytest.mark.parametrize(
    ("name", "opt_out"), [("shy", "indexable"), ("hidden", "noindex"), ("nobot", "nobot"), ("quiet", "")]
)
def test_opt_outs_are_seen_at_the_lookup(farsite: Farsite, name: str, opt_out: str) -> None:
    """Before a single post is asked for."""
    result = look_up(farsite.url("/m/mastodon"), name)
    assert result.account is not None
    assert result.account.opt_out == opt_out


@pytest.mark.parametrize("software", ["gotosocial", "pixelfed"])
def test_what_needs_a_token_says_so(farsite: Farsite, software: str) -> None:
    """Without one nothing is shown, and the reason is that."""
    assert look_up(farsite.url(f"/m/{software}"), "alice").refusal == Refusal.NEEDS_TOKEN


def test_a_revoked_token_is_like_none(farsite: Farsite) -> None:
    """The same reason as without one where one is needed."""
    assert look_up(farsite.url("/m/mastodon"), "alice", token="revoked").refusal == Refusal.NEEDS_TOKEN


def test_sharkeys_first_hit_is_not_mistaken_for_the_account(farsite: Farsite) -> None:
    """Its lookup always finds somebody."""
    assert look_up(farsite.url("/m/sharkey"), "nobody").refusal == Refusal.OTHER_ACCOUNT


def test_a_hashtag_is_walked_until_an_empty_page(farsite: Farsite) -> None:
    """Timelines have `next` on every page that is not empty; opt-outs stand in the posts themselves."""
    base = farsite.url("/m/mastodon")
    pages = list(walk_listing(api.tag_posts(base, "hills"), PostFilter()))
    assert pages[-1].ids == []
    authors = {post.author.acct.partition("@")[0] for page in pages for post in page.posts}
    assert authors == {"alice", "dave"}
    assert sum(page.skipped["indexable"] for page in pages) == 3
    assert list(walk_listing(api.tag_posts(base, "unknown"), PostFilter())) == [PostPage()]
    assert find_refusal(fetch(api.tag_posts(base, "closed").page_url())) == Refusal.NEEDS_TOKEN


def test_the_local_timeline_is_requested_as_such(farsite: Farsite) -> None:
    """`local=true` on every page."""
    base = farsite.url("/m/mastodon")
    total = sum(len(page.ids) for page in walk_listing(api.timeline_posts(base, local=False), PostFilter()))
    assert sum(len(page.ids) for page in walk_listing(api.timeline_posts(base, local=True), PostFilter())) < total


@pytest.mark.parametrize(
    ("failure", "page_status"),
    [
        ("429", PageStatus.BLOCKED),
        ("503", PageStatus.UNKNOWN),
        ("cut", PageStatus.UNKNOWN),
        ("html", PageStatus.BLOCKED),
    ],
)
def test_a_failure_is_never_mistaken_for_an_end(farsite: Farsite, failure: str, page_status: PageStatus) -> None:
    """Asked again, the server answers as it should."""
    address = api.tag_posts(farsite.url(f"/m/mastodon~{failure}"), "hills").page_url()
    first = fetch(address)
    assert classify(first) == page_status
    assert ("x-ratelimit-reset" in first.headers) == (failure == "429")
    assert classify(fetch(address)) == PageStatus.OK


def test_the_home_of_an_account_is_found_by_webfinger(farsite: Farsite) -> None:
    """Its scheme has to be the asked one."""
    account = parse_handle("alice@social.example")
    answer = fetch(api.webfinger_url(account, parse_base_url(farsite.url(""))))
    account_home = parse_webfinger(answer.body, account, "http")
    assert account_home is not None
    assert account_home.base == f"http://127.0.0.1:{farsite.port}"
    assert parse_webfinger(answer.body, account) is None
