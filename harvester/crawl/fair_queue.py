"""The fair queue: batches of pending images, fair over hosts, and never more in progress than the limit.

A data set lists one account after the other, so its URLs come in long runs of one host. Taken in that order, a slow
or dead host would hold up all others. Queued by host, every host that answers keeps working.
"""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any

from scrapy import Request
from scrapy.http import Response

from harvester.catalogue.queries import PendingImage

FetchPending = Callable[[str, int, int], Awaitable[list[PendingImage]]]
"""(host, after row, limit) -> pending images."""

BATCH_SIZE = 4
"""Most images in a batch, all of one host; they share one work request through the scheduler."""

ROWS_READ_AHEAD = 64
"""How many rows of one host are read from the catalogue at a time."""


class FairQueue:
    """Gives out pending images host by host; the caller marks each one answered by its host, and then finished.

    `per_host` limits how many images one host has yet to answer, `in_progress` how many are in progress in all. A host
    that gave no answer last time is silent: it is asked for one image at a time, and all silent hosts together may
    have at most half of `in_progress` unanswered.
    """

    def __init__(self, fetch: FetchPending, *, per_host: int, in_progress: int) -> None:
        self._fetch = fetch
        self._per_host = per_host
        self._limit = in_progress
        self._hosts: deque[str] = deque()
        self._last_read: dict[str, int] = {}  # host -> last row read
        self._ready: dict[str, deque[PendingImage]] = {}  # host -> read, not yet in a batch
        self._in_progress: dict[int, str] = {}  # row -> host
        self._unanswered: dict[int, str] = {}  # the images in progress that their host has yet to answer
        self._unanswered_count: Counter[str] = Counter()  # host -> rows it has yet to answer
        self._silent: set[str] = set()
        self._added_since_read: set[str] = set()  # hosts added to since they were last read
        self._requeue_when_finished: dict[int, str] = {}  # rows that got another name while in progress
        self._finished_while_reading: set[int] = set()  # rows finished while rows were being read
        self._backing_off: dict[str, tuple[float, asyncio.TimerHandle]] = {}  # host -> end of its back-off
        self._abandoned: set[str] = set()
        self._open = True
        self._changed = asyncio.Event()

    def add(self, lowest_rows: Mapping[str, int]) -> None:
        """Add hosts with pending images: host -> its lowest pending row."""
        for host, row in lowest_rows.items():
            if host in self._abandoned:
                continue
            self._added_since_read.add(host)
            if host not in self._last_read:
                self._hosts.append(host)
                self._last_read[host] = row - 1
            elif row <= self._last_read[host]:  # read again from this row, or from the first one in no batch yet
                unqueued = self._ready.pop(host, ())
                self._last_read[host] = min([row, *(image.row for image in unqueued)]) - 1
        self._changed.set()

    def close(self) -> None:
        """Announce that nothing more will be added; `batches` ends when every image is finished."""
        self._open = False
        self._changed.set()

    def mark_answered(self, row: int, *, silent: bool = False) -> None:
        """Note that the host is done with an image and free for the next; `silent` if it gave no answer at all."""
        host = self._unanswered.pop(row, None)
        if host is None:
            return
        (self._silent.add if silent else self._silent.discard)(host)
        self._unanswered_count[host] -= 1
        if not self._unanswered_count[host]:
            del self._unanswered_count[host]
        self._changed.set()

    def mark_finished(self, row: int) -> None:
        """Note that an image is no longer in progress, whatever its outcome."""
        self.mark_answered(row)
        if self._in_progress.pop(row, None) is None:
            return
        self._finished_while_reading.add(row)
        if row in self._requeue_when_finished:
            self.add({self._requeue_when_finished.pop(row): row})
        self._changed.set()

    def requeue_after(self, row: int, seconds: float, *, silent: bool = False) -> None:
        """Back off from the image's host for `seconds`, and requeue the image."""
        host = self._in_progress.get(row)
        if host is None:
            return
        self.mark_answered(row, silent=silent)
        self.mark_finished(row)
        self._finished_while_reading.discard(row)
        self.add({host: row})
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        if host in self._backing_off:
            earlier_until, timer = self._backing_off.pop(host)
            timer.cancel()
            until = max(until, earlier_until)
        self._backing_off[host] = until, loop.call_later(until - loop.time(), self._resume_host, host)

    def abandon_host(self, row: int) -> None:
        """Give out no more images of this image's host; all of them stay pending."""
        host = self._in_progress.get(row)
        self.mark_finished(row)
        if host is not None and host not in self._abandoned:
            self._abandoned.add(host)
            if host in self._last_read:
                self._drop_host(host)
        self._changed.set()

    def _resume_host(self, host: str) -> None:
        del self._backing_off[host]
        self._changed.set()

    @property
    def is_busy(self) -> bool:
        """Whether any image is in progress or queued."""
        return bool(self._hosts or self._in_progress)

    @property
    def busiest_host(self) -> tuple[str, int] | None:
        """The host with the most images yet to answer, and how many; None if there is none."""
        return self._unanswered_count.most_common(1)[0] if self._unanswered_count else None

    async def batches(self) -> AsyncIterator[list[PendingImage]]:
        """Batches of images of one host each, until every pending image has been given out once."""
        while self._open or self._hosts or self._in_progress:
            self._changed.clear()
            if (host := self._next_host()) is None:
                await self._changed.wait()
            elif batch := await self._next_batch(host):
                yield batch

    def _next_host(self) -> str | None:
        if len(self._in_progress) >= self._limit:
            return None
        return next((host for host in self._hosts if host not in self._backing_off and self._capacity(host) > 0), None)

    def _capacity(self, host: str) -> int:
        capacity = min(self._per_host - self._unanswered_count[host], self._limit - len(self._in_progress), BATCH_SIZE)
        if host not in self._silent:
            return capacity
        unanswered = sum(self._unanswered_count[silent_host] for silent_host in self._silent)
        return min(capacity, 1 - self._unanswered_count[host], max(1, self._limit // 2) - unanswered)

    async def _next_batch(self, host: str) -> list[PendingImage]:
        ready = self._ready.get(host) or await self._read_rows(host)
        batch = [ready.popleft() for _ in range(min(self._capacity(host), len(ready)))]
        for image in batch:
            self._in_progress[image.row] = self._unanswered[image.row] = host
            self._unanswered_count[host] += 1
        return batch

    async def _read_rows(self, host: str) -> deque[PendingImage]:
        last_read = self._last_read[host]
        self._added_since_read.discard(host)
        self._finished_while_reading.clear()
        rows = await self._fetch(host, last_read, ROWS_READ_AHEAD)
        if self._last_read.get(host) != last_read:  # earlier rows were added while reading: read again
            return deque()
        if rows:
            self._last_read[host] = rows[-1].row
            self._requeue_when_finished.update((image.row, host) for image in rows if image.row in self._in_progress)
            excluded = self._in_progress.keys() | self._finished_while_reading
            self._ready[host] = deque(image for image in rows if image.row not in excluded)
        elif host not in self._added_since_read:
            self._drop_host(host)
        return self._ready.get(host, deque())

    def _drop_host(self, host: str) -> None:
        self._hosts.remove(host)
        del self._last_read[host]
        self._ready.pop(host, None)


WORK_REQUEST_URL = "about:pending"


def work_request(rows: Sequence[int], callback: Callable[..., Any]) -> Request:
    """A work request: its callback gets `rows`, the catalogue's row numbers of the images in the batch."""
    kwargs = {"rows": list(rows)}
    return Request(WORK_REQUEST_URL, callback=callback, cb_kwargs=kwargs, dont_filter=True, meta={"dont_cache": True})


class WorkRequestMiddleware:
    """Answers work requests without the network; comes before every other downloader middleware."""

    def process_request(self, request: Request) -> Response | None:
        """An empty response to a work request; None for any other request."""
        return Response(request.url) if request.url == WORK_REQUEST_URL else None
