"""Routes that misbehave: errors, slowness, broken transfers, redirects, endless bodies."""

import asyncio
import functools
import itertools
import socket
import struct

from aiohttp import web

from tests.farsite import damage
from tests.farsite.files import body_of, kind, type_of
from tests.farsite.journal import JOURNAL

_JPEG = {"Content-Type": "image/jpeg"}
_DRIP_PAUSE = 0.2
_gzip_bomb = functools.cache(damage.gzip_bomb)


async def _status(request: web.Request) -> web.Response:
    code = int(request.match_info["code"])
    return web.Response(status=code, text=f"status {code}\n")


async def _status_at_first(request: web.Request) -> web.Response:
    calls = request.app[JOURNAL].times_called(request.raw_path)
    return await (_status(request) if calls < int(request.match_info["times"]) else kind(request))


async def _body_under_status(request: web.Request) -> web.Response:
    return web.Response(status=int(request.match_info["code"]), body=body_of(request), headers=type_of(request))


async def _retry_after(request: web.Request) -> web.Response:
    if request.app[JOURNAL].times_called(request.raw_path):
        return await kind(request)
    return web.Response(status=429, text="later\n", headers={"Retry-After": request.match_info["seconds"]})


async def _slow(request: web.Request) -> web.Response:
    await asyncio.sleep(float(request.match_info["seconds"]))
    return await kind(request)


async def _drip(request: web.Request) -> web.StreamResponse:
    answer = await _start_response(request, type_of(request))
    for byte in itertools.cycle(body_of(request) or b"\0"):
        await answer.write(bytes([byte]))
        await asyncio.sleep(_DRIP_PAUSE)
    return answer


async def _endless(request: web.Request) -> web.StreamResponse:
    answer, zeros = await _start_response(request, _JPEG), bytes(2**16)
    while True:
        await answer.write(zeros)


async def _truncated(request: web.Request) -> web.StreamResponse:
    return await _send_half(request, {"Content-Length": str(len(body_of(request)))})


async def _truncated_chunked(request: web.Request) -> web.StreamResponse:
    return await _send_half(request, {})


async def _send_half(request: web.Request, headers: dict[str, str]) -> web.StreamResponse:
    body = body_of(request)
    answer = await _start_response(request, type_of(request) | headers)
    await answer.write(body[: len(body) // 2])
    _connection(request).close()
    return answer


async def _start_response(request: web.Request, headers: dict[str, str]) -> web.StreamResponse:
    answer = web.StreamResponse(headers=headers)
    await answer.prepare(request)
    return answer


async def _reset(request: web.Request) -> web.Response:
    linger = struct.pack("ii", 1, 0)
    _connection(request).get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    _connection(request).abort()
    return web.Response()  # finds no connection any more


def _connection(request: web.Request) -> asyncio.Transport:
    if request.transport is None:
        raise ConnectionResetError("the client left")
    return request.transport


async def _not_gzip(request: web.Request) -> web.Response:
    return web.Response(body=body_of(request), headers=type_of(request) | {"Content-Encoding": "gzip"})


async def _zeros_in_gzip(_: web.Request) -> web.Response:
    body = await asyncio.to_thread(_gzip_bomb)
    return web.Response(body=body, headers=_JPEG | {"Content-Encoding": "gzip"})


async def _redirect(request: web.Request) -> web.Response:
    times, name = int(request.match_info["times"]), request.match_info["name"]
    if times == 0:
        return await kind(request)
    return _redirect_to_address(f"../../kind/{name}" if times == 1 else f"../{times - 1}/{name}")


async def _redirect_loop(_: web.Request) -> web.Response:
    return _redirect_to_address("redirect-loop")


async def _redirect_to(request: web.Request) -> web.Response:
    if "url" not in request.query:
        raise web.HTTPBadRequest(text="?url= is missing\n")
    return _redirect_to_address(request.query["url"])


def _redirect_to_address(address: str) -> web.Response:
    return web.Response(status=302, headers={"Location": address})


async def _html_as_jpeg(_: web.Request) -> web.Response:
    return web.Response(body=b"<!DOCTYPE html>\n<html><body>Please log in.</body></html>\n", headers=_JPEG)


ROUTES: list[web.RouteDef] = [
    web.get(r"/status/{code:\d+}", _status),
    web.get(r"/status/{code:\d+}/{times:\d+}/{name}", _status_at_first),
    web.get(r"/status/{code:\d+}/body/{name}", _body_under_status),
    web.get(r"/retry-after/{seconds:\d+}/{name}", _retry_after),
    web.get(r"/slow/{seconds:[\d.]+}/{name}", _slow),
    web.get("/drip/{name}", _drip),
    web.get("/endless", _endless),
    web.get("/cut/{name}", _truncated),
    web.get("/cut-chunked/{name}", _truncated_chunked),
    web.get("/reset", _reset),
    web.get("/gzip-bomb", _zeros_in_gzip),
    web.get("/gzip-junk/{name}", _not_gzip),
    web.get(r"/redirect/{times:\d+}/{name}", _redirect),
    web.get("/redirect-loop", _redirect_loop),
    web.get("/redirect-to", _redirect_to),
    web.get("/html-200", _html_as_jpeg),
]
