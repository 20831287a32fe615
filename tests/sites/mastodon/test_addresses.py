"""What people paste, what is asked then, and where an account lives."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from harvester.errors import BadInput
from harvester.sites.mastodon import api
from harvester.sites.mastodon.addresses import Handle, Kind, base_url, domain_of, handle, target
from harvester.sites.mastodon.webfinger import home

S = "https://social.example"


@pytest.mark.parametrize(
    ("pasted", "kind", "value"),
    [
        ("https://social.example/@alice", Kind.ACCOUNT, "alice"),
        ("https://social.example/@alice/", Kind.ACCOUNT, "alice"),
        ("https://social.example/@alice@other.example", Kind.ACCOUNT, "alice@other.example"),
        ("https://social.example/@alice/media", Kind.ACCOUNT, "alice"),
        ("https://social.example/@alice/with_replies", Kind.ACCOUNT, "alice"),
        ("https://social.example/@alice/tagged/hills", Kind.ACCOUNT, "alice"),
        ("https://social.example/users/alice", Kind.ACCOUNT, "alice"),
        ("https://social.example/web/@alice", Kind.ACCOUNT, "alice"),
        ("https://social.example/@alice/110123", Kind.POST, "110123"),
        ("https://social.example/@alice@other.example/110123?x=1#y", Kind.POST, "110123"),
        ("https://social.example/@alice/statuses/01F8MH75CBF9JFX4ZAD54N0W0R", Kind.POST, "01F8MH75CBF9JFX4ZAD54N0W0R"),
        ("https://social.example/users/alice/statuses/110123", Kind.POST, "110123"),
        ("https://social.example/ap/users/42/statuses/110123", Kind.POST, "110123"),
        ("https://social.example/statuses/110123", Kind.POST, "110123"),
        ("https://social.example/notice/AbCdEf0123456789xY", Kind.POST, "AbCdEf0123456789xY"),
        ("https://social.example/p/alice/5678", Kind.POST, "5678"),
        ("https://social.example/objects/0d1c-22", Kind.ADDRESS, "https://social.example/objects/0d1c-22"),
        ("https://social.example/tags/hills", Kind.TAG, "hills"),
        ("https://social.example/tags/h%C3%BCgel", Kind.TAG, "hügel"),
        ("https://social.example/tag/hills", Kind.TAG, "hills"),
        ("https://social.example/lists/77", Kind.LIST, "77"),
        ("https://social.example/public", Kind.TIMELINE, "public"),
        ("https://social.example/public/local", Kind.TIMELINE, "local"),
        ("social.example/@alice", Kind.ACCOUNT, "alice"),
        ("alice@social.example", Kind.ACCOUNT, "alice"),
        (" @alice@Social.example\n", Kind.ACCOUNT, "alice"),
    ],
)
def test_every_form_of_address_is_understood(pasted: str, kind: Kind, value: str) -> None:
    """Accounts, posts, hashtags, lists and timelines, as the web pages of several programs write them."""
    found = target(pasted)
    assert (found.kind, found.base, found.value) == (kind, S, value)


@pytest.mark.parametrize("pasted", ["", "alice", "https://", "https://social.example/", "https://social.example/about",
                                    "ftp://social.example/@alice", "https://a:b@social.example/@alice", "@@", "/@alice",
                                    "https://social.example/@alice/followers/x/y", "https://[::1/@alice"])  # fmt: skip
def test_other_addresses_are_refused_with_a_sentence(pasted: str) -> None:
    """What names nothing to harvest is bad input."""
    with pytest.raises(BadInput, match=r"\.$"):
        target(pasted)


@given(pasted=st.text(max_size=60))
@example("https://x\u2100.example/@a")
@example("a@" + "." * 50)
def test_any_text_is_understood_or_refused(pasted: str) -> None:
    """No text gives another exception."""
    for read in (target, handle, base_url):
        try:
            read(pasted)
        except BadInput as error:
            assert len(str(error)) < 300


def test_a_server_is_a_host_or_a_url() -> None:
    """A bare host is asked by https; a test server may have a port and a path."""
    assert base_url("Social.example") == S
    assert base_url("http://127.0.0.1:8000/m/mastodon/") == "http://127.0.0.1:8000/m/mastodon"
    assert domain_of("http://127.0.0.1:8000/m/mastodon") == "127.0.0.1:8000"
    assert base_url("bücher.example") == "https://xn--bcher-kva.example"


def test_booleans_are_lower_case_and_ours_are_on_every_page() -> None:
    """Python's False would mean true; the cursor is all that a page adds."""
    listing = api.account_posts(S, "1 2/3", boosts=False, replies=False)
    first = f"{S}/api/v1/accounts/1%202%2F3/statuses?limit=40&only_media=true&exclude_reblogs=true&exclude_replies=true"
    assert listing.page() == first
    assert listing.page(api.Cursor("max_id", "01G&x")) == f"{first}&max_id=01G%26x"


def test_boosts_are_asked_for_without_only_media() -> None:
    """only_media would leave the boosts out on Mastodon."""
    assert api.account_posts(S, "1", boosts=True, replies=True).page().endswith("statuses?limit=40")


def test_the_other_addresses_of_the_api() -> None:
    """Lookup, post, search, webfinger, hashtag, timelines."""
    assert api.lookup(S, "alice@other.example") == f"{S}/api/v1/accounts/lookup?acct=alice%40other.example"
    assert api.post(S, "-5") == f"{S}/api/v1/statuses/-5"
    search = f"{S}/api/v2/search?q=https%3A%2F%2Fo%2Fx&type=statuses"
    assert api.search_post(S, "https://o/x", signed_in=False) == search
    assert api.search_post(S, "https://o/x", signed_in=True) == f"{search}&resolve=true"
    asked = f"{S}/.well-known/webfinger?resource=acct:alice@social.example"
    assert api.webfinger(Handle("alice", "social.example")) == asked
    assert api.tag_posts(S, "#hügel").page() == f"{S}/api/v1/timelines/tag/h%C3%BCgel?limit=40&only_media=true"
    assert api.timeline(S, local=True).page() == f"{S}/api/v1/timelines/public?limit=40&only_media=true&local=true"


def _finger(*links: object, subject: object = "acct:alice@example.social") -> bytes:
    return json.dumps({"subject": subject, "links": links}).encode()


def _actor(href: str, kind: str = "application/activity+json") -> dict[str, str]:
    return {"rel": "self", "type": kind, "href": href}


def test_the_home_is_the_host_of_the_actor_not_of_the_handle() -> None:
    """A handle's domain may live on another host; the page a person sees is not asked."""
    profile = {
        "rel": "http://webfinger.net/rel/profile-page",
        "type": "text/html",
        "href": "https://www.example.social/@a",
    }
    found = home(_finger(profile, _actor("https://m.example.social/users/alice")), Handle("Alice", "example.social"))
    assert found is not None
    assert (found.base, found.handle) == ("https://m.example.social", Handle("alice", "example.social"))


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"[]", b'{"links": {}}', _finger(), _finger(_actor("ftp://x/")), _finger(_actor("https://")),
     _finger(_actor("http://plain.example/users/a")), _finger(_actor("https://x.example/", "text/html"))],
)  # fmt: skip
def test_an_answer_without_an_actor_gives_no_home(body: bytes) -> None:
    """Neither is one taken that leads from https to http."""
    assert home(body, Handle("alice", "example.social")) is None


NESTED = st.recursive(st.none() | st.text(max_size=5), st.lists)


@given(body=st.binary(max_size=40) | NESTED.map(lambda value: json.dumps(value).encode()))
def test_any_answer_to_webfinger_is_read(body: bytes) -> None:
    """Nothing raises."""
    assert home(body, Handle("alice", "example.social")) is None
