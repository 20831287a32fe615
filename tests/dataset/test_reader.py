"""The two files of a data set, and where in them a mistake is."""

import io
import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from harvester.dataset.reader import AccountsFile, discover_images, read_accounts, summarise_posts
from harvester.errors import UsageProblem
from harvester.parsing.json_stream import CHUNK_BYTES, locate_error, read_members
from harvester.parsing.urls import canonical_acct, host_of

URLS = st.lists(st.text(st.characters(codec="utf-8"), max_size=20), max_size=4)
POSTS = st.lists(st.fixed_dictionaries({"index": st.integers(0, 5), "image_urls": URLS}), max_size=4)
FILES = st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=8).map(canonical_acct), POSTS, max_size=4)


def _file(content: Any) -> io.BytesIO:
    return io.BytesIO(json.dumps(content).encode())


@given(content=FILES, listed=st.booleans())
def test_every_url_is_discovered_once_under_its_own_name(content: dict[str, Any], listed: bool) -> None:
    """The survey counts the images that are read; no two have the same name; numbers run on within (user, post)."""
    accounts = AccountsFile({acct: number for number, acct in enumerate(content)} if listed else {})
    images = list(discover_images(_file(content), "posts", accounts))
    assert len(images) == summarise_posts(_file(content), "posts", accounts).urls
    positions = [image.position for image in images if image.position]
    assert len(set(positions)) == len(positions) == (len(images) if listed else 0)
    for position in positions:
        assert position.url == sum(
            (p.user, p.post) == (position.user, position.post) for p in positions[: positions.index(position)]
        )
    expected = [url for posts in content.values() for post in posts for url in post["image_urls"]]
    assert [image.key for image in images] == [url.replace("\0", "\ufffd") for url in expected]


@pytest.mark.parametrize("padding", [0, 10, CHUNK_BYTES - 3, 3 * CHUNK_BYTES + 17])
def test_the_error_position_is_that_of_pythons_parser(padding: int) -> None:
    """Line and column of a stray comma are those the json module gives, wherever in a large file it stands."""
    text = '{"a": [\n' + " " * padding + '{"index": 1,\n  , }]}'
    with pytest.raises(json.JSONDecodeError) as expected:
        json.loads(text)
    place = locate_error(io.BytesIO(text.encode()))
    assert place.startswith(f"line {expected.value.lineno}, column {expected.value.colno}: ")


@given(content=st.binary(max_size=60))
@example(b'{"a": [], "a": 1}')
@example(b"\xef\xbb\xbf{}")
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    """Whatever the file holds, it is either an object or BadInput, never another exception."""
    try:
        result = dict(read_members(io.BytesIO(content), "file"))
    except UsageProblem as error:
        assert str(error).startswith("file: ")
    else:
        assert set(json.loads(content.decode("utf-8-sig"))) == set(result)


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
        ("http://bücher.example/a.jpg", "xn--bcher-kva.example"),
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
    (image,) = discover_images(_file({"a": [{"index": 0, "image_urls": [url]}]}), "posts", AccountsFile({"a": 0}))
    assert image.key.startswith("sha256:")
    assert len(image.key) == 71
    assert image.url == url


def test_many_posts_of_one_index_are_counted_quickly() -> None:
    """The survey of one account with 100,000 posts, indices in pairs, takes no quadratic time: it ends."""
    content = {"a": [{"index": number // 2, "image_urls": []} for number in range(100_000)]}
    assert len(summarise_posts(_file(content), "posts", AccountsFile()).same_index) == 50_000


def test_the_last_row_of_an_account_counts() -> None:
    """Numbers are rows from 0; of a repeated account the last; extra and nameless columns do not matter."""
    accounts = read_accounts([",label,acct", "7,1,a", "8,0,b", "9,1,a"], "accounts.csv")
    assert (accounts.index, accounts.repeated) == ({"a": 2, "b": 1}, ["a"])
