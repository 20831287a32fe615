"""The processes that decode, hash and write, so that the event loop never waits for pixels or disks."""

import asyncio
import atexit
import subprocess
from collections import Counter
from dataclasses import replace
from typing import Any, Self, cast

from scrapy import signals
from scrapy.crawler import Crawler

from harvester.blobs import token
from harvester.extensions.hosts import NotNow, PutBack
from harvester.extensions.ledger import Harvesting
from harvester.imaging.values import Options
from harvester.items import ImageItem, Work
from harvester.memory import collect_seldom
from harvester.options import picture_bounds, picture_options, workers
from harvester.orders import Bounds, Shelves, Step, framed, unframed
from harvester.places import Places
from harvester.processes import begin
from harvester.reasons import REASONS

TRIES = 2
"""A worker may die for reasons that have nothing to do with the picture, so a second one tries it too."""

_PARTING = 5.0  # seconds
_KEPT = 2**20  # bytes of memory that stay with a worker's pictures, in place of being cleared for each anew
_ANSWER = 65536  # bytes read at a time; answers are smaller


class WorkerLost(Exception):
    """The worker died over a step, or was ended because it took too long: its text and the reason word say which."""

    def __init__(self, how: str, reason: str = "crashed") -> None:
        super().__init__(f"the decoder {how}")
        self.reason = reason


class Worker:
    """One process; it does one step at a time. The process ends by itself when this one does."""

    def __init__(self, options: Options, shelves: Shelves, bounds: Bounds, losses: Counter[int] | None = None) -> None:
        self._seconds = bounds.seconds
        self.losses: Counter[int] = Counter() if losses is None else losses  # by row of the image, of all workers
        self._begun = begin()
        self._process, self._wire, self._body = self._begun.process, self._begun.wire, self._begun.body
        self._wire.sendall(framed((options, shelves, bounds)))
        self._wire.setblocking(False)
        self._came = b""
        self._answer: asyncio.Future[Any] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self.lost = False

    async def do(self, step: Step, *arguments: object, body: bytes | None = None) -> Any:
        """Have a step done, on a new picture where `body` is given. Raises what the step raises, and WorkerLost."""
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
            self._loop.add_reader(self._wire, self._readable)
        self._came, self._answer = b"", self._loop.create_future()
        late = f"took longer than {self._seconds:g} seconds", "too-expensive"
        patience = self._loop.call_later(self._seconds, self._lose, *late)
        try:
            self._send(step, arguments, body)
            result, error = await self._answer
        finally:
            patience.cancel()
        if error is not None:
            raise error
        return result

    @property
    def ended(self) -> bool:
        """Whether the process has ended, of whatever cause."""
        return self.lost or self._process.poll() is not None

    def end(self) -> None:
        """Let the process end: at once where it does nothing, after its step where it does something."""
        if self._loop is not None:
            self._loop.remove_reader(self._wire)
        self._begun.end()

    def wait(self) -> None:
        """Return when the process has ended; one that is busy for long has nobody left to work for, and is killed."""
        try:
            self._process.wait(_PARTING)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _send(self, step: Step, arguments: tuple[object, ...], body: bytes | None) -> None:
        """The worker waits for it and the message is small, so it always fits into the socket's buffer."""
        if body is not None:
            self._body.seek(0)
            self._body.write(body)
            self._body.truncate(max(len(body), _KEPT))  # what a larger picture took
        try:
            self._wire.sendall(framed((step, arguments, None if body is None else len(body))))
        except OSError:
            self._lose("died")

    def _readable(self) -> None:
        try:
            data = self._wire.recv(_ANSWER)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        self._came += data
        if not data:
            self._lose("died")
        elif (answer := unframed(self._came)) is not None:
            self._settle(answer)

    def _lose(self, how: str, reason: str = "crashed") -> None:
        self.lost = True
        if self._loop is not None:
            self._loop.remove_reader(self._wire)  # or the end of the wire would be reported without end
        self._process.kill()
        self._settle((None, WorkerLost(how, reason)))

    def _settle(self, answer: tuple[Any, BaseException | None]) -> None:
        if self._answer and not self._answer.done():
            self._answer.set_result(answer)


async def next_step(item: ImageItem, step: Step, *arguments: object) -> Any:
    """What the worker that has the picture finds. Raises what the step raises, and PutBack where the worker was lost.

    None where it was lost because of the picture: it took too long, or it is not the first worker; the item is refused.
    """
    worker: Worker = item.work.worker
    if worker.lost:
        return None
    try:
        return await worker.do(step, *arguments)
    except WorkerLost as lost:
        worker.losses[item.work.row] += 1
        if lost.reason == "crashed" and worker.losses[item.work.row] < TRIES:
            raise PutBack(NotNow(item.host, 0.0)) from lost
        item.refuse(REASONS[lost.reason].status, lost.reason, str(lost))
        return None


class Workers:
    """The workers of a crawl. What waits for one is bounded by the room in the download pipeline."""

    def __init__(self, count: int, options: Options, shelves: Shelves, bounds: Bounds | None = None) -> None:
        self._made_of = options, shelves, bounds or Bounds(), Counter[int]()
        self._all: list[Worker] = []
        self._idle: asyncio.LifoQueue[Worker] = asyncio.LifoQueue()
        for _ in range(count):
            self._start()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """As many as HARVESTER_WORKERS says; the form of the renditions is the collection's."""
        collection = cast("Harvesting", crawler.spider).collection
        places = Places.from_settings(crawler.settings)
        shelves = Shelves(places.blobs, places.output(collection), places.thumbs, token())
        options = picture_options(crawler.settings, collection.format)
        spider = crawler.spider
        options = replace(
            options, preview=getattr(spider, "preview", 0), embedded=getattr(spider, "reads_embedded", False)
        )
        crew = cls(workers(crawler.settings), options, shelves, Bounds(*picture_bounds(crawler.settings)))
        crawler.signals.connect(collect_seldom, signal=signals.engine_started)
        crawler.signals.connect(crew.close, signal=signals.engine_stopped)
        atexit.register(crew.close)  # where the crawl does not even begin
        return crew

    @classmethod
    def of(cls, crawler: Crawler) -> "Workers":
        """The workers of a crawl."""
        crew = crawler.get_extension(cls)
        assert crew is not None
        return crew

    async def take(self) -> Worker:
        """Wait for an idle worker; it is to be given back. One that has ended while idle is replaced."""
        while (worker := await self._idle.get()).ended:
            self._replace(worker)
        return worker

    def give_back(self, work: Work) -> None:
        """The worker of an image, if it has one, may take the next picture; a lost one is replaced."""
        worker, work.worker = work.worker, None
        if worker is None:
            return
        if worker.lost:
            self._replace(worker)
        else:
            self._idle.put_nowait(worker)

    def _replace(self, worker: Worker) -> None:
        self._all.remove(worker)
        worker.end()
        worker.wait()
        self._start()

    def _start(self) -> None:
        worker = Worker(*self._made_of)
        self._all.append(worker)
        self._idle.put_nowait(worker)

    def close(self) -> None:
        """Let all processes end; a second time does nothing."""
        ended, self._all = self._all, []
        for worker in ended:
            worker.end()
        for worker in ended:
            worker.wait()
