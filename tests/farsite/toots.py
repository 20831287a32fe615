"""The accounts and posts of farsite's Mastodon servers: all follow from a name and a number. Newest come first."""

from typing import Any

_FILES = "127.0.0.2"

POSTS = {"alice": 95, "bob": 80, "carol": 12, "dave": 3, "eve": 5, "gus": 6, "wild": 9, "old": 4, "shy": 4, "closed": 4,
         "ruth": 5, "ida": 125}  # fmt: skip
"""How many posts each account has: alice's pages end short, bob's at a full one. 1 to 4 pictures in each."""

IMPORTED_ABOVE = 5
"""Ida has imported all posts but her first ones: new ids, old dates."""

_OPT_OUTS: dict[str, dict[str, Any]] = {
    "shy": {"indexable": False},
    "hidden": {"noindex": True},
    "nobot": {"note": "<p>no robots: #<span>NoBot</span></p>"},
    "quiet": {"discoverable": False},
}
ACCOUNT_ERRORS = {"gone": 410, "locked": 401, "forbidden": 403, "closed": 422, "down": 503}
"""Account -> status of every answer about it."""

SPECIAL = ("moved", "suspended", *_OPT_OUTS)
NAMES = (*POSTS, *(name for name in SPECIAL if name not in POSTS))


def account(name: str, base: str) -> dict[str, Any]:
    """An Account as Mastodon writes it; empty texts where it is suspended."""
    data: dict[str, Any] = {
        "id": str(5000 + NAMES.index(name)),
        "username": name,
        "acct": name,
        "display_name": name.title(),
        "locked": False,
        "bot": False,
        "discoverable": None,
        "indexable": True,
        "noindex": False,
        "note": "<p>Hills, mostly.</p>",
        "url": f"{base}/@{name}",
        "uri": f"{base}/users/{name}",
        "statuses_count": POSTS.get(name, 0),
        "fields": [],
    }
    if name == "suspended":
        data |= {"suspended": True, "note": "", "display_name": ""}
    if name == "moved":
        data["moved"] = account("alice", base) | {"acct": "alice@new.example"}
    return data | _OPT_OUTS.get(name, {})


def statuses(name: str, base: str, port: int, extra: int = 0) -> list[dict[str, Any]]:
    """All posts of an account, newest first; `more` of them are newer than its usual ones."""
    numbers = range(POSTS.get(name, 0) + extra, 0, -1)
    if name == "carol":
        return [_carol_post(number, base, port) for number in numbers]
    shape = {"wild": _wild_post, "gus": _gus_post, "ruth": _ruth_post, "ida": _ida_post}.get(
        name, lambda status, number: status
    )
    return [shape(_status(name, number, base, port), number) for number in numbers]


def _status(name: str, number: int, base: str, port: int) -> dict[str, Any]:
    author = account(name, base)
    ident = f"11{NAMES.index(name):02}{number:08}"
    return {
        "id": ident,
        "created_at": f"2026-{1 + number // 25:02}-{1 + number % 25:02}T12:00:00.{number:03}Z",
        "in_reply_to_id": None,
        "in_reply_to_account_id": None,
        "sensitive": number % 5 == 0,
        "spoiler_text": "a hill" if number % 5 == 0 else "",
        "visibility": "unlisted" if number % 3 == 0 else "public",
        "language": "en",
        "uri": f"{author['uri']}/statuses/{ident}",
        "url": f"{author['url']}/{ident}",
        "content": f"<p>Post {number} of {name}<br>with <a href='{base}/tags/hills'>#<span>hills</span></a> &amp; sky",
        "reblog": None,
        "account": author,
        "media_attachments": [
            _attachment(ident, index, f"{base.partition(':')[0]}://{_FILES}:{port}") for index in range(1 + number % 4)
        ],
        "tags": [{"name": "hills", "url": f"{base}/tags/hills"}],
    }


def _attachment(post: str, index: int, files: str) -> dict[str, Any]:
    number = (int(post[2:4]) * 1000 + int(post[4:])) * 4 + index  # no two posts share a picture
    return {
        "id": f"{post}{index}",
        "type": "image",
        "url": f"{files}/numbered/{number}.jpg",
        "preview_url": f"{files}/numbered/{number}.jpg?small",
        "remote_url": None,
        "preview_remote_url": None,
        "text_url": None,
        "meta": {"original": {"width": 64, "height": 48}, "focus": {"x": 0.25, "y": -0.5}},
        "description": f"Picture {index} of {post}",
        "blurhash": "LGF5]+Yk^6#M@-5c,1J5@[or[Q6.",
    }


def _carol_post(number: int, base: str, port: int) -> dict[str, Any]:
    """Of carol's posts some are boosts of bob's, replies, for followers only, or without a picture."""
    status = _status("carol", number, base, port)
    kind = number % 6
    changes: dict[int, dict[str, Any]] = {
        1: {"reblog": _status("bob", number, base, port), "media_attachments": [], "visibility": "public"},
        2: {"in_reply_to_id": "7", "in_reply_to_account_id": "5001", "visibility": "public"},
        3: {"visibility": "private"},
        4: {"media_attachments": []},
        5: {"visibility": "direct"},
    }
    return status | changes.get(kind, {})


def _gus_post(status: dict[str, Any], number: int) -> dict[str, Any]:
    """Gus posts what is not simply a picture: no address yet, a proxy, a video, a GIF, a remote file, a sound."""
    first = status["media_attachments"][0]
    origin, proxy = first["url"], first["url"].replace("/numbered/", "/media_proxy/")
    changes: dict[int, dict[str, Any]] = {
        1: {"url": None, "preview_url": None},
        2: {"type": "unknown", "url": proxy, "remote_url": origin, "meta": None},
        3: {"type": "video", "url": origin.replace(".jpg", ".mp4")},
        4: {"type": "gifv", "url": origin.split("/numbered/")[0] + "/kind/gif-animated.gif"},
        5: {"url": None, "remote_url": None, "preview_url": origin},
        6: {"type": "audio", "url": origin.replace(".jpg", ".mp3"), "preview_url": None},
    }
    return status | {"media_attachments": [first | changes.get(number, {})]}


def _ruth_post(status: dict[str, Any], number: int) -> dict[str, Any]:
    """Ruth's pictures came from servers where they cannot be had: gone, in trouble, forbidden. Some have a copy."""
    first = status["media_attachments"][0]
    files, copy = first["url"].split("/numbered/")[0], first["url"]
    changes: dict[int, dict[str, Any]] = {
        1: {"remote_url": f"{files}/status/404?1"},
        2: {"remote_url": f"{files}/status/503?2", "url": f"{files}/status/404?2"},
        3: {"remote_url": f"{files}/forbidden/jpeg-rgb.jpg"},
        4: {"remote_url": f"{files}/status/404?4", "url": f"{files}/status/410?4", "preview_url": copy},
        5: {"remote_url": f"{files}/status/404?5", "url": copy.replace("/numbered/", "/media_proxy/")},
    }
    return status | {"media_attachments": [first | {"preview_url": None} | changes[number]]}


def _ida_post(status: dict[str, Any], number: int) -> dict[str, Any]:
    """Ida's imported posts are of 2019."""
    if number <= IMPORTED_ABOVE:
        return status
    return status | {"created_at": status["created_at"].replace("2026", "2019")}


def _wild_post(status: dict[str, Any], number: int) -> dict[str, Any]:
    """Wild's posts have wrong values in every place; only the odd-numbered ones keep a picture."""
    wrong: list[Any] = [None, 5, "", [], {}, "\0", "\ud800", -1.5, True]
    value = wrong[number % len(wrong)]
    names = ("created_at", "spoiler_text", "language", "tags", "in_reply_to_id", "content", "url")
    spoilt = dict.fromkeys(names, value)
    if number % 2 == 0:
        spoilt |= {"media_attachments": value, "account": value, "uri": value}
    return status | spoilt
