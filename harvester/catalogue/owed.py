"""Dealing out what is owed: fairly over hosts, never more at once than there are hands to work on it.

A data set lists one account after the other, so its URLs come in long runs of one host. Taken in that order a slow
or dead host would hold up all others; dealt by host, every host that answers keeps working.
"""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

from harvester.catalogue.queries import Owed

Fetch = Callable[[str, int, int], Awaitable[list[Owed]]]
"""(host, after row, limit) -> images owed."""

AT_ONCE = 4
"""How many images of one host are dealt together; they share one ticket through the scheduler."""

READ_AHEAD = 64
"""How many rows of one host are read from the catalogue at a time."""


class Dealer:
    """Hands out owed images host by host; the caller reports each one answered by its host, and then finished.

    `per_host` bounds how many images one host has yet to answer, `in_hand` how many are out in all. A host that gave no
    answer last time is silent: it is asked for one image at a time, and silent hosts take at most half of the hands.
    """

    def __init__(self, fetch: Fetch, *, per_host: int, in_hand: int) -> None:
        self._fetch = fetch
        self._per_host = per_host
        self._limit = in_hand
        self._hosts: deque[str] = deque()
        self._after: dict[str, int] = {}  # host -> last row read
        self._ready: dict[str, deque[Owed]] = {}  # host -> read, not yet dealt
        self._out: dict[int, str] = {}  # row -> host
        self._asked: dict[int, str] = {}  # of those, the ones their host has yet to answer
        self._busy: Counter[str] = Counter()  # host -> rows it has yet to answer
        self._silent: set[str] = set()
        self._told: set[str] = set()  # hosts added to since they were last read
        self._missed: dict[int, str] = {}  # rows that got another name while they were out
        self._left: set[int] = set()  # rows finished while rows were being read
        self._waiting: dict[str, tuple[float, asyncio.TimerHandle]] = {}  # hosts left alone: until when
        self._given_up: set[str] = set()
        self._open = True
        self._changed = asyncio.Event()

    def add(self, lowest: Mapping[str, int]) -> None:
        """From each of the hosts something is owed, from this row on."""
        for host, row in lowest.items():
            if host in self._given_up:
                continue
            self._told.add(host)
            if host not in self._after:
                self._hosts.append(host)
                self._after[host] = row - 1
            elif row <= self._after[host]:  # read again from there, and from what was read but not dealt
                undealt = self._ready.pop(host, ())
                self._after[host] = min([row, *(image.row for image in undealt)]) - 1
        self._changed.set()

    def no_more(self) -> None:
        """Nothing will be added any more; dealing ends when everything has been dealt and finished."""
        self._open = False
        self._changed.set()

    def answered(self, row: int, *, silent: bool = False) -> None:
        """The host is done with an image, and free for the next; `silent` where it gave no answer at all."""
        host = self._asked.pop(row, None)
        if host is None:
            return
        (self._silent.add if silent else self._silent.discard)(host)
        self._busy[host] -= 1
        if not self._busy[host]:
            del self._busy[host]
        self._changed.set()

    def finished(self, row: int) -> None:
        """One dealt image has left our hands, whatever became of it."""
        self.answered(row)
        if self._out.pop(row, None) is None:
            return
        self._left.add(row)
        if row in self._missed:
            self.add({self._missed.pop(row): row})
        self._changed.set()

    def put_back(self, row: int, seconds: float, *, silent: bool = False) -> None:
        """This image's host has to be left alone for so long; the image is dealt again afterwards."""
        host = self._out.get(row)
        if host is None:
            return
        self.answered(row, silent=silent)
        self.finished(row)
        self._left.discard(row)
        self.add({host: row})
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        if host in self._waiting:
            earlier, timer = self._waiting.pop(host)
            timer.cancel()
            until = max(until, earlier)
        self._waiting[host] = until, loop.call_later(until - loop.time(), self._go_on, host)

    def give_up(self, row: int) -> None:
        """The host of this image says no: nothing of it is dealt any more, and everything stays owed."""
        host = self._out.get(row)
        self.finished(row)
        if host is not None and host not in self._given_up:
            self._given_up.add(host)
            if host in self._after:
                self._drop(host)
        self._changed.set()

    def _go_on(self, host: str) -> None:
        del self._waiting[host]
        self._changed.set()

    @property
    def busy(self) -> bool:
        """Whether anything is being worked on or waits to be dealt."""
        return bool(self._hosts or self._out)

    @property
    def busiest(self) -> tuple[str, int] | None:
        """The host with the most images yet to answer, and how many: what is being waited for."""
        return self._busy.most_common(1)[0] if self._busy else None

    async def hands(self) -> AsyncIterator[list[Owed]]:
        """Small hands of images of one host each, until everything owed has been dealt once."""
        while self._open or self._hosts or self._out:
            self._changed.clear()
            if (host := self._next_host()) is None:
                await self._changed.wait()
            elif hand := await self._hand(host):
                yield hand

    def _next_host(self) -> str | None:
        if len(self._out) >= self._limit:
            return None
        return next((host for host in self._hosts if host not in self._waiting and self._room(host) > 0), None)

    def _room(self, host: str) -> int:
        room = min(self._per_host - self._busy[host], self._limit - len(self._out), AT_ONCE)
        if host not in self._silent:
            return room
        waiting = sum(self._busy[silent] for silent in self._silent)
        return min(room, 1 - self._busy[host], max(1, self._limit // 2) - waiting)

    async def _hand(self, host: str) -> list[Owed]:
        ready = self._ready.get(host) or await self._read(host)
        hand = [ready.popleft() for _ in range(min(self._room(host), len(ready)))]
        for image in hand:
            self._out[image.row] = self._asked[image.row] = host
            self._busy[host] += 1
        return hand

    async def _read(self, host: str) -> deque[Owed]:
        after = self._after[host]
        self._told.discard(host)
        self._left.clear()
        rows = await self._fetch(host, after, READ_AHEAD)
        if self._after.get(host) != after:  # told of earlier rows while reading: read again
            return deque()
        if rows:
            self._after[host] = rows[-1].row
            self._missed.update((image.row, host) for image in rows if image.row in self._out)
            gone = self._out.keys() | self._left
            self._ready[host] = deque(image for image in rows if image.row not in gone)
        elif host not in self._told:
            self._drop(host)
        return self._ready.get(host, deque())

    def _drop(self, host: str) -> None:
        self._hosts.remove(host)
        del self._after[host]
        self._ready.pop(host, None)
