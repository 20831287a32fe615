"""What farsite remembers about the requests it got, and the routes that tell it."""

import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable

from aiohttp import web

_MAX_ENTRIES = 20_000
_NUMBERED = "/numbered/"
_FIELDS = ("n", "method", "path", "host", "local", "user_agent", "authorization", "referer", "at")


class Journal:
    """Log and counters of one server; the log keeps the last 20,000 requests."""

    def __init__(self) -> None:
        self._active: Counter[str] = Counter()
        self.clear()

    def clear(self) -> None:
        """Forget everything but the requests still under way."""
        self._total = 0
        self._entries: deque[tuple[object, ...]] = deque(maxlen=_MAX_ENTRIES)
        self._paths: Counter[str] = Counter()
        self._call_counts: Counter[str] = Counter()
        self._peaks: dict[str, int] = {}
        self.refused: Counter[str] = Counter()
        """By host: how many requests were refused."""
        self.closed_until: dict[str, float] = {}
        """By host: until when everything is refused, on the clock of `time.monotonic()`."""

    def record_start(self, request: web.Request, host: str) -> None:
        """Note that a request came in."""
        path, self._total = request.raw_path, self._total + 1
        headers = [request.headers.get(name, "") for name in ("User-Agent", "Authorization", "Referer")]
        local = request.get_extra_info("sockname", ("",))[0]  # the address that was connected to
        self._entries.append((self._total, request.method, path, host, local, *headers, time.monotonic()))
        self._paths[f"{_NUMBERED}*" if path.startswith(_NUMBERED) else path] += 1
        self._active[host] += 1
        self._peaks[host] = max(self._peaks.get(host, 0), self._active[host])

    def record_end(self, host: str) -> None:
        """Note that a request to this host has been handled."""
        self._active[host] -= 1

    def times_called(self, path: str) -> int:
        """How often this was called for that path before; for routes that change their mind."""
        self._call_counts[path] += 1
        return self._call_counts[path] - 1

    def log(self) -> list[dict[str, object]]:
        """The last requests, oldest first."""
        return [dict(zip(_FIELDS, entry, strict=True)) for entry in self._entries]

    def counts(self) -> dict[str, object]:
        """Totals since the start or the last clear."""
        return {"requests": self._total, "paths": self._paths, "peak_concurrency": self._peaks, "refused": self.refused}


JOURNAL = web.AppKey("journal", Journal)


@web.middleware
async def record_requests(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Note every request in the journal, except those for paths that begin with `/_`."""
    if request.raw_path.startswith("/_"):
        return await handler(request)
    journal, host = request.app[JOURNAL], request.headers.get("Host", "")
    journal.record_start(request, host)
    try:
        return await handler(request)
    finally:
        journal.record_end(host)


async def _log(request: web.Request) -> web.Response:
    return web.json_response(request.app[JOURNAL].log())


async def _clear(request: web.Request) -> web.Response:
    request.app[JOURNAL].clear()
    return web.Response(status=204)


async def _counts(request: web.Request) -> web.Response:
    return web.json_response(request.app[JOURNAL].counts())


ROUTES: list[web.RouteDef] = [
    web.get("/_log", _log),
    web.delete("/_log", _clear),
    web.get("/_counts", _counts),
]
