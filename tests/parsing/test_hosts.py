"""Host names of many scripts: one host has one name, however it is written."""

import io
import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from harvester.dataset.reader import discover_images, read_accounts, summarise_posts
from harvester.errors import UsageProblem
from harvester.parsing.responses import SiteResponse
from harvester.parsing.urls import ascii_url, canonical_acct, host_of, parse_base_url
from harvester.spiders.mastodon.accounts import parse_lookup
from harvester.spiders.mastodon.addresses import Handle, parse_handle, parse_target
from harvester.spiders.mastodon.arguments import parse_tokens
from harvester.spiders.mastodon.numbering import PositionAllocator
from harvester.spiders.mastodon.posts import PostFilter, parse_page
from harvester.spiders.mastodon.webfinger import parse_webfinger
from tests.spiders.mastodon.entities import account, status

BOOKS = ["bücher.example", "BÜCHER.example", "bu\u0308cher.example", "bücher。example", "ｂücher.example",
         "bü\u00adcher.example", "xn--bcher-kva.example", "XN--Bcher-KVA.Example"]  # fmt: skip
ASCII_BOOKS = "xn--bcher-kva.example"


@pytest.mark.parametrize(
    ("written", "host"),
    [
        *((name, ASCII_BOOKS) for name in BOOKS),
        ("straße.example", "xn--strae-oqa.example"),
        ("STRAẞE.example", "xn--strae-oqa.example"),
        ("strasse.example", "strasse.example"),
        ("ΣΊΣΥΦΟΣ.gr", "xn--kxa6akbbkh.gr"),
        ("☃.net", "xn--n3h.net"),
        ("a_b.example", "a_b.example"),
        ("bücher.example.", "xn--bcher-kva.example."),
        ("bü..example", None),
        ("ü" * 64 + ".example", None),
        ("\u202ebücher.example", None),
    ],
)
def test_a_host_has_the_name_that_browsers_ask_for(written: str, host: str | None) -> None:
    """UTS 46 without transitional processing: ß is no ss, and emoji are encoded."""  # mastodon/mastodon#12246
    assert host_of(f"https://{written}:8443/ä.jpg") == host
    if host:
        assert ascii_url(f"https://{written}:8443/ä.jpg").lower() == f"https://{host}:8443/ä.jpg"


@given(text=st.text(max_size=30))
@example("@")
@example("a@b@\u2100")
def test_the_form_of_an_account_is_stable(text: str) -> None:
    """No text raises, and what is in this form stays as it is."""
    assert canonical_acct(canonical_acct(text)) == canonical_acct(text)


@pytest.mark.parametrize("written", BOOKS)
def test_an_account_is_the_same_however_its_domain_is_written(written: str) -> None:
    """In what the user types, in webfinger, in the lookup and in posts."""  # mastodon/mastodon#12715, #13035
    handle = parse_handle(f"@alice@{written}")
    assert str(handle) == f"alice@{ASCII_BOOKS}"
    assert parse_target(f"https://{written}/@alice").base == f"https://{ASCII_BOOKS}"
    link = {"rel": "self", "type": "application/activity+json", "href": f"https://{written}/users/alice"}
    home = parse_webfinger(json.dumps({"subject": f"acct:alice@{written}", "links": [link]}).encode(), handle)
    assert home is not None
    assert (home.base, home.handle) == (f"https://{ASCII_BOOKS}", Handle("alice", ASCII_BOOKS))
    body = json.dumps(account(acct=f"alice@{written}")).encode()
    lookup = parse_lookup(SiteResponse("https://x.example/", 200, {}, body), handle, ("x.example",))
    assert lookup.account is not None
    assert (lookup.refusal, lookup.account.acct) == (None, f"alice@{ASCII_BOOKS}")
    page = json.dumps([status(1, account=account(acct=f"alice@{written}"))]).encode()
    assert parse_page(page, "x.example", PostFilter()).posts[0].author.acct == f"alice@{ASCII_BOOKS}"


def test_an_account_has_one_number_however_earlier_versions_wrote_it() -> None:
    """A catalogue may hold the form that a server once sent."""
    allocator = PositionAllocator({0: "alice@bücher.example", 1: "alice@strasse.example"}, {})
    assert [allocator.user_number(f"Alice@{written}") for written in BOOKS] == [0] * len(BOOKS)
    assert allocator.user_number("alice@straße.example") == 2


def test_a_key_belongs_to_its_server_however_it_is_written() -> None:
    """The origin of a token or a base URL is the one that requests have."""
    assert parse_tokens('{"BÜCHER.example": "token"}') == {f"https://{ASCII_BOOKS}": "token"}
    assert parse_base_url("X", " https://bücher.example:8443/äpi/ ", "") == f"https://{ASCII_BOOKS}:8443/äpi"


def _posts(content: dict[str, Any]) -> io.BytesIO:
    return io.BytesIO(json.dumps(content).encode())


def test_a_data_set_may_write_a_domain_in_two_ways() -> None:
    """The account of user_posts.json is found in accounts.csv, and two rows of it are one account."""
    accounts = read_accounts(["acct", "alice@bücher.example", "bob@x.example", f"alice@{ASCII_BOOKS}"], "accounts.csv")
    assert accounts.repeated == [f"alice@{ASCII_BOOKS}"]
    posts = {"alice@BÜCHER.example": [{"index": 0, "image_urls": ["https://x.example/a.jpg"]}]}
    assert summarise_posts(_posts(posts), "posts", accounts).unlisted == {}
    (image,) = discover_images(_posts(posts), "posts", accounts)
    assert (image.name, image.author) == ("2_0_0", f"alice@{ASCII_BOOKS}")
    with pytest.raises(UsageProblem, match="twice"):
        summarise_posts(_posts({"a@bücher.example": [], f"a@{ASCII_BOOKS}": []}), "posts", accounts)
