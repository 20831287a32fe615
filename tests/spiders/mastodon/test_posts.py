"""Pages of posts: what is taken, what is left out and why."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from harvester.spiders.mastodon.api import Cursor
from harvester.spiders.mastodon.content import plain_text, strip_note, withheld_files
from harvester.spiders.mastodon.posts import PostFilter, PostPage, parse_page, parse_single
from tests.spiders.mastodon.entities import account, attachment, status

ALL = PostFilter(boosts=True)
BOB = account(id="7", acct="bob@far.example", username="bob")


def _page(*objects: Any, post_filter: PostFilter = ALL) -> PostPage:
    return parse_page(json.dumps(objects).encode(), "social.example", post_filter)


def test_a_post_becomes_a_record() -> None:
    """Author, addresses, text and what was said about the pictures."""
    result = _page(status(1, spoiler_text="hills", sensitive=True))
    (post,) = result.posts
    assert (post.ident, post.uri) == ("110000001", "https://social.example/users/alice/statuses/110000001")
    assert (post.author.acct, post.url, post.boosted_by) == (
        "alice@social.example",
        "https://social.example/@alice/110000001",
        "",
    )
    assert [picture.alt for picture in post.attachments] == ["Hill 1"]
    assert post.metadata == {
        "posted_at": "2026-08-01T13:51:35.294000+00:00",
        "text": "A hill.\nAnd a cloud & sun.\n#hills",
        "spoiler": "hills",
        "sensitive": True,
        "language": "en",
        "tags": ["hills"],
        "visibility": "public",
    }


def test_a_boost_is_the_boosted_post() -> None:
    """Its uri, its author, its pictures; who boosted it is kept; the page is walked by the boost's own id."""
    inner = status(5, account=BOB, uri="https://far.example/users/bob/statuses/5")
    result = _page(status(9, reblog=inner, media_attachments=[], created_at="2026-08-09T00:00:00Z"))
    (post,) = result.posts
    assert (result.ids, post.uri, post.author.acct) == (["110000009"], inner["uri"], "bob@far.example")
    assert post.boosted_by == post.metadata["boosted_by"] == "alice@social.example"
    assert _page(status(9, reblog=inner), post_filter=PostFilter()).skipped == {"boost": 1}


def test_a_post_and_its_boosts_on_one_page_are_one() -> None:
    """The uri is what makes them the same."""
    result = _page(status(9, reblog=status(5)), status(8, reblog=status(5)), status(5))
    assert (len(result.posts), result.skipped) == (1, {"repeated": 2})


def test_a_post_repeated_for_each_of_its_files_counts_once() -> None:
    """As on Friendica and Takahe."""
    result = _page(status(5), status(5), status(4))
    assert (result.ids, len(result.posts), result.skipped) == (["110000005", "110000004"], 2, {"repeated": 1})


@pytest.mark.parametrize(
    ("changed", "post_filter", "reason"),
    [
        ({"visibility": "private"}, ALL, "visibility"),
        ({"visibility": "direct"}, ALL, "visibility"),
        ({"visibility": None}, ALL, "visibility"),
        ({"visibility": "unlisted"}, ALL, ""),
        ({"visibility": "private", "reblog": status(5)}, ALL, "visibility"),
        ({"reblog": status(5, visibility="private")}, ALL, "visibility"),
        ({"media_attachments": []}, ALL, "no-images"),
        ({"in_reply_to_id": "3", "in_reply_to_account_id": "7"}, PostFilter(replies=False), "reply"),
        ({"in_reply_to_id": "3", "in_reply_to_account_id": "109876543210"}, PostFilter(replies=False), ""),
        ({"in_reply_to_id": "3", "in_reply_to_account_id": "7"}, PostFilter(), ""),
        ({"account": account(indexable=False)}, ALL, "indexable"),
        ({"account": account(indexable=False)}, PostFilter(respected=()), ""),
        ({"reblog": status(5, account=account(note="#nobot"))}, ALL, "nobot"),
        ({}, PostFilter(since=datetime(2026, 8, 2, tzinfo=UTC)), "date"),
        ({}, PostFilter(until=datetime(2026, 8, 1, tzinfo=UTC)), "date"),
        ({}, PostFilter(since=datetime(2026, 8, 1, tzinfo=UTC), until=datetime(2026, 8, 2, tzinfo=UTC)), ""),
        ({"created_at": "2026-08-02T00:30:00+02:00"}, PostFilter(until=datetime(2026, 8, 2, tzinfo=UTC)), ""),
    ],
)
def test_every_omission_has_a_reason(changed: dict[str, Any], post_filter: PostFilter, reason: str) -> None:
    """Never one that is not public or unlisted; replies to oneself are a thread, not replies."""
    result = _page(status(**changed), post_filter=post_filter)
    assert result.skipped == ({reason: 1} if reason else {})
    assert len(result.posts) == (0 if reason else 1)


def test_a_page_older_than_since_is_past() -> None:
    """Only when all of it is: a boost on top may be of an old post."""
    since = PostFilter(since=datetime(2026, 8, 1, tzinfo=UTC))
    old = {"created_at": "2026-07-31T23:59:59Z"}
    assert _page(status(2, **old), status(1, **old), post_filter=since).is_too_old
    assert not _page(status(2), status(1, **old), post_filter=since).is_too_old
    assert not _page(status(2, created_at="yesterday"), post_filter=since).is_too_old
    assert not _page(post_filter=since).is_too_old


@pytest.mark.parametrize("written", [None, "yesterday", "", 5, "0000-00-00T00:00:00Z"])
@pytest.mark.parametrize("limit", ["since", "until"])
def test_a_post_without_a_readable_date_is_not_left_out(written: Any, limit: str) -> None:
    """It is treated the same for both limits: nothing shows that it lies outside of them."""
    post_filter = PostFilter(**{limit: datetime(2026, 8, 2, tzinfo=UTC)})  # type: ignore[arg-type]
    result = _page(status(1, created_at=written), post_filter=post_filter)
    assert (len(result.posts), result.skipped, result.is_too_old) == (1, {}, False)


@pytest.mark.parametrize("given_account", [None, {}, "alice", {"id": "5"}, []])
def test_a_post_without_an_author_belongs_to_the_owner_of_the_list(given_account: Any) -> None:
    """In alice's own list it is alice's, or boosted by alice; the author of a boosted post stays unknown."""
    posts = [status(3, account=given_account), status(2, account=given_account, reblog=status(1, account=BOB)),
             status(9, reblog=status(8, account=given_account))]  # fmt: skip
    result = parse_page(json.dumps(posts).encode(), "social.example", ALL, owner="alice@social.example")
    assert [(post.author.acct, post.boosted_by) for post in result.posts] == [
        ("alice@social.example", ""), ("bob@far.example", "alice@social.example"), ("", "alice@social.example"),
    ]  # fmt: skip


def test_a_single_post_and_a_search_are_read_too() -> None:
    """As pages of one."""
    assert len(parse_single(json.dumps(status()).encode(), "social.example", ALL).posts) == 1
    assert len(parse_single(json.dumps({"statuses": [status()]}).encode(), "social.example", ALL).posts) == 1


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(data=st.data())
def test_any_value_in_any_place_is_read(data: st.DataObject) -> None:
    """Whatever a server puts anywhere into a post, nothing raises, and what comes out can be stored."""
    inner = status(4, media_attachments=[attachment(meta=data.draw(JSON))], tags=data.draw(JSON))
    given_post = status(5, reblog=data.draw(st.none() | st.just(inner)))
    for objects in (given_post, inner, given_post["account"], given_post["media_attachments"][0]):
        for key in data.draw(st.lists(st.sampled_from(sorted(objects)), max_size=3)):
            objects[key] = data.draw(JSON)
    result = _page(given_post, data.draw(JSON), status(1))
    assert result.posts[-1].ident == "110000001"
    stored = json.dumps([[post.metadata, post.uri, post.author.acct, post.author.moved_to] for post in result.posts])
    stored.encode()
    for post in result.posts:
        post.uri.encode()
        assert all("\0" not in picture.url for picture in post.attachments)


@given(body=st.binary(max_size=40))
@example(b'[{"id": "1", "content": "\\ud800"}]')
def test_any_body_is_read(body: bytes) -> None:
    """Half a surrogate pair, NULs, anything."""
    assert not parse_page(body, "x", ALL).posts
    assert not parse_single(body, "x", ALL).posts


def test_a_page_is_bounded() -> None:
    """A server that gives a hundred thousand posts is believed a thousand; the others are counted."""
    result = _page(*({"id": str(n)} for n in range(5000)))
    assert (len(result.ids), result.skipped["unreadable"]) == (1000, 4000)


@given(markup=st.text(max_size=50) | st.text("<>&#;brp/ax0123456789 ", max_size=80))
@example("&#" + "9" * 5000 + ";")
@example("&#x" + "f" * 5000)
def test_any_markup_has_a_text(markup: str) -> None:
    """Nothing raises."""
    assert isinstance(plain_text(markup), str)
    assert withheld_files(markup) == []
    assert strip_note(markup) == markup


@pytest.mark.parametrize("piece", ["<", "<a", '<a href="x', "&#", "gts-placeholder-attachments<a ", "[<a href="])
def test_markup_that_repeats_itself_is_read_quickly(piece: str) -> None:
    """No quadratic time: it ends."""
    markup = "gts-placeholder-attachments" + piece * 300_000
    plain_text(markup)
    withheld_files(markup)
    strip_note(markup)


@given(number=st.integers(0, 12), room=st.integers(1, 12))
def test_a_page_is_trimmed_to_the_limit(number: int, room: int) -> None:
    """The first posts stay, and the next page begins behind the last of them."""
    result = _page(*(status(ident) for ident in range(number, 0, -1)))
    ids = list(result.ids)
    cursor = result.trim(room)
    assert [post.entry_id for post in result.posts] == result.ids == ids[:room]
    assert cursor == (Cursor("max_id", ids[room - 1]) if number > room else None)


@given(number=st.integers(1, 12), head=st.integers(0, 14))
def test_posts_of_an_earlier_walk_are_left_out(number: int, head: int) -> None:
    """Only what lies above the head stays; the head itself is kept among the ids, so that the walks are joined."""
    result = _page(*(status(ident) for ident in range(number, 0, -1)))
    ids = list(result.ids)
    heads = ids[head : head + 1]
    result.drop_known(heads)
    above = ids[:head] if heads else ids
    assert [post.entry_id for post in result.posts] == above
    assert result.ids == above + heads
