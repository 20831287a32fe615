"""What an answer of the API is. Statuses decide; texts of errors differ by endpoint and are translated."""

from enum import StrEnum

from harvester.sites.mastodon import fields
from harvester.sites.pages import Answer, Verdict

_GONE = frozenset({404, 410})
_NEEDS_TOKEN = frozenset({401, 403, 422})
_PAGES_OF_POSTS = ("/statuses", "/timelines/")
_CHALLENGES = (
    b"just a moment", b"challenge-platform", b"cf-chl", b"checking your browser", b"enable javascript and cookies",
    b"anubis", b"ddos-guard", b"captcha", b"attention required",
)  # fmt: skip
_LOOKED_AT = 50_000


class Refusal(StrEnum):
    """Why an account, a hashtag, a list or a timeline could not be read."""

    MISSING = "account-missing"
    GONE = "account-gone"
    SUSPENDED = "account-suspended"
    ANOTHER = "another-account"
    NEEDS_TOKEN = "needs-token"  # noqa: S105 - a word, no secret
    UNREADABLE = "unreadable-answer"


MEANINGS: dict[Refusal, str] = {
    Refusal.MISSING: "404: there never was one of that name, or it was deleted, or the server does not know it",
    Refusal.GONE: "410: it is gone for good, or the whole server is",
    Refusal.SUSPENDED: "the server has suspended the account and shows nothing of it",
    Refusal.ANOTHER: "the server, which searches loosely, answered with an account of another name",
    Refusal.NEEDS_TOKEN: "401, 403 or 422: the server shows this to signed-in users only (or the token is not valid)",
    Refusal.UNREADABLE: "the answer is not what the API promises, or the server had trouble of its own",
}
"""What each refusal means."""


def classify(answer: Answer) -> Verdict:
    """What the answer is. "Needs a token" is the API's own word (`refusal` says so): neither a block nor an absence."""
    value = fields.parsed(answer.body)
    if answer.status in _GONE:
        return Verdict.MISSING
    if answer.status == 200 and isinstance(value, list if _lists_posts(answer.url) else (dict, list)):
        return Verdict.OK
    if answer.status == 429 or (value is None and _challenged(answer)):
        return Verdict.BLOCKED
    return Verdict.UNKNOWN


def refusal(answer: Answer) -> Refusal | None:
    """Why the answer holds nothing to read; None where it does."""
    if answer.status in _NEEDS_TOKEN:
        return Refusal.NEEDS_TOKEN
    if answer.status in _GONE:
        return Refusal.GONE if answer.status == 410 else Refusal.MISSING
    return None if classify(answer) == Verdict.OK else Refusal.UNREADABLE


def _lists_posts(url: str) -> bool:
    """Whether a list is promised there: Sharkey answers with an error object and status 200."""
    path = url.partition("?")[0]
    return path.endswith(_PAGES_OF_POSTS[0]) or _PAGES_OF_POSTS[1] in path


def _challenged(answer: Answer) -> bool:
    start = answer.body[:_LOOKED_AT].lower()
    return "cf-mitigated" in answer.headers or any(mark in start for mark in _CHALLENGES)
