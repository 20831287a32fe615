"""Routes of hosts that set limits: refusals, rate limits, block pages, X-Robots-Tag.

Hosts are told apart by their names without the port. What a host remembers is forgotten when the journal is cleared.
"""

import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from aiohttp import web

from tests.farsite import pictures
from tests.farsite.files import kind
from tests.farsite.journal import JOURNAL

_HTML = {"Content-Type": "text/html"}
_JPEG = {"Content-Type": "image/jpeg"}
_BLOCK = '<html><title>Human verification</title><form><input name="captcha"></form></html>\n'


def _time_in(seconds: float) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


_HEADERS = {
    "seconds": lambda wait: {"Retry-After": str(round(wait))},
    "date": lambda wait: {"Retry-After": format_datetime(_time_in(wait), usegmt=True)},
    "iso": lambda wait: {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": _time_in(wait).isoformat()},
    "epoch": lambda wait: {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(round(_time_in(wait).timestamp()))},
    "none": lambda wait: {},
}


async def _limited(request: web.Request) -> web.Response:
    """After so many answers the host refuses everything for so many seconds, once."""
    journal, host = request.app[JOURNAL], request.host.partition(":")[0]
    allowed, wait = int(request.match_info["allowed"]), float(request.match_info["seconds"])
    calls = journal.times_called(f"limited {host}")
    if calls == allowed:
        journal.closed_until[host] = time.monotonic() + wait
    if (remaining := journal.closed_until.get(host, 0.0) - time.monotonic()) > 0:
        journal.refused[host] += 1
        headers = _HEADERS[request.match_info["form"]](remaining + 1)
        return web.Response(status=int(request.match_info["status"]), text="later\n", headers=headers)
    return await _named_file(request)


async def _last_allowed(request: web.Request) -> web.Response:
    """A good answer that says it was the last one for some seconds."""
    answer = await _named_file(request)
    answer.headers.update(_HEADERS[request.match_info["form"]](float(request.match_info["seconds"])))
    return answer


async def _block_at_first(request: web.Request) -> web.Response:
    """A block page with status 200 so many times, then the page."""
    if request.app[JOURNAL].times_called(request.path) < int(request.match_info["times"]):
        return web.Response(text=_BLOCK, headers=_HTML)
    return await _named_file(request)


async def _moody(request: web.Request) -> web.Response:
    """429, then 503, then a block page, then the page."""
    answers = (
        web.Response(status=429, text="later\n", headers=_HEADERS["seconds"](3)),
        web.Response(status=503, text="busy\n"),
        web.Response(text=_BLOCK, headers=_HTML),
    )
    calls = request.app[JOURNAL].times_called("moody")
    return answers[calls] if calls < len(answers) else await _named_file(request)


async def _page(request: web.Request) -> web.Response:
    return await _named_file(request)


async def _named_file(request: web.Request) -> web.Response:
    """A page, the picture numbered by the query, or a kind of picture, as the name in the address says."""
    if request.match_info["name"] == "numbered.jpg":
        return web.Response(body=pictures.numbered(int(request.query_string)), headers=_JPEG)
    if request.match_info["name"] != "page.html":
        return await kind(request)
    return web.Response(text=f"<html><title>A page</title><p>{request.query_string}</p></html>\n", headers=_HTML)


async def _with_robots_tag(request: web.Request) -> web.Response:
    answer = await kind(request)
    answer.headers["X-Robots-Tag"] = request.query["says"]
    return answer


ROUTES: list[web.RouteDef] = [
    web.get(r"/limited/{allowed:\d+}/{seconds:[\d.]+}/{status:\d+}/{form}/{name}", _limited),
    web.get(r"/last-one/{seconds:[\d.]+}/{form}/{name}", _last_allowed),
    web.get(r"/block/{times:\d+}/{name}", _block_at_first),
    web.get("/moody/{name}", _moody),
    web.get("/page/{name}", _page),
    web.get("/robots-tag/{name}", _with_robots_tag),
]
