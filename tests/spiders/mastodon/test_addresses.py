"""What people paste, what is asked then, and where an account lives."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from harvester.errors import UsageProblem
from harvester.spiders.mastodon import api
from harvester.spiders.mastodon.addresses import (
    Handle,
    TargetKind,
    domain_of,
    parse_base_url,
    parse_handle,
    parse_target,
)
from harvester.spiders.mastodon.webfinger import parse_webfinger

S = "https://social.example"


@pytest.mark.parametrize(
    ("pasted", "kind", "value"),
    [
        ("https://social.example/@alice", TargetKind.ACCOUNT, "alice"),
        ("https://social.example/@alice/", TargetKind.ACCOUNT, "alice"),
        ("https://social.example/@alice@other.example", TargetKind.ACCOUNT, "alice@other.example"),
        ("https://social.example/@alice/media", TargetKind.ACCOUNT, "alice"),
        ("https://social.example/@alice/with_replies", TargetKind.ACCOUNT, "alice"),
        ("https://social.example/@alice/tagged/hills", TargetKind.ACCOUNT, "alice"),
        ("https://social.example/users/alice", TargetKind.ACCOUNT, "alice"),
        ("https://social.example/web/@alice", TargetKind.ACCOUNT, "alice"),
        ("https://social.example/@alice/110123", TargetKind.POST, "110123"),
        ("https://social.example/@alice@other.example/110123?x=1#y", TargetKind.POST, "110123"),
        (
            "https://social.example/@alice/statuses/01F8MH75CBF9JFX4ZAD54N0W0R",
            TargetKind.POST,
            "01F8MH75CBF9JFX4ZAD54N0W0R",
        ),
        ("https://social.example/users/alice/statuses/110123", TargetKind.POST, "110123"),
        ("https://social.example/ap/users/42/statuses/110123", TargetKind.POST, "110123"),
        ("https://social.example/statuses/110123", TargetKind.POST, "110123"),
        ("https://social.example/notice/AbCdEf0123456789xY", TargetKind.POST, "AbCdEf0123456789xY"),
        ("https://social.example/p/alice/5678", TargetKind.POST, "5678"),
        ("https://social.example/objects/0d1c-22", TargetKind.POST_URL, "https://social.example/objects/0d1c-22"),
        ("https://social.example/tags/hills", TargetKind.TAG, "hills"),
        ("https://social.example/tags/h%C3%BCgel", TargetKind.TAG, "hügel"),
        ("https://social.example/tag/hills", TargetKind.TAG, "hills"),
        ("https://social.example/lists/77", TargetKind.LIST, "77"),
        ("https://social.example/public", TargetKind.TIMELINE, "public"),
        ("https://social.example/public/local", TargetKind.TIMELINE, "local"),
        ("social.example/@alice", TargetKind.ACCOUNT, "alice"),
        ("alice@social.example", TargetKind.ACCOUNT, "alice"),
        (" @alice@Social.example\n", TargetKind.ACCOUNT, "alice"),
    ],
)
def test_every_form_of_address_is_understood(pasted: str, kind: TargetKind, value: str) -> None:
    """Accounts, posts, hashtags, lists and timelines, as the web pages of several programs write them."""
    result = parse_target(pasted)
    assert (result.kind, result.base, result.value) == (kind, S, value)


@pytest.mark.parametrize("pasted", ["", "alice", "https://", "https://social.example/", "https://social.example/about",
                                    "ftp://social.example/@alice", "https://a:b@social.example/@alice", "@@", "/@alice",
                                    "https://social.example/@alice/followers/x/y", "https://[::1/@alice"])  # fmt: skip
def test_other_addresses_are_refused_with_a_sentence(pasted: str) -> None:
    """What names nothing to harvest is bad input."""
    with pytest.raises(UsageProblem, match=r"\.$"):
        parse_target(pasted)


@given(pasted=st.text(max_size=60))
@example("https://x\u2100.example/@a")
@example("a@" + "." * 50)
def test_any_text_is_understood_or_refused(pasted: str) -> None:
    """No text gives another exception."""
    for read in (parse_target, parse_handle, parse_base_url):
        try:
            read(pasted)
        except UsageProblem as error:
            assert len(str(error)) < 300


def test_a_server_is_a_host_or_a_url() -> None:
    """A bare host is asked by https; a test server may have a port and a path."""
    assert parse_base_url("Social.example") == S
    assert parse_base_url("http://127.0.0.1:8000/m/mastodon/") == "http://127.0.0.1:8000/m/mastodon"
    assert domain_of("http://127.0.0.1:8000/m/mastodon") == "127.0.0.1:8000"
    assert parse_base_url("bücher.example") == "https://xn--bcher-kva.example"


def test_booleans_are_lower_case_and_parameters_on_every_page() -> None:
    """Python's False would mean true; the cursor is all that a page adds."""
    listing = api.account_posts(S, "1 2/3", boosts=False, replies=False)
    first = f"{S}/api/v1/accounts/1%202%2F3/statuses?limit=40&only_media=true&exclude_reblogs=true&exclude_replies=true"
    assert listing.page_url() == first
    assert listing.page_url(api.Cursor("max_id", "01G&x")) == f"{first}&max_id=01G%26x"


def test_boosts_are_requested_without_only_media() -> None:
    """only_media would leave the boosts out on Mastodon."""
    assert api.account_posts(S, "1", boosts=True, replies=True).page_url().endswith("statuses?limit=40")


def test_the_other_addresses_of_the_api() -> None:
    """Lookup, post, search, webfinger, hashtag, timelines."""
    assert api.lookup_url(S, "alice@other.example") == f"{S}/api/v1/accounts/lookup?acct=alice%40other.example"
    assert api.post_url(S, "-5") == f"{S}/api/v1/statuses/-5"
    search = f"{S}/api/v2/search?q=https%3A%2F%2Fo%2Fx&type=statuses"
    assert api.search_url(S, "https://o/x", signed_in=False) == search
    assert api.search_url(S, "https://o/x", signed_in=True) == f"{search}&resolve=true"
    webfinger_url = f"{S}/.well-known/webfinger?resource=acct:alice@social.example"
    assert api.webfinger_url(Handle("alice", "social.example")) == webfinger_url
    assert api.tag_posts(S, "#hügel").page_url() == f"{S}/api/v1/timelines/tag/h%C3%BCgel?limit=40&only_media=true"
    assert (
        api.timeline_posts(S, local=True).page_url()
        == f"{S}/api/v1/timelines/public?limit=40&only_media=true&local=true"
    )


def _webfinger_body(*links: object, subject: object = "acct:alice@example.social") -> bytes:
    return json.dumps({"subject": subject, "links": links}).encode()


def _actor_link(href: str, kind: str = "application/activity+json") -> dict[str, str]:
    return {"rel": "self", "type": kind, "href": href}


def test_the_home_is_the_host_of_the_actor_not_of_the_handle() -> None:
    """A handle's domain may live on another host; the page a person sees is not asked."""
    profile = {
        "rel": "http://webfinger.net/rel/profile-page",
        "type": "text/html",
        "href": "https://www.example.social/@a",
    }
    result = parse_webfinger(
        _webfinger_body(profile, _actor_link("https://m.example.social/users/alice")), Handle("Alice", "example.social")
    )
    assert result is not None
    assert (result.base, result.handle) == ("https://m.example.social", Handle("alice", "example.social"))


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"[]", b'{"links": {}}', _webfinger_body(), _webfinger_body(_actor_link("ftp://x/")),
     _webfinger_body(_actor_link("https://")), _webfinger_body(_actor_link("http://plain.example/users/a")),
     _webfinger_body(_actor_link("https://x.example/", "text/html"))],
)  # fmt: skip
def test_an_answer_without_an_actor_gives_no_home(body: bytes) -> None:
    """Neither is one taken that leads from https to http."""
    assert parse_webfinger(body, Handle("alice", "example.social")) is None


NESTED = st.recursive(st.none() | st.text(max_size=5), st.lists)


@given(body=st.binary(max_size=40) | NESTED.map(lambda value: json.dumps(value).encode()))
def test_any_answer_to_webfinger_is_read(body: bytes) -> None:
    """Nothing raises."""
    assert parse_webfinger(body, Handle("alice", "example.social")) is None
