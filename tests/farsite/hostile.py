"""Sites that answer every question with what harms its reader: `/hostile/<how>/…`, whatever is asked for."""

import asyncio
import json
from collections.abc import Callable

from aiohttp import web

_MB = 2**20

BODIES: dict[str, Callable[[], bytes]] = {
    "deep": lambda: b'{"items":' + b"[" * 200_000,
    "nested": lambda: b'{"items":' + b"[" * 500 + b"]" * 500 + b"}",
    "digits": lambda: b'{"items":[{"id":' + b"9" * 5000 + b"}]," + b'"metadata":{"nextCursor":' + b"9" * 5000 + b"}}",
    "types": lambda: b'{"items":{"a":1},"metadata":[],"id":{},"acct":7}',
    "text": lambda: b'"items"',
    "nul": lambda: b'{"items":[\0]}' + bytes(1000),
    "noutf8": lambda: b'\xff\xfe{"items":[{"id":1,"username":"\xc3\x28"}]}'[2:4] + b"\xc3\x28",
    "html": lambda: b"<!DOCTYPE html><html><body><div>" + b"<div>" * 50_000 + b"Welcome</body></html>",
    "cells": lambda: b"<html><body>" + b'<table><tr><td id="img-7">' * 30_000 + b"</body></html>",
    "values": lambda: b'{"items":[' + b"{}," * 4_000_000 + b"{}]}",
    "nothing": lambda: b"",
    "cut": lambda: b'{"items":[{"id":1,',
}
"""What the answer is, whole."""


async def hostile_response(request: web.Request, kind: str) -> web.StreamResponse:
    """The answer of that kind, whatever was asked for."""
    if kind in _OTHERS:
        return await _OTHERS[kind](request)
    body = await asyncio.to_thread(BODIES[kind])
    return web.Response(body=body, content_type="text/html" if kind in ("html", "cells") else "application/json")


async def _hostile_route(request: web.Request) -> web.StreamResponse:
    return await hostile_response(request, request.match_info["how"])


async def _endless(request: web.Request) -> web.StreamResponse:
    """100 MB and more of good JSON that does not end."""
    answer = web.StreamResponse(headers={"Content-Type": "application/json"})
    await answer.prepare(request)
    await answer.write(b'{"items":[')
    piece = b'{"id":1,"url":"' + b"x" * 65_000 + b'"},'
    while True:
        await answer.write(piece)


async def _pages(request: web.Request) -> web.Response:
    """The same three items under ever new cursors, for every kind of API."""
    at = int(request.query.get("cursor") or request.query.get("max_id") or 0) + 1
    items = [
        {"id": n, "url": f"http://127.0.0.2:{request.url.port}/numbered/{n}.jpg", "type": "image"} for n in (1, 2, 3)
    ]
    return web.json_response({"items": items, "metadata": {"nextCursor": str(at)}})


async def _posts(request: web.Request) -> web.Response:
    """An account with the same post for ever, under ids that never come twice."""
    if request.path.endswith("/lookup"):
        return web.json_response({"id": "1", "acct": "eve", "url": "http://x/@eve"})
    at = int(request.query.get("max_id", 10**9)) - 1
    picture = {"id": "5", "type": "image", "url": f"http://127.0.0.2:{request.url.port}/numbered/5.jpg"}
    account = {"id": "1", "acct": "eve", "indexable": True}
    post = {
        "id": str(at),
        "uri": "http://x/5",
        "visibility": "public",
        "account": account,
        "media_attachments": [picture],
    }
    link = f'<{request.url.with_query({"max_id": str(at)})}>; rel="next"'
    return web.Response(text=json.dumps([post]), content_type="application/json", headers={"Link": link})


_OTHERS = {"endless": _endless, "pages": _pages, "posts": _posts}
ROUTES: list[web.RouteDef] = [web.get("/hostile/{how}/{rest:.*}", _hostile_route)]
