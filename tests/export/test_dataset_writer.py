"""The data-set files made from a collection are read back as what they were made from."""

import io
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from harvester.dataset.reader import discover_images, read_accounts
from harvester.dataset.writer import encode_accounts, encode_posts

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=12)
ACCTS = st.lists(TEXT, unique=True, max_size=6)
POSTS = st.lists(st.lists(TEXT, min_size=1, max_size=3), max_size=4)


@given(accts=ACCTS, posts=st.lists(POSTS, max_size=6))
def test_written_files_are_read_back_under_the_same_names(accts: list[str], posts: list[Any]) -> None:
    """Every URL keeps user, post and URL number, whatever the texts hold; every account keeps its row."""
    entries = [
        (user, 2 * post, number, url)
        for user, of_user in enumerate(posts[: len(accts)])
        for post, urls in enumerate(of_user)
        for number, url in enumerate(urls)
    ]
    acct_of = dict(enumerate(accts))
    lines = io.TextIOWrapper(io.BytesIO(b"".join(encode_accounts(acct_of))), encoding="utf-8-sig", newline="")
    listed = read_accounts(lines, "accounts.csv")
    assert (listed.index, listed.repeated) == ({acct: number for number, acct in acct_of.items()}, [])
    written = b"".join(encode_posts(entries, acct_of))
    read_back = [(p.position, p.url or p.key) for p in discover_images(io.BytesIO(written), "user_posts.json", listed)]
    assert [(p.user, p.post, p.url, url) for p, url in read_back if p] == entries
    assert len(read_back) == len(entries)


def test_the_posts_file_has_the_shape_of_the_data_set() -> None:
    """{acct: [{"index", "image_urls"}]} and nothing else; the accounts file has a column named acct."""
    entries = [(0, 0, 0, "https://a.example/1.jpg"), (0, 0, 1, "https://a.example/2.jpg"), (2, 5, 0, "u")]
    acct_of = {0: "anna@a.example", 2: "bert@b.example"}
    assert json.loads(b"".join(encode_posts(entries, acct_of))) == {
        "anna@a.example": [{"index": 0, "image_urls": ["https://a.example/1.jpg", "https://a.example/2.jpg"]}],
        "bert@b.example": [{"index": 5, "image_urls": ["u"]}],
    }
    assert b"".join(encode_accounts(acct_of)) == b"id,acct\r\n0,anna@a.example\r\n1,\r\n2,bert@b.example\r\n"
