"""Catalogue session of a running crawl: one thread makes all its accesses to the database, in order.

Outcomes that arrive while a transaction is being written form the next transaction. So many images share one commit,
and none is called done before it is on disk.
"""

import asyncio
import os
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Concatenate, ParamSpec, Self, TypeVar

from scrapy import signals
from scrapy.crawler import Crawler
from sqlalchemy import Connection, Engine

from harvester.catalogue import log_lines, repair, writer
from harvester.catalogue.db_errors import translate_db_errors
from harvester.catalogue.store import open_catalogue
from harvester.crawl.contract import spider_of
from harvester.crawl.run.common_failure import CommonFailure
from harvester.crawl.run.image_log import ImageLog
from harvester.errors import HarvesterError
from harvester.items import Collection
from harvester.storage.locks import CrawlLock
from harvester.storage.paths import DataPaths
from harvester.text import redact
from harvester.version import VERSION

P = ParamSpec("P")
T = TypeVar("T")

COMMIT_DELAY = 0.03
"""Seconds that outcomes wait for others, as a transaction costs as much for one outcome as for ten."""


class CatalogueSession:
    """The spider's collection in the catalogue, and the record of this run.

    `collection_id` is the collection's row number, `status_counts` counts this run's images by status, and
    `killed_runs` counts the earlier runs that never ended. `log` has a line for every outcome that is recorded,
    `common_failure` looks whether all of them fail. Every database error is raised as CatalogueError.
    """

    def __init__(self, engine: Engine, collection: Collection, log: ImageLog, arguments: dict[str, str]) -> None:
        self.engine = engine
        self.collection = collection
        self.log = log
        self.status_counts: Counter[str] = Counter()
        self.common_failure = CommonFailure()
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="catalogue")
        self.killed_runs = 0
        self._waiting_outcomes: list[tuple[writer.ImageOutcome, str, asyncio.Future[None]]] = []
        self._write_task: asyncio.Task[None] | None = None
        with translate_db_errors(engine), engine.begin() as connection:
            self.collection_id = writer.get_or_create_collection(connection, collection)
            log.repair(log_lines.unlogged_lines(connection, self.collection_id))
            log_lines.forget_lines(connection, self.collection_id)
            self.killed_runs = repair.mark_killed_runs(connection, self.collection_id)
            self._run_id = writer.start_run(connection, self.collection_id, arguments, VERSION, os.getpid())

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Open catalogue and log before Scrapy's engine exists. Raises CatalogueError, StoreError and UsageProblem."""
        spider, paths = spider_of(crawler), DataPaths.from_settings(crawler.settings)
        engine = open_catalogue(paths.catalogue)
        log = ImageLog(paths.log_file(spider.collection))
        arguments = {name: redact(value) for name, value in spider.arguments.items()}
        try:
            session = cls(engine, spider.collection, log, arguments)
        except HarvesterError:
            log.close()
            raise
        crawler.signals.connect(session.close, signal=signals.engine_stopped)
        return session

    @classmethod
    def of(cls, crawler: Crawler) -> "CatalogueSession":
        """The catalogue session of a crawl."""
        session = crawler.get_extension(cls)
        assert session is not None
        return session

    async def read(self, query: Callable[Concatenate[Connection, int, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a function of the catalogue with a connection and this collection's row number."""
        return await self._run_in_thread(
            self.engine.connect, lambda connection: query(connection, self.collection_id, *args, **kwargs)
        )

    async def read_global(self, query: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a function of the catalogue with a connection, for data that is not looked up by collection."""
        return await self._run_in_thread(self.engine.connect, lambda connection: query(connection, *args, **kwargs))

    async def write(
        self, function: Callable[Concatenate[Connection, int, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Call a function of the catalogue in a transaction, with this collection's row number."""
        return await self._run_in_thread(
            self.engine.begin, lambda connection: function(connection, self.collection_id, *args, **kwargs)
        )

    async def write_global(
        self, function: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Call a function of the catalogue in a transaction, for data that is not looked up by collection."""
        return await self._run_in_thread(self.engine.begin, lambda connection: function(connection, *args, **kwargs))

    async def record(self, outcome: writer.ImageOutcome, log_line: str) -> None:
        """Record the outcome of an image and log it; returns when it is committed."""
        committed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting_outcomes.append((outcome, log_line, committed))
        if self._write_task is None or self._write_task.done():
            self._write_task = asyncio.ensure_future(self._write_outcomes())
        await committed
        self.status_counts[outcome.status] += 1
        self.common_failure.add(outcome)

    def end_run(self, reason: str) -> None:
        """Record how the run ended. Blocks."""
        with translate_db_errors(self.engine), self.engine.begin() as connection:
            writer.end_run(connection, self._run_id, reason, self.status_counts)

    def close(self) -> None:
        """Close the connections to the database, and the log."""
        self._executor.shutdown(wait=True)
        self.engine.dispose()
        self.log.close()

    async def _write_outcomes(self) -> None:
        while self._waiting_outcomes:
            await asyncio.sleep(COMMIT_DELAY)
            batch, self._waiting_outcomes = self._waiting_outcomes, []
            outcomes, lines = [outcome for outcome, *_ in batch], "".join(line for _, line, _ in batch)
            try:
                await self.write_global(self._write_batch, outcomes, lines, self.log.size)
            except Exception as error:
                for *_, committed in batch:
                    committed.set_exception(error)
            else:
                self.log.append(lines)
                for *_, committed in batch:
                    committed.set_result(None)

    def _write_batch(self, connection: Connection, outcomes: list[writer.ImageOutcome], lines: str, size: int) -> None:
        writer.record_outcomes(connection, outcomes)
        log_lines.note_lines(connection, self._run_id, lines, size)

    async def _run_in_thread(
        self, connect: Callable[[], AbstractContextManager[Connection]], function: Callable[[Connection], T]
    ) -> T:
        def run_function() -> T:
            with translate_db_errors(self.engine), connect() as connection:
                return function(connection)

        return await asyncio.get_running_loop().run_in_executor(self._executor, run_function)


class CollectionLock:
    """Holds the crawl's locks from before the catalogue is opened until everything has been written."""

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Take the locks. Raises LockedByOther, which names the process that holds them, and StoreError."""
        lock = CrawlLock(DataPaths.from_settings(crawler.settings), spider_of(crawler).collection)
        crawler.signals.connect(lock.release, signal=signals.engine_stopped, weak=False)
        return cls()
