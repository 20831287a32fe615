"""What users of other tools for Mastodon, and of its clients, have reported, tried here."""

import json
from typing import Any

import pytest

from harvester.parsing.responses import PageStatus, SiteResponse
from harvester.spiders.mastodon import api, posts
from harvester.spiders.mastodon.addresses import TargetKind, parse_target
from harvester.spiders.mastodon.posts import PostFilter, PostPage
from harvester.spiders.mastodon.responses import Refusal, classify, find_refusal, refusal_text
from tests.conftest import Commands
from tests.dataset_files import rows
from tests.farsite import toots
from tests.farsite.process import Farsite
from tests.spiders.mastodon.entities import attachment, status

STATUSES = "https://social.example/api/v1/accounts/1/statuses?limit=40"


def _answer(code: int, body: str) -> SiteResponse:
    return SiteResponse(STATUSES, code, {}, body.encode())


def _page(*statuses: dict[str, Any]) -> PostPage:
    return posts.parse_page(json.dumps(statuses).encode(), "social.example", PostFilter())


@pytest.mark.parametrize(
    "changes",
    [
        {"content": None, "favourited": None},  # pixelfed/pixelfed#5364
        {"local_only": None},  # LiveFastEatTrashRaccoon/RaccoonForFriendica#1208
        {"created_at": None},  # mastodon/mastodon-android#880
        {"card": {"url": "https://elsewhere.example"}},  # friendica/friendica#13887, pachli/pachli-android#441
        {"quote": {"quoted_status": None}},  # pachli/pachli-android#2043: no `state`
        {"media_attachments": [attachment(1, meta={"small": {"width": 3}})]},  # whitescent/Mastify#118: no `original`
        {"media_attachments": [attachment(1, meta=None, blurhash=None, preview_url=None)]},
    ],
)
def test_what_crashes_clients_costs_no_picture(changes: dict[str, Any]) -> None:
    """Values that are null or missing: the post and its picture are taken."""
    page = _page(status(1, **changes))
    assert [file.url for post in page.posts for file in post.attachments] == [attachment(1)["url"]]
    assert not page.skipped


@pytest.mark.parametrize(
    ("pasted", "kind", "base", "value"),
    [
        ("https://mastodon.social/statuses/108685615212681989", "post", "mastodon.social", "108685615212681989"),
        ("https://mastodon.social/users/jk/statuses/108685", "post", "mastodon.social", "108685"),
        ("https://equestria.social/@Gaffy@hooves.social/114416", "post", "equestria.social", "114416"),
        ("https://donotsta.re/@elly/AcoUaA7EH1igiYKmFU", "post", "donotsta.re", "AcoUaA7EH1igiYKmFU"),
        ("https://mstdn.ca/deck/@ned/111127230230765355", "post", "mstdn.ca", "111127230230765355"),
        ("https://mstdn.ca/deck/@ned", "account", "mstdn.ca", "ned"),
        ("https://mstdn.ca/deck/tags/cats", "tag", "mstdn.ca", "cats"),
        ("https://mstdn.ca/deck/public/local", "timeline", "mstdn.ca", "local"),
        ("https://aethy.com/@example123@baraag.net/media", "account", "aethy.com", "example123@baraag.net"),
    ],
)
def test_reported_addresses_are_understood(pasted: str, kind: str, base: str, value: str) -> None:
    """As a browser shows them, the view of several columns too."""
    # mikf/gallery-dl#7255, #6551, #9529; philomena-dev/philomena#313; mastodon/mastodon#27137 (/deck/)
    target = parse_target(pasted)
    assert (target.kind, target.base, target.value) == (TargetKind(kind), f"https://{base}", value)


def test_a_boost_that_is_named_by_its_address_is_taken(farsite: Farsite, commands: Commands) -> None:
    """Boosts are left out of lists, but this one was asked for; the picture is its author's."""
    # mikf/gallery-dl#7255: the address of a reblog gave nothing
    boost = next(post for post in toots.statuses("carol", farsite.url(""), farsite.port) if post["reblog"])
    commands.harvest("mastodon", f"url={farsite.url('/statuses/' + boost['id'])}")
    count = len(boost["reblog"]["media_attachments"])
    acct = f"bob@127.0.0.1:{farsite.port}"
    assert rows(commands.data, "SELECT status, author FROM images") == [("done", acct)] * count


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        # pixelfed/pixelfed#4854: a refused parameter
        (
            _answer(422, '{"message": "The limit may not be greater than 20.", "errors": {"limit": ["too many"]}}'),
            "HTTP 422: The limit may not be greater than 20.",
        ),
        # mikf/gallery-dl#9490: Pawoo forbids more for a while
        (_answer(403, "<html><title>403 Forbidden</title></html>"), "HTTP 403, a web page instead of JSON"),
        # mikf/gallery-dl#6345: nothing where JSON was expected
        (_answer(200, ""), "HTTP 200"),
    ],
)
def test_a_token_is_only_asked_for_where_it_would_help(answer: SiteResponse, words: str) -> None:
    """Other refusals are told with the words of the server; the next run tries again."""
    refusal = find_refusal(answer)
    assert refusal is Refusal.UNREADABLE
    assert words in refusal_text(refusal, answer)
    signed_in_only = _answer(422, '{"error": "This method requires an authenticated user"}')
    assert find_refusal(signed_in_only) is Refusal.NEEDS_TOKEN
    assert "requires an authenticated user" in refusal_text(Refusal.NEEDS_TOKEN, signed_in_only)


def test_a_bot_check_behind_a_redirect_is_a_block() -> None:
    """A page for people, with 403: the server is left alone for a while, nothing is called gone."""
    # mikf/gallery-dl#9512
    address = "https://social.example/.basedflare/bot-check?/api/v1/accounts/lookup?acct=alice"
    page = b"<html><title>Hold on...</title>Checking your browser for robots</html>"
    assert classify(SiteResponse(address, 403, {}, page)) is PageStatus.BLOCKED


def test_a_post_for_followers_is_told_as_one_that_may_be(farsite: Farsite, commands: Commands) -> None:
    """Without a token the server answers as if it did not exist; that is one of the meanings named."""
    # mikf/gallery-dl#7429
    private = next(
        post for post in toots.statuses("carol", farsite.url(""), farsite.port) if post["visibility"] == "private"
    )
    said = commands.harvest("mastodon", f"url={farsite.url('/statuses/' + private['id'])}").stderr
    assert "for followers only" in said
    assert _page(status(1, visibility="private")).skipped == {"visibility": 1}


def test_an_empty_page_behind_a_next_link_is_the_end() -> None:
    """A full last page has a next link all the same."""
    # mastodon/mastodon-api#59
    address = "https://social.example/api/v1/x?limit=2"
    link = f'<{address}&max_id=1>; rel="next", <{address}&since_id=2>; rel="prev"'
    cursor = api.find_next_cursor({"link": link}, ["2", "1"], ())
    assert cursor is not None
    assert cursor.value == "1"
    assert api.find_next_cursor({}, [], ("2", "1")) is None
