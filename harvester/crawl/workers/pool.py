"""Pool of worker processes that decode, hash and write, so that the event loop never waits for pixels or disks."""

import asyncio
import atexit
import subprocess
from dataclasses import replace
from typing import Any, Self

from scrapy import signals
from scrapy.crawler import Crawler

from harvester.crawl.contract import spider_of
from harvester.crawl.workers.protocol import OutputDirs, ResourceLimits, TaskName, decode_frame, encode_frame
from harvester.crawl.workers.settings import resource_limits, worker_count
from harvester.crawl.workers.spawn import spawn
from harvester.imaging.settings import picture_options
from harvester.imaging.types import ConversionOptions
from harvester.items import PipelineState
from harvester.memory import reduce_gc
from harvester.storage.blobs import writer_token
from harvester.storage.paths import DataPaths

MAX_TRIES = 2
"""Workers that try a picture: the first may have crashed for reasons that have nothing to do with it."""

_END_TIMEOUT = 5.0  # seconds
_BODY_BYTES_KEPT = 2**20  # memory that a worker keeps for bodies, so that it is not cleared anew for each
_READ_BYTES = 65536  # read at a time; replies are smaller


class WorkerCrashed(Exception):
    """A worker crashed during a task, or was killed because it took too long; its text and `reason` say which."""

    def __init__(self, cause: str, reason: str = "crashed") -> None:
        super().__init__(f"the decoder {cause}")
        self.reason = reason


class Worker:
    """One process, which runs one task at a time. It ends by itself when this process does."""

    def __init__(self, options: ConversionOptions, output_dirs: OutputDirs, limits: ResourceLimits) -> None:
        self._timeout = limits.seconds
        self._spawned = spawn()
        self._process, self._socket, self._body_file = self._spawned.process, self._spawned.wire, self._spawned.body
        self._socket.sendall(encode_frame((options, output_dirs, limits)))
        self._socket.setblocking(False)
        self._received = b""
        self._reply: asyncio.Future[Any] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self.has_crashed = False

    async def run(self, task: TaskName, *arguments: object, body: bytes | None = None) -> Any:
        """Run a task, on a new picture if `body` is given. Raises what the task raises, and WorkerCrashed."""
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
            self._loop.add_reader(self._socket, self._on_readable)
        self._received, self._reply = b"", self._loop.create_future()
        timeout_cause = f"took longer than {self._timeout:g} seconds", "too-expensive"
        timer = self._loop.call_later(self._timeout, self._mark_crashed, *timeout_cause)
        try:
            self._send(task, arguments, body)
            result, error = await self._reply
        finally:
            timer.cancel()
        if error is not None:
            raise error
        return result

    @property
    def has_ended(self) -> bool:
        """Whether the process has ended, for whatever reason."""
        return self.has_crashed or self._process.poll() is not None

    def end(self) -> None:
        """Let the process end: at once if it is idle, otherwise after its task."""
        if self._loop is not None:
            self._loop.remove_reader(self._socket)
        self._spawned.end()

    def wait(self) -> None:
        """Wait for the end of the process; kill it if it is still busy after a few seconds."""
        try:
            self._process.wait(_END_TIMEOUT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _send(self, task: TaskName, arguments: tuple[object, ...], body: bytes | None) -> None:
        """Send a task; the worker is waiting for it and the message is small, so it fits into the socket's buffer."""
        if body is not None:
            self._body_file.seek(0)
            self._body_file.write(body)
            self._body_file.truncate(max(len(body), _BODY_BYTES_KEPT))  # gives back what a larger picture took
        try:
            self._socket.sendall(encode_frame((task, arguments, None if body is None else len(body))))
        except OSError:
            self._mark_crashed("died")

    def _on_readable(self) -> None:
        try:
            data = self._socket.recv(_READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        self._received += data
        if not data:
            self._mark_crashed("died")
        elif (reply := decode_frame(self._received)) is not None:
            self._set_reply(reply)

    def _mark_crashed(self, cause: str, reason: str = "crashed") -> None:
        self.has_crashed = True
        if self._loop is not None:
            self._loop.remove_reader(self._socket)  # otherwise the closed socket would be reported forever
        self._process.kill()
        self._set_reply((None, WorkerCrashed(cause, reason)))

    def _set_reply(self, reply: tuple[Any, BaseException | None]) -> None:
        if self._reply and not self._reply.done():
            self._reply.set_result(reply)


class WorkerPool:
    """The workers of a crawl. The download pipeline limits how many images wait for one."""

    def __init__(
        self, count: int, options: ConversionOptions, output_dirs: OutputDirs, limits: ResourceLimits | None = None
    ) -> None:
        self._worker_arguments = options, output_dirs, limits or ResourceLimits()
        self._workers: list[Worker] = []
        self._idle: asyncio.LifoQueue[Worker] = asyncio.LifoQueue()
        for _ in range(count):
            self._start_worker()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Start HARVESTER_WORKERS workers, which make renditions in the collection's format."""
        collection = spider_of(crawler).collection
        paths = DataPaths.from_settings(crawler.settings)
        output_dirs = OutputDirs(paths.blobs, paths.output(collection), paths.thumbs, writer_token())
        options = picture_options(crawler.settings, collection.format)
        spider = spider_of(crawler)
        options = replace(options, preview=spider.preview)
        pool = cls(
            worker_count(crawler.settings), options, output_dirs, ResourceLimits(*resource_limits(crawler.settings))
        )
        crawler.signals.connect(reduce_gc, signal=signals.engine_started)
        crawler.signals.connect(pool.close, signal=signals.engine_stopped)
        atexit.register(pool.close)  # in case the crawl does not start
        return pool

    @classmethod
    def of(cls, crawler: Crawler) -> "WorkerPool":
        """The worker pool of a crawl."""
        pool = crawler.get_extension(cls)
        assert pool is not None
        return pool

    async def acquire(self) -> Worker:
        """Wait for an idle worker, which the caller has to release. One that has ended while idle is replaced."""
        while (worker := await self._idle.get()).has_ended:
            self._replace_worker(worker)
        return worker

    def release(self, state: PipelineState) -> None:
        """Free the worker of an image, if it has one, for the next picture; a crashed one is replaced."""
        worker, state.worker = state.worker, None
        if worker is None:
            return
        if worker.has_crashed:
            self._replace_worker(worker)
        else:
            self._idle.put_nowait(worker)

    def _replace_worker(self, worker: Worker) -> None:
        self._workers.remove(worker)
        worker.end()
        worker.wait()
        self._start_worker()

    def _start_worker(self) -> None:
        worker = Worker(*self._worker_arguments)
        self._workers.append(worker)
        self._idle.put_nowait(worker)

    def close(self) -> None:
        """Let all processes end; a second call does nothing."""
        all_workers, self._workers = self._workers, []
        for worker in all_workers:
            worker.end()
        for worker in all_workers:
            worker.wait()
