"""The host of Civitai's files.

Whatever an address ends in, it is `n` that says what comes: a picture, a PNG with its prompt inside, a video, nothing;
and a preview where the original was not asked for.
"""

import functools
import struct

from aiohttp import web

from tests.farsite import pictures, scenes
from tests.farsite.civitai import BUCKET, is_gone, is_video, uuid_of

REDIRECT_EVERY, PNG_EVERY = 50, 10
STILL_VIDEO = 34
"""A video of which the plain original is one still frame."""


async def _file(request: web.Request) -> web.Response:
    n, parameters = int(request.match_info["n"]), request.match_info["parameters"]
    if is_gone(n):
        return web.Response(status=404, text="Not found")
    if "original=true" not in parameters:
        return web.Response(body=pictures.KINDS["tiny.png"](), headers={"Content-Type": "image/jpeg"})
    if n % REDIRECT_EVERY == 7:
        return web.Response(status=301, headers={"Location": f"/file/civitai-media-cache/{uuid_of(n)}/original"})
    return _bytes_of(n, full="quality=100" in parameters)


async def _cached(request: web.Request) -> web.Response:
    return _bytes_of(int(request.match_info["n"]))


def _bytes_of(n: int, *, full: bool = False) -> web.Response:
    if is_video(n) and n < 2000:
        still = n == STILL_VIDEO and not full
        body = pictures.KINDS["webp.webp" if still else "movie.mp4"]() + (b"" if still else struct.pack(">I", n))
    elif n % PNG_EVERY == 3:
        body = pictures.with_text(_png(n), "parameters", f"file prompt {n}\nSteps: 20, Seed: {n}")
    else:
        body = pictures.picture_of_words(f"generated {n}")
    return web.Response(body=body, headers={"Content-Type": "application/octet-stream"})


@functools.lru_cache(maxsize=500)
def _png(n: int) -> bytes:
    return pictures.encoded(scenes.painting(n, 128, 96), "PNG")


ROUTES: list[web.RouteDef] = [
    web.get("/" + BUCKET + r"/00000000-0000-4000-8000-{n:\d+}/{parameters}/{name}", _file),
    web.get(r"/file/civitai-media-cache/00000000-0000-4000-8000-{n:\d+}/original", _cached),
]
