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
    "http-temporary": _temporary(
        "an HTTP status that may pass: 2xx except 200 and 203, 401, 403, 407, 408, 409, 418, 421, 423, 425, 429, 5xx"
    ),
    "timeout": _temporary("no complete response within DOWNLOAD_TIMEOUT"),
    "dns": _temporary("the host name has no address"),
    "connection": _temporary("refused, reset, interrupted, or a TLS certificate that is not trusted"),
    "truncated": _temporary("the image data ends too early"),
    "crashed": _temporary("the decoder crashed on it twice"),
    "robots-unknown": _temporary("the host's robots.txt returns an error, so nothing may be requested for now"),
    "unresolved": _temporary("the page of the image does not give the address of the file, or is of an unknown kind"),
    "thumbnail": _temporary("the image is smaller than its page says: the site sent a thumbnail instead"),
    "name-taken": _temporary("the bytes are stored, but the output folder has another file of that name"),
    "http-gone": _permanent("404, 410, 451 or another permanent HTTP status"),
    "gone": _permanent("the site says that the image is no longer there"),
    "bad-answer": _permanent("an invalid response: a redirect without a target, a body that cannot be unpacked"),
    "redirect": _permanent("redirected too often, or to an address that cannot be requested"),
    "bad-url": _permanent("not an http(s) address"),
    "no-address": _permanent("the source gives no address for it, or none that can be requested"),
    "blocked-address": _permanent("the URL leads to an address or a port that is not allowed: docs/security.md"),
    "not-an-image": _permanent("the bytes are something else: HTML, JSON, video, nothing"),
    "not-a-video": _permanent("the source calls it a video, but the bytes are an image or something else"),
    "broken": _permanent("the bytes look like an image but cannot be decoded"),
    "format-not-allowed": _skipped("an image format that HARVESTER_FORMATS does not list"),
    "too-small": _skipped("below IMAGES_MIN_WIDTH or IMAGES_MIN_HEIGHT"),
    "too-many-pixels": _skipped("more pixels than HARVESTER_MAX_PIXELS, according to the header"),
    "too-expensive": _skipped("more time than HARVESTER_PICTURE_SECONDS or more memory than HARVESTER_WORKER_MEMORY"),
    "too-many-bytes": _skipped("larger than DOWNLOAD_MAXSIZE; the download was aborted"),
    "robots": _skipped("the host's robots.txt forbids it"),
    "video": _skipped("the post calls it a video, audio, or an animation converted to a video"),
    "noai": _skipped("the server sends X-Robots-Tag: noai, noimageai or noml, and HARVESTER_OBEY_NOAI is on"),
    "account-not-listed": _skipped("the account has no row in the accounts file, so the image has no file name"),
    "type-not-wanted": _skipped("the source calls it a video, an image or audio, and `type` does not include that"),
    "had-before": _skipped("it is in the file given with `seen`: another program has fetched it"),
}

NAMELESS = ("account-not-listed", "type-not-wanted", "video")
"""Reasons of images that are skipped because they have no name; once a source gives one, they are pending."""

ADDRESSLESS = ("bad-url", "no-address")
"""Reasons of images that have no address that could be requested; once a source gives one, they are pending."""

NEVER_RETRIED = (*NAMELESS, *ADDRESSLESS, "had-before")
"""Reasons of images that not even `retry=all` requests, as they have no address or no name."""

_ADVICE = {
    "dns": "Check the network connection and the host names",
    "connection": "Check the network connection, and whether the server can be reached",
    "timeout": "Check the network connection, and whether the server can be reached",
    "http-temporary": "The server refuses for now, or wants a token",
    "name-taken": "Name an empty folder with -a output=DIR",
    "blocked-address": "If you trust these addresses, set HARVESTER_ALLOW_NETWORKS or HARVESTER_ALLOW_PORTS",
}


def advise(word: str) -> str:
    """What to do if every image failed for this reason."""
    advice = _ADVICE.get(word, "Correct the input" if word in NEVER_RETRIED else "Look at one address in a browser")
    if word in NEVER_RETRIED:
        return f"{advice}."
    return f"{advice}; the same command tries again{'' if REASONS[word].temporary else ' with -a retry=all'}."


NO_ANSWER = frozenset({"timeout", "dns", "connection"})
"""Reasons that mean that the host gave no answer at all."""

TEMPORARY_REASONS: tuple[str, ...] = tuple(word for word, reason in REASONS.items() if reason.temporary)

_TEMPORARY_CLIENT_ERRORS = frozenset({401, 403, 407, 408, 409, 418, 421, 423, 425, 429})


CONTENT_STATUSES = frozenset({200, 203})
"""HTTP statuses whose body is what was asked for; 203: passed on by a proxy that may have changed it (RFC 9110)."""


def reason_for_http_status(status: int) -> str:
    """The reason word for an HTTP status other than those of CONTENT_STATUSES.

    Another 2xx says that the server has not answered yet (202), or not with the whole file (206): RFC 9110, section
    15.3.
    """
    if status < 300 or status in _TEMPORARY_CLIENT_ERRORS or status >= 500:
        return "http-temporary"
    if 300 <= status < 400:
        return "redirect"
    return "http-gone"
