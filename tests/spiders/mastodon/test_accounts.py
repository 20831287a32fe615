"""Whose account it is, whether it can be read, and what its owner has opted out of."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvester.parsing.responses import PageStatus, SiteResponse
from harvester.spiders.mastodon import json_fields
from harvester.spiders.mastodon.accounts import parse_lookup
from harvester.spiders.mastodon.addresses import Handle
from harvester.spiders.mastodon.opt_out import OPT_OUTS, RESPECTED_BY_DEFAULT, find_opt_out
from harvester.spiders.mastodon.responses import REFUSAL_MEANINGS, Refusal, classify, find_refusal
from tests.spiders.mastodon.entities import account

LOOKUP = "https://m.social.example/api/v1/accounts/lookup?acct=alice"
STATUSES = "https://m.social.example/api/v1/accounts/1/statuses?limit=40"
ALICE = Handle("alice", "social.example")
OWN = ("social.example", "m.social.example")


def _answer(value: Any, status: int = 200, url: str = LOOKUP, **headers: str) -> SiteResponse:
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    return SiteResponse(url, status, headers, body)


def test_the_requested_account_is_found() -> None:
    """A local account is completed with the handle's domain; flags are kept."""
    result = parse_lookup(_answer(account(limited=True, bot=True)), ALICE, OWN)
    assert result.refusal is None
    assert result.account is not None
    assert (result.account.ident, result.account.acct) == ("109876543210", "alice@social.example")
    assert (result.account.limited, result.account.bot, result.account.moved_to) == (True, True, "")


@pytest.mark.parametrize(
    ("acct", "same"),
    [("alice", True), ("Alice", True), ("alice@social.example", True), ("alice@M.Social.Example", True),
     ("alicia", False), ("alice@elsewhere.example", False), ("malice", False)],
)  # fmt: skip
def test_a_loose_match_is_another_account(acct: str, same: bool) -> None:
    """Sharkey's lookup gives the first hit of a search: another name, or another server, is another account."""
    result = parse_lookup(_answer(account(acct=acct)), ALICE, OWN)
    assert result.refusal == (None if same else Refusal.OTHER_ACCOUNT)


def test_a_remote_account_is_not_a_local_one_of_the_same_name() -> None:
    """Asked for alice@far.example at another server, its own alice is somebody else."""
    far = Handle("alice", "far.example")
    assert parse_lookup(_answer(account(acct="alice")), far, OWN).refusal == Refusal.OTHER_ACCOUNT
    result = parse_lookup(_answer(account(acct="alice@far.example")), far, OWN)
    assert result.account is not None
    assert result.account.acct == "alice@far.example"


@pytest.mark.parametrize(
    ("status", "expected"),
    [(404, Refusal.MISSING), (410, Refusal.GONE), (401, Refusal.NEEDS_TOKEN), (403, Refusal.NEEDS_TOKEN),
     (422, Refusal.NEEDS_TOKEN), (500, Refusal.UNREADABLE), (418, Refusal.UNREADABLE)],
)  # fmt: skip
def test_each_refusal_has_its_own_word(status: int, expected: Refusal) -> None:
    """The status decides, whatever the API says in whatever language."""
    for body in ({"error": "Record not found"}, {"error": "Der Anmeldetoken ist ungültig"}, account()):
        answer = _answer(body, status)
        assert parse_lookup(answer, ALICE, OWN).refusal == expected
        assert find_refusal(answer) == expected


@pytest.mark.parametrize(
    ("body", "status", "expected"),
    [
        (b"\n<!doctype html><title>Not found</title>", 404, Refusal.NO_API),
        (b"<html><div id=app></div>", 200, Refusal.NO_API),
        (b"<html>just a moment", 200, Refusal.UNREADABLE),
        (b"<html>", 503, Refusal.UNREADABLE),
        (b"<html>", 410, Refusal.GONE),
        (b"<html>", 401, Refusal.NEEDS_TOKEN),
        ({"error": {"code": "UNKNOWN_API_ENDPOINT"}}, 404, Refusal.NO_API),
        ({"error": {"code": "NO_SUCH_USER"}}, 404, Refusal.MISSING),
        (b"", 200, Refusal.UNREADABLE),
    ],
)
def test_a_web_page_is_no_answer_about_an_account(body: Any, status: int, expected: Refusal) -> None:
    """A server without the API does not know whether there is an account."""
    assert find_refusal(_answer(body, status)) == expected


def test_suspended_and_moved_accounts_are_noticed() -> None:
    """A suspended one is refused; a moved one can be read and says where it went; `moved: null` is no move."""
    assert parse_lookup(_answer(account(suspended=True)), ALICE, OWN).refusal == Refusal.SUSPENDED
    moved = parse_lookup(_answer(account(moved=account(acct="alice@new.example"))), ALICE, OWN)
    assert (moved.refusal, moved.account and moved.account.moved_to) == (None, "alice@new.example")
    still = parse_lookup(_answer(account(moved=None)), ALICE, OWN)
    assert still.account is not None
    assert still.account.moved_to == ""


def test_every_refusal_is_explained() -> None:
    """The table of meanings is complete."""
    assert set(REFUSAL_MEANINGS) == set(Refusal)


@pytest.mark.parametrize(
    ("answer", "page_status"),
    [
        (_answer(account()), PageStatus.OK),
        (_answer([], url=STATUSES), PageStatus.OK),
        (_answer({"error": {"code": "X"}}, url=STATUSES), PageStatus.UNKNOWN),
        (_answer(b'[{"id": "1", ', url=STATUSES), PageStatus.UNKNOWN),
        (_answer(b"", url=STATUSES), PageStatus.UNKNOWN),
        (_answer(b"null", url=STATUSES), PageStatus.UNKNOWN),
        (_answer({"error": "Gone"}, 410), PageStatus.MISSING),
        (_answer(b"<html>404</html>", 404), PageStatus.MISSING),
        (_answer({"error": "This method requires an authenticated user"}, 422), PageStatus.UNKNOWN),
        (_answer({"error": "Too many requests"}, 429), PageStatus.BLOCKED),
        (_answer(b"<html><title>Just a moment...</title>", 403), PageStatus.BLOCKED),
        (_answer(b"<html>", 200, **{"cf-mitigated": "challenge"}), PageStatus.BLOCKED),
        (_answer(b"<html>Welcome to my home page", 200), PageStatus.UNKNOWN),
        (_answer(b"<html>", 502), PageStatus.UNKNOWN),
    ],
)
def test_responses_are_classified(answer: SiteResponse, page_status: PageStatus) -> None:
    """Only JSON of the documented shape is parsed; only 404 and 410 mean that an account is gone."""
    assert classify(answer) == page_status


def test_a_post_that_speaks_of_captchas_is_no_block() -> None:
    """Words in the posts of a page do not make it a block page."""
    assert classify(_answer([{"content": "just a moment, captcha"}], url=STATUSES)) == PageStatus.OK


def test_hostile_nesting_and_numbers_are_no_json() -> None:
    """What Python's parser dies of is an answer that is not understood."""
    assert classify(_answer(b"[" * 200_000)) == PageStatus.UNKNOWN
    assert classify(_answer(b"[" * 300 + b"]" * 300, url=STATUSES)) == PageStatus.UNKNOWN
    assert classify(_answer(b"[" + b"0," * 1_000_001 + b"0]", url=STATUSES)) == PageStatus.UNKNOWN
    assert json_fields.parse_json_or_none(b"[1" + b"0" * 10_000 + b"]") == ["1" + "0" * 10_000]


@given(status=st.integers(100, 599), body=st.binary(max_size=30), url=st.text(max_size=30))
def test_any_answer_is_classified(status: int, body: bytes, url: str) -> None:
    """Nothing raises."""
    answer = SiteResponse(url, status, {}, body)
    assert (classify(answer) == PageStatus.OK) == (find_refusal(answer) is None)


@pytest.mark.parametrize(
    ("changed", "opt_out"),
    [
        ({}, ""),
        ({"indexable": False}, "indexable"),
        ({"indexable": None}, ""),
        ({"noindex": True}, "noindex"),
        ({"noindex": None}, ""),
        ({"note": "<p>please #nobot</p>"}, "nobot"),
        ({"note": '<a href="/tags/nobots">#<span>NoBots</span></a>'}, "nobot"),
        ({"note": "#noindex"}, "nobot"),
        ({"fields": [{"name": "robots", "value": "#noarchive"}]}, "nobot"),
        ({"note": "&#35;nobot"}, "nobot"),
        ({"note": "＃ｎｏｂｏｔ"}, "nobot"),
        ({"note": "#no\u200bbot"}, "nobot"),
        ({"note": "#nobotany is what I study"}, ""),
        ({"note": "no bot"}, ""),
        ({"discoverable": False}, ""),
    ],
)
def test_opt_outs_are_respected_by_default(changed: dict[str, Any], opt_out: str) -> None:
    """What was said clearly counts, however it is written; what is absent does not."""
    assert find_opt_out(account(**changed)) == opt_out


def test_which_opt_outs_are_respected_is_configurable() -> None:
    """`discoverable` can be added and the others taken away."""
    shy = account(discoverable=False, indexable=False)
    assert find_opt_out(shy, ("discoverable",)) == "discoverable"
    assert find_opt_out(shy, ()) == ""
    assert set(RESPECTED_BY_DEFAULT) < set(OPT_OUTS)
