"""Routes that deliver a file the way a good server does."""

import asyncio
import functools
from pathlib import PurePosixPath

from aiohttp import web

from tests.farsite import pictures

CONTENT_TYPES = {
    ".avif": "image/avif",
    ".bmp": "image/bmp",
    ".gif": "image/gif",
    ".html": "text/html",
    ".ico": "image/x-icon",
    ".jp2": "image/jp2",
    ".jpg": "image/jpeg",
    ".json": "application/json",
    ".mp4": "video/mp4",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".tif": "image/tiff",
    ".webp": "image/webp",
}
_JPEG = {"Content-Type": "image/jpeg"}
_ROBOTS_STATUS = {"127.0.0.4": 503, "127.0.0.5": 404}
_photo = functools.lru_cache(256)(pictures.photo)


def body_of(request: web.Request) -> bytes:
    """The bytes of the kind the `{name}` in the address asks for; 404 when there is no such kind."""
    name = request.match_info["name"]
    if name not in pictures.KINDS:
        raise web.HTTPNotFound(text=f"farsite has no kind {name!r}\n")
    return pictures.KINDS[name]()


def type_of(request: web.Request) -> dict[str, str]:
    """The Content-Type header that belongs to the extension in the address."""
    suffix = PurePosixPath(request.match_info["name"]).suffix
    return {"Content-Type": CONTENT_TYPES.get(suffix, "application/octet-stream")}


async def kind(request: web.Request) -> web.Response:
    """The file, whole and at once."""
    return web.Response(body=body_of(request), headers=type_of(request))


async def _numbered(request: web.Request) -> web.Response:
    return web.Response(body=pictures.numbered(int(request.match_info["n"])), headers=_JPEG)


async def _picture_of_words(request: web.Request) -> web.Response:
    return web.Response(body=pictures.picture_of_words(request.match_info["words"]), headers=_JPEG)


async def _generated(request: web.Request) -> web.Response:
    infotext = f"{request.match_info['prompt']}\nSteps: 20, Sampler: Euler a, Seed: 42"
    return web.Response(body=pictures.with_text(pictures.KINDS["png-rgb.png"](), "parameters", infotext))


async def _photo_file(request: web.Request) -> web.Response:
    body = await asyncio.to_thread(_photo, int(request.match_info["n"]), **_size(request))
    return web.Response(body=body, headers=_JPEG)


async def _closing_connection(request: web.Request) -> web.Response:
    """The connection is not kept, so the next request needs a new one."""
    answer = web.Response(body=pictures.numbered(int(request.match_info["n"])), headers=_JPEG)
    answer.force_close()
    return answer


def _size(request: web.Request) -> dict[str, int]:
    try:
        return {side: int(request.query[side]) for side in ("width", "height") if side in request.query}
    except ValueError as error:
        raise web.HTTPBadRequest(text="?width= and ?height= are numbers of pixels\n") from error


async def _robots(request: web.Request) -> web.Response:
    status = _ROBOTS_STATUS.get(request.host.partition(":")[0], 200)
    if status != 200:
        return web.Response(status=status, text="User-agent: *\nDisallow: /\n")
    return web.Response(text="User-agent: *\nDisallow: /forbidden/\n")


ROUTES: list[web.RouteDef] = [
    web.get("/kind/{name}", kind),
    web.get(r"/numbered/{n:\d+}.jpg", _numbered),
    web.get(r"/closing/{n:\d+}.jpg", _closing_connection),
    web.get(r"/photo/{n:\d+}.jpg", _photo_file),
    web.get("/said/{words}.jpg", _picture_of_words),
    web.get("/generated/{prompt}.png", _generated),
    web.get("/robots.txt", _robots),
    web.get("/forbidden/{name}", kind),
]
