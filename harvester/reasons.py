"""Reason words: why an image did not end as `done`. This is the only list of them.

A reason belongs to one status. `failed`: the source did not deliver a picture. `skipped`: it was not wanted.
A failure is either temporary (the next run tries again) or permanent (only `retry=all` tries again).
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Reason:
    """The status and the meaning of one reason word."""

    status: str
    temporary: bool
    meaning: str


def _temporary(meaning: str) -> Reason:
    return Reason("failed", True, meaning)


def _permanent(meaning: str) -> Reason:
    return Reason("failed", False, meaning)


def _skipped(meaning: str) -> Reason:
    return Reason("skipped", False, meaning)


REASONS: dict[str, Reason] = {
    "http-temporary": _temporary("an HTTP status that may pass: 401, 403, 407, 408, 409, 418, 421, 423, 425, 429, 5xx"),
    "timeout": _temporary("no complete answer within DOWNLOAD_TIMEOUT"),
    "dns": _temporary("the host name has no address"),
    "connection": _temporary("refused, reset, broken off or TLS not trusted"),
    "truncated": _temporary("the picture ends too early"),
    "crashed": _temporary("the decoder died over it, twice"),
    "robots-unknown": _temporary("robots.txt of the host answers with an error, so nothing may be asked for now"),
    "unresolved": _temporary("the page of the image is there, but does not say where the picture is"),
    "thumbnail": _temporary("the picture is smaller than its page says: the site gave a thumbnail in its place"),
    "name-taken": _temporary("the bytes are kept, but another file has the picture's name in the output folder"),
    "http-gone": _permanent("404, 410, 451 or another HTTP status that will not pass"),
    "gone": _permanent("the site says that the image is no longer there"),
    "bad-answer": _permanent("an answer that makes no sense: a redirect to nowhere, bytes other than their encoding"),
    "redirect": _permanent("redirected too often, or to an address that cannot be asked"),
    "bad-url": _permanent("not an http(s) address"),
    "no-address": _permanent("the source names no address for it, or none that can be asked"),
    "blocked-address": _permanent("it leads to an address or a port that URLs may not reach: docs/security.md"),
    "not-an-image": _permanent("the bytes are something else: HTML, JSON, video, nothing"),
    "not-a-video": _permanent("a picture or something else came for what the source calls a video"),
    "broken": _permanent("the bytes claim to be a picture but cannot be decoded"),
    "format-not-allowed": _skipped("an image format that HARVESTER_FORMATS does not list"),
    "too-small": _skipped("below IMAGES_MIN_WIDTH or IMAGES_MIN_HEIGHT"),
    "too-many-pixels": _skipped("more than HARVESTER_MAX_PIXELS, seen in the header before decoding"),
    "too-expensive": _skipped("it takes longer than HARVESTER_PICTURE_SECONDS or more than HARVESTER_WORKER_MEMORY"),
    "too-many-bytes": _skipped("more than DOWNLOAD_MAXSIZE, cut off while reading"),
    "robots": _skipped("robots.txt of the host forbids it"),
    "video": _skipped("the post calls it a video, a sound or an animation made into a video"),
    "noai": _skipped("the server says X-Robots-Tag: noai, noimageai or noml, and HARVESTER_OBEY_NOAI is on"),
    "account-not-listed": _skipped("the account has no row in the accounts file, so there is no name for the picture"),
    "type-not-wanted": _skipped("the source calls it a video, an image or audio, and `type` asks for something else"),
    "had-before": _skipped("the list given with `seen` names it: another program fetched it"),
}

NAMELESS = ("account-not-listed", "type-not-wanted", "video")
"""Reasons of images that are skipped because they have no name; once a source gives one, they are pending."""

NEVER_RETRIED = (*NAMELESS, "bad-url", "no-address", "had-before")
"""Reasons of images that not even `retry=all` requests, as they have no address or no name."""

NO_ANSWER = frozenset({"timeout", "dns", "connection"})
"""Reasons that mean that the host gave no answer at all."""

TEMPORARY_REASONS: tuple[str, ...] = tuple(word for word, reason in REASONS.items() if reason.temporary)

_TEMPORARY_CLIENT_ERRORS = frozenset({401, 403, 407, 408, 409, 418, 421, 423, 425, 429})


def reason_for_http_status(status: int) -> str:
    """The reason word for an HTTP status other than 200."""
    if status in _TEMPORARY_CLIENT_ERRORS or status >= 500:
        return "http-temporary"
    if 300 <= status < 400:
        return "redirect"
    return "http-gone"
