"""The two files of a data set, and where in them a mistake is."""

import io
import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from harvester.errors import BadInput
from harvester.sites.jsonstream import PIECE, members, place_of_mistake
from harvester.sites.userposts import Accounts, host_of, promises, read_accounts, survey

URLS = st.lists(st.text(st.characters(codec="utf-8"), max_size=20), max_size=4)
POSTS = st.lists(st.fixed_dictionaries({"index": st.integers(0, 5), "image_urls": URLS}), max_size=4)
FILES = st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=8), POSTS, max_size=4)


def _file(content: Any) -> io.BytesIO:
    return io.BytesIO(json.dumps(content).encode())


@given(content=FILES, listed=st.booleans())
def test_every_url_is_promised_once_under_its_own_name(content: dict[str, Any], listed: bool) -> None:
    """The survey counts what the promises give; no two have one name; numbers run on within (user, post)."""
    accounts = Accounts({acct: number for number, acct in enumerate(content)} if listed else {})
    found = list(promises(_file(content), "posts", accounts))
    assert len(found) == survey(_file(content), "posts", accounts).urls
    positions = [promise.position for promise in found if promise.position]
    assert len(set(positions)) == len(positions) == (len(found) if listed else 0)
    for position in positions:
        assert position.url == sum(
            (p.user, p.post) == (position.user, position.post) for p in positions[: positions.index(position)]
        )
    expected = [url for posts in content.values() for post in posts for url in post["image_urls"]]
    assert [promise.key for promise in found] == [url.replace("\0", "\ufffd") for url in expected]


@pytest.mark.parametrize("padding", [0, 10, PIECE - 3, 3 * PIECE + 17])
def test_the_place_of_a_mistake_is_that_of_pythons_parser(padding: int) -> None:
    """Line and column of a stray comma are those the json module gives, wherever in a large file it stands."""
    text = '{"a": [\n' + " " * padding + '{"index": 1,\n  , }]}'
    with pytest.raises(json.JSONDecodeError) as known:
        json.loads(text)
    place = place_of_mistake(io.BytesIO(text.encode()))
    assert place.startswith(f"line {known.value.lineno}, column {known.value.colno}: ")


@given(content=st.binary(max_size=60))
@example(b'{"a": [], "a": 1}')
@example(b"\xef\xbb\xbf{}")
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    """Whatever the file holds, it is either an object or BadInput, never another exception."""
    try:
        found = dict(members(io.BytesIO(content), "file"))
    except BadInput as error:
        assert str(error).startswith("file: ")
    else:
        assert set(json.loads(content.decode("utf-8-sig"))) == set(found)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://Files.Example.social/a.jpg", "files.example.social"),
        ("http://127.0.0.1:8000/a.jpg", "127.0.0.1"),
        (" https://x.example/a.jpg\n", "x.example"),
        ("ftp://x.example/a.jpg", None),
        ("//x.example/a.jpg", None),
        ("https:///a.jpg", None),
        ("http://x:99999/", None),
        ("http://[::1/", None),
        ("data:image/png;base64,AAAA", None),
        ("http://x\0y/", None),
        ("http://user:password@x.example/a.jpg", None),
        ("http://a b/", None),
        ("http://a%20b/", None),
        ("http://x,y/", None),
        ("http://\u202ex/", None),
        ("http://" + "x" * 300 + "/", None),
        ("http://bü..cher/", None),
        ("http://bücher.example/a.jpg", "bücher.example"),
        ("http://[2001:db8::1]/a.jpg", "2001:db8::1"),
        ("", None),
    ],
)
def test_only_web_addresses_have_a_host(url: str, host: str | None) -> None:
    """http and https addresses name their host in lower case, everything else names none."""
    assert host_of(url) == host


def test_a_very_long_address_has_a_short_key() -> None:
    """An address longer than a database can index is known by its sha256, and kept whole beside it."""
    url = "http://x.example/" + "a" * 9000
    (found,) = promises(_file({"a": [{"index": 0, "image_urls": [url]}]}), "posts", Accounts({"a": 0}))
    assert found.key.startswith("sha256:")
    assert len(found.key) == 71
    assert found.url == url


def test_many_posts_of_one_index_are_counted_quickly() -> None:
    """The survey of one account with 100,000 posts, indices in pairs, takes no quadratic time: it ends."""
    content = {"a": [{"index": number // 2, "image_urls": []} for number in range(100_000)]}
    assert len(survey(_file(content), "posts", Accounts()).same_index) == 50_000


def test_the_last_row_of_an_account_counts() -> None:
    """Numbers are rows from 0; of a repeated account the last; extra and nameless columns do not matter."""
    found = read_accounts([",label,acct", "7,1,a", "8,0,b", "9,1,a"], "accounts.csv")
    assert (found.index, found.repeated) == ({"a": 2, "b": 1}, ["a"])
