"""Classification of API responses by their status, as error texts differ by endpoint and are translated."""

from enum import StrEnum

from harvester.parsing.api_responses import error_text
from harvester.parsing.responses import PageStatus, SiteResponse
from harvester.spiders.mastodon import json_fields

_MISSING_STATUSES = frozenset({404, 410})
_TOKEN_STATUSES = frozenset({401, 403, 422})
_API_STATUSES = frozenset({200, 404})
_POST_LIST_PATHS = ("/statuses", "/timelines/")
_CHALLENGE_MARKS = (
    b"just a moment", b"challenge-platform", b"cf-chl", b"checking your browser", b"enable javascript and cookies",
    b"anubis", b"ddos-guard", b"captcha", b"attention required",
)  # fmt: skip
_CHALLENGE_SEARCH_BYTES = 50_000


class Refusal(StrEnum):
    """The reason why an account, a hashtag, a list or a timeline could not be read."""

    MISSING = "account-missing"
    GONE = "account-gone"
    SUSPENDED = "account-suspended"
    OTHER_ACCOUNT = "another-account"
    NEEDS_TOKEN = "needs-token"  # noqa: S105 - a word, not a secret
    NO_API = "no-api"
    UNREADABLE = "unreadable-answer"


REFUSAL_MEANINGS: dict[Refusal, str] = {
    Refusal.MISSING: "404: it does not exist, was deleted, is for followers only, or the server does not know it",
    Refusal.GONE: "410: the account, or the whole server, is permanently gone",
    Refusal.SUSPENDED: "the server has suspended the account and shows nothing of it",
    Refusal.OTHER_ACCOUNT: "the server answered with an account of another name",
    Refusal.NEEDS_TOKEN: "401, 403 or 422: the server shows this to signed-in users only (or the token is not valid)",
    Refusal.NO_API: "a web page or an unknown path in place of Mastodon's API: the server lacks it, or wants a log-in",
    Refusal.UNREADABLE: "the response does not match the API's documentation, or the server had an error",
}
"""Refusal -> its meaning."""


def classify(response: SiteResponse) -> PageStatus:
    """The kind of a response. A response that asks for a token is OK here: neither a block nor an absence."""
    value = json_fields.parse_json_or_none(response.body)
    if response.status in _MISSING_STATUSES:
        return PageStatus.MISSING
    if response.status == 200 and isinstance(value, list if _is_post_list(response.url) else (dict, list)):
        return PageStatus.OK
    if response.status == 429 or (value is None and _is_challenge(response)):
        return PageStatus.BLOCKED
    return PageStatus.UNKNOWN


def find_refusal(response: SiteResponse) -> Refusal | None:
    """The reason why the response cannot be read; None if it can."""
    if response.status in _TOKEN_STATUSES and not _is_other_refusal(response):
        return Refusal.NEEDS_TOKEN
    if _has_no_api(response):
        return Refusal.NO_API
    if response.status in _MISSING_STATUSES:
        return Refusal.GONE if response.status == 410 else Refusal.MISSING
    return None if classify(response) == PageStatus.OK else Refusal.UNREADABLE


def refusal_text(refusal: Refusal, response: SiteResponse) -> str:
    """What to say of a refusal: its word and meaning, the status, and the server's own words."""
    return f"{refusal}: {REFUSAL_MEANINGS[refusal]} ({error_text(response)})"


def _is_other_refusal(response: SiteResponse) -> bool:
    """Whether a token would not help: a web page in place of the API, or a parameter that the server refuses.

    A server in front of the API answers 403 to clients that it does not like (gallery-dl issue 9490); Pixelfed names
    refused parameters in `errors` (pixelfed issue 4854).
    """
    value = json_fields.parse_json_or_none(response.body)
    return response.status != 401 and (value is None or "errors" in json_fields.as_dict(value))


def _has_no_api(response: SiteResponse) -> bool:
    """Whether this is a web page, or Misskey's error for a path that it does not have (its code since version 10)."""
    value = json_fields.parse_json_or_none(response.body)
    error = json_fields.as_dict(json_fields.as_dict(value).get("error"))
    is_web_page = value is None and response.body.lstrip()[:1] == b"<" and not _is_challenge(response)
    return response.status in _API_STATUSES and (is_web_page or error.get("code") == "UNKNOWN_API_ENDPOINT")


def _is_post_list(url: str) -> bool:
    """Whether the URL has to give a list; Sharkey may give an error object with status 200."""
    path = url.partition("?")[0]
    return path.endswith(_POST_LIST_PATHS[0]) or _POST_LIST_PATHS[1] in path


def _is_challenge(response: SiteResponse) -> bool:
    start = response.body[:_CHALLENGE_SEARCH_BYTES].lower()
    return "cf-mitigated" in response.headers or any(mark in start for mark in _CHALLENGE_MARKS)
