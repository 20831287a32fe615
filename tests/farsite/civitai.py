"""Civitai's images API, good and bad: `username` or `postId` says which trouble is wanted.

Without them it is a good feed of 1,100 items with everything the real one has: an empty page in the middle, items that
come twice, videos, deleted users, extensions that lie, files that are gone, a 503 with Retry-After.
"""

import json
from typing import Any

from aiohttp import web

from tests.farsite import hostile
from tests.farsite.journal import JOURNAL

ITEM_COUNT = 1100
BUCKET = "xG1nkqKTMzGDvpLrqFT7WA"
GOOD_KEY = "civitai-key-0123456789abcdef"
BUSY_KEY = "busy"
"""A key whose check is put off by a minute, again and again."""

COUNTS = ("cryCount", "laughCount", "likeCount", "dislikeCount", "heartCount", "commentCount")

VIDEO_EVERY, GONE_EVERY, NO_USER_EVERY = 25, 97, 13

EMPTY_PAGE_AFTER = 400
"""Behind so many items comes an empty page with a cursor."""

_REGION = {"error": "Access to this service is not available in your region due to legal restrictions.",
           "code": "REGION_BLOCKED"}  # fmt: skip
_DEAD_CURSOR = {"message": "This cursor can no longer be continued; start again without it"}
_TOO_MANY_PAGES = {"error": "You've requested too many pages, please use cursors instead"}
_MAINTENANCE = "<!DOCTYPE html><html><body>We are down for maintenance.</body></html>"
_BUSY = {"error": "Server busy, please retry shortly."}


def is_video(n: int) -> bool:
    """Which items of the good feed are videos."""
    return n % VIDEO_EVERY == 9


def is_gone(n: int) -> bool:
    """Which files the good feed lists but does not have."""
    return n % GONE_EVERY == 5


def hearts(n: int) -> int:
    """Hearts of an item of the good feed, 0 to 39."""
    return n * 7 % 40


def uuid_of(n: int) -> str:
    """The identity of the file of item n."""
    return f"00000000-0000-4000-8000-{n:012d}"


def prompt_of(n: int) -> str:
    """The prompt of item n; every third has none."""
    return "" if n % 3 == 0 else f"a castle no. {n}, <lora:mist:0.6>\nat dawn"


def item(n: int, files: str, **changes: Any) -> dict[str, Any]:
    """Item n as the API gives it with all the with* flags."""
    kind = "video" if is_video(n) else "image"
    address = f"{files}/{BUCKET}/{uuid_of(n)}/width=450/{uuid_of(n)}.{'mp4' if kind == 'video' else 'jpeg'}"
    return {
        "id": n,
        "url": address,
        "hash": "U8Q]+w00~q",
        "width": 64,
        "height": 64,
        "nsfwLevel": "None",
        "type": kind,
        "nsfw": False,
        "browsingLevel": 1,
        "createdAt": f"2025-0{1 + n % 9}-15T19:58:26.745Z",
        "postId": 7,
        "stats": dict.fromkeys(COUNTS, 0) | {"heartCount": hearts(n), "likeCount": n % 5},
        "meta": _meta(n),
        "username": None if n % NO_USER_EVERY == 0 else f"User_{n % 4}",
        "baseModel": "SDXL 1.0",
        "modelVersionIds": [n % 6 + 1],
        "tags": [{"id": 5, "name": "castle"}, {"id": n % 3, "name": f"tag {n % 3}"}],
        **changes,
    }


def _meta(n: int) -> dict[str, Any] | None:
    if not prompt_of(n):
        return None
    return {"prompt": prompt_of(n), "negativePrompt": "blurry", "Model": f"castles v{n % 6}", "sampler": "Euler a",
            "seed": n * 1000, "steps": "20", "comfy": '{"prompt": {}, "workflow": undefined}'}  # fmt: skip


async def _me(request: web.Request) -> web.Response:
    if request.headers.get("Authorization") == f"Bearer {GOOD_KEY}":
        return web.json_response({"id": 1, "username": "me"})
    if request.headers.get("Authorization") == f"Bearer {BUSY_KEY}":
        return web.json_response(_BUSY, status=429, headers={"Retry-After": "60"})
    return web.json_response({"error": "Unauthorized"}, status=401)


async def _images(request: web.Request) -> web.StreamResponse:
    query = request.query
    if "Nonsense" in query.get("baseModels", ""):
        complaint = [{"path": ["baseModels", 0], "message": "Invalid option"}]
        return web.json_response({"error": {"name": "ZodError", "message": json.dumps(complaint)}}, status=400)
    files = f"http://127.0.0.2:{request.url.port}"
    fault = query.get("username") or {"666": "hostile", "667": "big", "668": "names"}.get(query.get("postId", ""), "")
    if fault.startswith("hostile_"):
        return await hostile.hostile_response(request, fault.removeprefix("hostile_"))
    if fault:
        return await _FAULTS[fault](request, files)
    if "ids" in query:
        ids = {int(word) for word in query["ids"].split(",")}
        return _json_page(request, [item(n, files) for n in sorted(ids) if n <= ITEM_COUNT], None)
    return await _feed(request, files)


async def _feed(request: web.Request, files: str) -> web.Response:
    cursor, limit = request.query.get("cursor", "feed:0:0"), int(request.query.get("limit", "50"))
    if cursor == f"feed:{EMPTY_PAGE_AFTER}:empty":
        return _json_page(request, [], f"feed:{EMPTY_PAGE_AFTER}:0")
    start = int(cursor.split(":")[1])
    if start == 2 * limit and not request.app[JOURNAL].times_called("civitai busy"):
        return web.json_response(_BUSY, status=503, headers={"Retry-After": "0", "Cache-Control": "no-store"})
    numbers = list(range(start + 1, min(start + limit, ITEM_COUNT) + 1))
    kind = request.query.get("type")
    items = [item(n, files) for n in numbers if kind in (None, "video" if is_video(n) else "image")]
    if start == limit:
        items.append(item(3, files))  # a newer item has shifted the pages
    end = numbers[-1]
    following = None if end == ITEM_COUNT else f"feed:{end}:{'empty' if end == EMPTY_PAGE_AFTER else 0}"
    return _json_page(request, items, following)


def _json_page(request: web.Request, items: list[Any], cursor: str | None) -> web.Response:
    if request.query.get("withMeta") != "true":
        items = [{**item, "meta": None} for item in items]
    metadata = (
        {} if cursor is None else {"nextCursor": cursor, "nextPage": str(request.url.update_query(cursor=cursor))}
    )
    return web.json_response({"items": items, "metadata": metadata})


def _ten_items(start: int, files: str, **changes: Any) -> list[dict[str, Any]]:
    stats = {**dict.fromkeys(COUNTS, 0), "heartCount": 99}
    return [item(n, files, stats=stats, type="image", **changes) for n in range(start, start + 10)]


def _second_page(status: int, body: Any) -> Any:
    """A good first page; then an error, for ever."""

    async def answer(request: web.Request, files: str) -> web.Response:
        if "cursor" not in request.query:
            return _json_page(request, _ten_items(2001, files, username=request.query["username"]), "2")
        if isinstance(body, str):
            return web.Response(status=status, text=body, content_type="text/html")
        return web.json_response(body, status=status)

    return answer


def _expired(body: Any) -> Any:
    """The cursor of the second page dies once, with these words."""

    async def answer(request: web.Request, files: str) -> web.Response:
        if "cursor" not in request.query:
            return _json_page(request, _ten_items(2001, files, username=request.query["username"]), "feed:9:2")
        if not request.app[JOURNAL].times_called(f"civitai expired {body}"):
            return web.json_response(body, status=400)
        return _json_page(request, _ten_items(2011, files, username=request.query["username"]), None)

    return answer


async def _capped(request: web.Request, files: str) -> web.Response:
    if "cursor" in request.query:
        return _json_page(request, _ten_items(2011, files, username=request.query["username"]), None)
    return _json_page(request, _ten_items(2001, files, username=request.query["username"]), "feed:9:2")


async def _empty(request: web.Request, _files: str) -> web.Response:
    return _json_page(request, [], None)


async def _full(request: web.Request, files: str) -> web.Response:
    """A page with as many items as were asked for, and no cursor."""
    numbers = range(2001, 2001 + int(request.query["limit"]))
    return _json_page(request, [item(n, files, username="full") for n in numbers], None)


async def _loop(request: web.Request, files: str) -> web.Response:
    return _json_page(request, _ten_items(2001, files, username=request.query["username"]), "again")


async def _ignored(request: web.Request, files: str) -> web.Response:
    """The first page for the first cursor too, under a new cursor; then pages as they should be."""
    at, user = int(request.query.get("cursor", "1")), request.query["username"]
    if at == 2 and not request.app[JOURNAL].times_called("civitai ignored"):
        return _json_page(request, _ten_items(2001, files, username=user), "3")
    return _json_page(request, _ten_items(1991 + 10 * at, files, username=user), str(at + 1) if at < 3 else None)


async def _zero(request: web.Request, files: str) -> web.Response:
    zero = [item(n, files, stats=dict.fromkeys(COUNTS, 0), username="zero") for n in range(2001, 2011)]
    return _json_page(request, zero, None)


async def _moved(request: web.Request, files: str) -> web.Response:
    if request.url.host == "127.0.0.3":
        return _json_page(request, _ten_items(2001, files, username=request.query["username"]), None)
    return web.Response(status=302, headers={"Location": str(request.url.with_host("127.0.0.3"))})


async def _echo(request: web.Request, files: str) -> web.Response:
    """Repeats the key: as a prompt on a good first page, then in an error, for ever."""
    key = request.headers.get("Authorization", "")
    if "cursor" not in request.query:
        return _json_page(request, _ten_items(2001, files, username="echo", meta={"prompt": key}), "2")
    return web.json_response({"error": f"no such thing for {key}"}, status=400)


async def _garbled(request: web.Request, files: str) -> web.Response:
    """A good first page; then bytes that are not in the encoding they claim, for ever."""
    if "cursor" not in request.query:
        return _json_page(request, _ten_items(2001, files, username=request.query["username"]), "2")
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    return web.Response(body=b"\x1f\x8b garbage", headers=headers)


async def _lost(request: web.Request, files: str) -> web.Response:
    """A good first page; then a redirect to what is no address, for ever."""
    if "cursor" not in request.query:
        return _json_page(request, _ten_items(2001, files, username=request.query["username"]), "2")
    return web.Response(status=302, headers={"Location": "http://[nowhere/"})


async def _repaired(request: web.Request, files: str) -> web.Response:
    """A good first page; then a page of maintenance with status 200, once; then the last page."""
    if "cursor" not in request.query:
        return _json_page(request, _ten_items(2001, files, username=request.query["username"]), "2")
    if not request.app[JOURNAL].times_called("civitai repaired"):
        return web.Response(text=_MAINTENANCE, content_type="text/html")
    return _json_page(request, _ten_items(2011, files, username=request.query["username"]), None)


async def _deleted(request: web.Request, files: str) -> web.Response:
    """Everybody's feed, nameless users among them, as the site gives it for a user who was deleted."""
    return await _feed(request, files)


async def _closing(request: web.Request, files: str) -> web.Response:
    """The user is deleted behind the first page."""
    if "cursor" not in request.query:
        return _json_page(request, _ten_items(2001, files, username="closing"), "feed:0:0")
    return await _feed(request, files)


async def _renamed(request: web.Request, files: str) -> web.Response:
    """Items of a later version of the API: none has an id where it was."""
    items = [{"imageId": entry.pop("id"), **entry} for entry in _ten_items(2001, files, username="renamed")]
    return _json_page(request, items, "2")


async def _challenge(_request: web.Request, _files: str) -> web.Response:
    return web.Response(status=403, text="<html>Just a moment...</html>", content_type="text/html")


async def _nested(request: web.Request, files: str) -> web.Response:
    items = [
        {**entry, "meta": {"id": entry["id"], "meta": entry["meta"]}}
        for entry in _ten_items(2001, files, username="nested")
    ]
    return _json_page(request, items, None)


async def _hostile(request: web.Request, files: str) -> web.Response:
    good, *others = _ten_items(2001, files, postId=666)
    others[0] |= {"username": "../../../etc", "meta": {"prompt": 5, "seed": [1], "Model": {"a": "b"}}}
    others[1] |= {"username": "CON", "meta": "text", "tags": "none", "stats": []}
    others[2] |= {"url": "file:///etc/passwd"}
    others[3] |= {"url": None}
    others[4] |= {"id": "2006"}
    others[5] |= {"username": ".\x00\u202e\ud800 ", "meta": {"prompt": "\ud800\x00x", "seed": 2**70}}
    others[6] |= {"meta": {"prompt": "p" * 100_000}, "tags": [{"name": "t" * 900}, {"name": "\x00"}, 5, {}]}
    others[7] |= {"username": "x" * 5000}
    others[8] |= {"stats": {"heartCount": 10**400}}
    body = json.dumps({"items": [good, *others, None, 7, [], {}], "metadata": {}})
    body = body.replace('"steps": "20"', '"steps": 1e999').replace('"seed": 2001000', f'"seed": {"9" * 5000}')
    return web.Response(text=body, content_type="application/json")


HOSTILE_MODELS = (
    "../../../../etc", ".git", "-rf", "CON", "nul .png", "a\u202eb", "image_download.log", "Download_Status.JSON",
    "\u753b" * 300, "Castle", "CASTLE", "caf\u00e9", "cafe\u0301", "/", "C:\\", "a\nb", "\u3164",
)  # fmt: skip
"""What a model may be called; each of them made one picture."""


async def _names(request: web.Request, files: str) -> web.Response:
    stats = {**dict.fromkeys(COUNTS, 0), "heartCount": 99}
    items = [
        item(7001 + n, files, stats=stats, type="image", postId=668, meta={"prompt": "=1+1", "Model": model})
        for n, model in enumerate(HOSTILE_MODELS)
    ]
    return _json_page(request, items, None)


async def _big(request: web.Request, files: str) -> web.Response:
    """Images enough to keep a crawl busy: 600 a page, three pages, 1,800 in all."""
    start = int(request.query.get("cursor", "3000"))
    stats = {**dict.fromkeys(COUNTS, 0), "heartCount": 99}
    items = [item(n, files, stats=stats, type="image", postId=667) for n in range(start, start + 600)]
    return _json_page(request, items, str(start + 600) if start < 4200 else None)


FORGED = "\x1b]0;pwned\x07\x1b[2J\x9b31m\u202e\r\n2026-01-01 00:00:00 [harvester] INFO: all is well"
"""An error text that would be more than that on a terminal."""

_FAULTS = {
    "blocked": _second_page(451, _REGION),
    "toomany": _second_page(429, _TOO_MANY_PAGES),
    "maintenance": _second_page(200, _MAINTENANCE),
    "repaired": _repaired,
    "down": _second_page(500, {"error": "An unexpected error occurred", "code": "INTERNAL_SERVER_ERROR"}),
    "nobody": _second_page(404, {"error": "User not found", "code": "NOT_FOUND"}),
    "forger": _second_page(500, {"error": FORGED}),
    "expired": _expired(_DEAD_CURSOR),
    "refused": _expired({"message": "Invalid input"}),
    "empty": _empty,
    "full": _full,
    "capped": _capped,
    "loop": _loop,
    "ignored": _ignored,
    "zero": _zero,
    "moved": _moved,
    "echo": _echo,
    "garbled": _garbled,
    "lost": _lost,
    "challenge": _challenge,
    "deleted": _deleted,
    "closing": _closing,
    "renamed": _renamed,
    "nothing": _second_page(200, ""),
    "listed": _second_page(200, []),
    "nested": _nested,
    "hostile": _hostile,
    "big": _big,
    "names": _names,
}


ROUTES: list[web.RouteDef] = [
    web.get("/api/v1/me", _me),
    web.get("/api/v1/images", _images),
]
