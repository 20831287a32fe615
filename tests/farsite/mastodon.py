"""Mastodon's API, and that of other software, below `/m/<software>`: mastodon, hometown, gotosocial, akkoma, pixelfed,
sharkey, friendica. An `instance` for the spider is such a base URL. Mastodon is at the root too, as real servers are;
handles of 127.0.0.3 have their home at 127.0.0.1, as webfinger says; other domains are in `domains.py`.

`/m/<software>~429` and the like make trouble: every address answers that way the first time it is asked, and well then:
~429 (rate headers as Mastodon's, reset within a second), ~503, ~cut (half a JSON text), ~html (a page for people).
`PUT /_mastodon/<name>/<n>` gives an account n more posts. `PUT /_mastodon/<name>/max_id/<how>` says how the pages of an
account or a timeline (`hills`, `public`, `list`) are given: `obeyed` as asked, `ignored` always the newest page,
`<number>` the newest page with so many more posts on top of each answer.
"""

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web

from tests.farsite import domains, toots
from tests.farsite.journal import JOURNAL
from tests.farsite.quirks import QUIRKS

Handler = Callable[[web.Request], Awaitable[web.Response]]
EXTRA_POSTS = web.AppKey("more", dict[str, int])
PAGING = web.AppKey("paging", dict[str, str])
_HASHTAG_ACCOUNTS = ("alice", "shy", "dave")
TOKEN = "sesame-4711"
"""The token of the one user of every server."""


class _ErrorResponse(Exception):
    def __init__(self, status: int, text: str = "This method requires an authenticated user") -> None:
        super().__init__(status)
        self.response = web.json_response({"error": text}, status=status)


def _with_faults(handler: Handler) -> Handler:
    async def handle(request: web.Request) -> web.Response:
        fault = request.match_info.get("software", "").partition("~")[2]
        if fault and not request.app[JOURNAL].times_called(request.raw_path):
            return await _faulty_response(request, fault, handler)
        try:
            return await handler(request)
        except _ErrorResponse as error:
            return error.response

    return handle


async def _faulty_response(request: web.Request, fault: str, handler: Handler) -> web.Response:
    if fault == "429":
        reset = datetime.now(UTC) + timedelta(seconds=1)
        rate = {"X-RateLimit-Limit": "300", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": f"{reset:%FT%T.%fZ}"}
        return web.json_response({"error": "Too many requests"}, status=429, headers=rate)
    if fault == "html":
        return web.Response(text="<html><title>Just a moment...</title></html>", content_type="text/html")
    if fault == "cut":
        text = (await handler(request)).text or ""
        return web.Response(text=text[: len(text) // 2], content_type="application/json")
    return web.json_response({"error": "Remote data could not be fetched"}, status=int(fault))


def _base(request: web.Request) -> str:
    software = request.match_info.get("software")
    return f"{request.scheme}://{request.host}" + (f"/m/{software}" if software else "")


def _software(request: web.Request) -> str:
    return request.match_info.get("software", "mastodon").partition("~")[0]


def _check_token(request: web.Request, endpoint: str) -> None:
    """GoToSocial and Pixelfed show nothing without a token; a token has to be the right one."""
    token = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if token not in ("", TOKEN):
        raise _ErrorResponse(401, "The access token was revoked")
    status = QUIRKS[_software(request)].needs_token.get(endpoint, 0)
    if status and not token:
        raise _ErrorResponse(status)


async def _lookup(request: web.Request) -> web.Response:
    _check_token(request, "lookup")
    acct = request.query.get("acct", "").removeprefix("@")
    name = acct.removesuffix(f"@{request.host}").removesuffix(f"@{domains.account_domain(request)}").lower()
    if name in toots.ACCOUNT_ERRORS and name not in toots.NAMES:
        raise _ErrorResponse(toots.ACCOUNT_ERRORS[name], "")
    if name not in toots.NAMES:
        if not QUIRKS[_software(request)].loose_lookup:
            raise _ErrorResponse(404, "Record not found")
        name = "alice"
    return web.json_response(QUIRKS[_software(request)].account(toots.account(name, _base(request))))


async def _account_statuses(request: web.Request) -> web.Response:
    _check_token(request, "statuses")
    number = int(request.match_info["id"]) - 5000
    if not 0 <= number < len(toots.NAMES):
        raise _ErrorResponse(404, "Record not found")
    name = toots.NAMES[number]
    if name in toots.ACCOUNT_ERRORS:
        raise _ErrorResponse(toots.ACCOUNT_ERRORS[name])
    _grow(request, name, name)
    posts = [post for post in _posts(request, name) if _matches_query(request, post)]
    return _page(request, name, posts, always_next=False)


def _matches_query(request: web.Request, post: dict[str, Any]) -> bool:
    """Mastodon reads every word but a few as true; the others are left as they are."""

    def is_set(name: str) -> bool:
        return request.query.get(name, "") not in ("", "0", "f", "F", "false", "FALSE", "off", "OFF")

    author_id = post["account"].get("id") if isinstance(post["account"], dict) else None
    is_reply = post["in_reply_to_id"] and post["in_reply_to_account_id"] != author_id
    is_public = post["visibility"] in ("public", "unlisted") or "Authorization" in request.headers
    return (
        is_public
        and not (is_set("exclude_reblogs") and post["reblog"])
        and not (is_set("only_media") and (post["reblog"] or not post["media_attachments"]))
        and not (is_set("exclude_replies") and is_reply)
    )


async def _tag(request: web.Request) -> web.Response:
    _check_token(request, "tag")
    if request.match_info["tag"] == "closed":
        raise _ErrorResponse(422)
    return _timeline(request, "hills", _HASHTAG_ACCOUNTS if request.match_info["tag"] == "hills" else ())


async def _public(request: web.Request) -> web.Response:
    _check_token(request, "public")
    return _timeline(request, "public", ("alice",) if request.query.get("local") == "true" else _HASHTAG_ACCOUNTS)


def _timeline(request: web.Request, paging: str, names: tuple[str, ...]) -> web.Response:
    for name in names[:1]:
        _grow(request, paging, name)
    posts = [post for name in names for post in _posts(request, name) if post["visibility"] == "public"]
    posts.sort(key=lambda post: post["created_at"], reverse=True)
    return _page(request, paging, posts, always_next=True)


def _grow(request: web.Request, paging: str, name: str) -> None:
    """Give the account more posts with this answer, where that is asked for."""
    if (more := request.app[PAGING].get(paging, "")).isdigit():
        extra = request.app[EXTRA_POSTS]
        extra[name] = extra.get(name, 0) + int(more)


def _posts(request: web.Request, name: str) -> list[dict[str, Any]]:
    port = request.url.port or 80
    return toots.statuses(name, _base(request), port, request.app[EXTRA_POSTS].get(name, 0))


def _page(request: web.Request, paging: str, posts: list[dict[str, Any]], *, always_next: bool) -> web.Response:
    """At most 40 posts with the Link header of the software. A timeline has `next` until a page is empty."""
    quirk = QUIRKS[_software(request)]
    limit = min(int(request.query.get("limit", "20")), 40)
    ids = [quirk.ident(post["id"]) for post in posts]
    is_obeyed = request.app[PAGING].get(paging, "obeyed") == "obeyed"
    if is_obeyed and (last := request.query.get("max_id")) is not None:
        start = ids.index(last) + 1 if last in ids else len(ids)
        posts = posts[start:]
    page = [quirk.status(post) for post in posts[:limit]]
    headers = {}
    if page and quirk.links:
        kept_query = {key: value for key, value in request.query.items() if key in ("limit", "local")}
        links = [("prev", {"min_id": page[0]["id"]})]
        if always_next or len(page) == limit:
            links.insert(0, ("next", {"max_id": page[-1]["id"]}))
        headers["Link"] = ", ".join(
            f'<{request.url.with_scheme("http").with_query({**kept_query, **cursor})}>; rel="{rel}"'
            for rel, cursor in links
        )
    repeated = [post for post in page for _ in range(_file_count(post) if quirk.repeats else 1)]
    return web.Response(text=json.dumps(repeated), content_type="application/json", headers=headers)


def _file_count(post: dict[str, Any]) -> int:
    media = post["media_attachments"]
    return max(1, len(media)) if isinstance(media, list) else 1


async def _single_status(request: web.Request) -> web.Response:
    _check_token(request, "statuses")
    status_id = request.match_info["id"]
    for name in toots.POSTS:
        for post in _posts(request, name):
            if QUIRKS[_software(request)].ident(post["id"]) == status_id and _matches_query(request, post):
                return web.json_response(QUIRKS[_software(request)].status(post))
    raise _ErrorResponse(404, "Not Found")


async def _search(request: web.Request) -> web.Response:
    """Alice's newest post, whatever its address; `resolve` needs a token."""
    if "resolve" in request.query and not request.headers.get("Authorization"):
        raise _ErrorResponse(401)
    return web.json_response({"accounts": [], "hashtags": [], "statuses": _posts(request, "alice")[:1]})


async def _list(request: web.Request) -> web.Response:
    if request.headers.get("Authorization") != f"Bearer {TOKEN}":
        raise _ErrorResponse(401, "The access token is invalid")
    return _timeline(request, "list", ("dave",))


async def _instance(request: web.Request) -> web.Response:
    """What the server is; whose accounts it has."""
    return web.json_response({"uri": domains.account_domain(request), "title": "farsite", "version": "4.4.0"})


async def _webfinger(request: web.Request) -> web.Response:
    user = request.query.get("resource", "").removeprefix("acct:").partition("@")[0]
    if user not in toots.NAMES or domains.has_only_host_meta(request):
        return web.Response(status=404)
    home = f"{request.scheme}://{request.host.replace('127.0.0.3', '127.0.0.1')}"
    actor = {"rel": "self", "type": "application/activity+json", "href": f"{home}/users/{user}"}
    answer = {"subject": f"acct:{user}@{domains.account_domain(request)}", "links": [actor]}
    return web.json_response(answer, content_type="application/jrd+json")


async def _add_posts(request: web.Request) -> web.Response:
    request.app[EXTRA_POSTS][request.match_info["name"]] = int(request.match_info["n"])
    return web.Response(status=204)


async def _set_paging(request: web.Request) -> web.Response:
    request.app[PAGING][request.match_info["name"]] = request.match_info["how"]
    return web.Response(status=204)


_SOFTWARE = r"/m/{software:(?:mastodon|hometown|gotosocial|akkoma|pixelfed|sharkey|friendica)(?:~\w+)?}"
_API: dict[str, Handler] = {
    "/api/v1/accounts/lookup": _lookup,
    r"/api/v1/accounts/{id:\d+}/statuses": _account_statuses,
    "/api/v1/timelines/tag/{tag}": _tag,
    "/api/v1/timelines/public": _public,
    "/api/v1/timelines/list/{id}": _list,
    "/api/v1/statuses/{id}": _single_status,
    "/api/v2/search": _search,
    "/api/v1/instance": _instance,
}
ROUTES: list[web.RouteDef] = [
    *(web.get(f"{root}{path}", _with_faults(handler)) for root in ("", _SOFTWARE) for path, handler in _API.items()),
    web.get("/.well-known/webfinger", _webfinger),
    web.put(r"/_mastodon/{name}/{n:\d+}", _add_posts),
    web.put(r"/_mastodon/{name}/max_id/{how:\w+}", _set_paging),
]
