"""The catalogue of a running crawl: one thread does everything that touches the database, in order.

Outcomes that arrive while a transaction is being written wait together and become the next transaction, so that many
images share one commit without any of them being called done before it is on disk.
"""

import asyncio
import os
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol, Self, TypeVar, cast

from scrapy import signals
from scrapy.crawler import Crawler
from sqlalchemy import Engine

from harvester.catalogue import mending, writer
from harvester.catalogue.store import open_catalogue
from harvester.catalogue.trouble import told_plainly
from harvester.items import Collection
from harvester.places import Places
from harvester.text import hidden
from harvester.version import VERSION

T = TypeVar("T")


LINGER = 0.03
"""Seconds that outcomes wait for others to share their transaction with, which costs as much for one as for ten."""


class Harvesting(Protocol):
    """What the ledger needs to know of a spider."""

    collection: Collection
    arguments: dict[str, str]


class Ledger:
    """The spider's collection in the catalogue, and the record of this run.

    `row` is the collection's number, `finished` counts this run's images by status, `killed` how many runs before this
    one were found without an end. Whatever is wrong with the database is raised as CatalogueError.
    """

    def __init__(self, engine: Engine, collection: Collection, arguments: dict[str, str]) -> None:
        self.engine = engine
        self.collection = collection
        self.finished: Counter[str] = Counter()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ledger")
        self.killed = 0
        self._waiting: list[tuple[writer.Outcome, asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None
        with told_plainly(engine), engine.begin() as connection:
            self.row = writer.collection_id(connection, collection)
            self.killed = mending.bury_runs(connection, self.row)
            self._run = writer.start_run(connection, self.row, arguments, VERSION, os.getpid())

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Raises CatalogueError or BadInput before the engine exists."""
        spider = cast("Harvesting", crawler.spider)
        catalogue = open_catalogue(Places.from_settings(crawler.settings).catalogue)
        arguments = {name: hidden(value) for name, value in spider.arguments.items()}
        ledger = cls(catalogue, spider.collection, arguments)
        crawler.signals.connect(ledger.close, signal=signals.engine_stopped)
        return ledger

    @classmethod
    def of(cls, crawler: Crawler) -> "Ledger":
        """The ledger of a crawl."""
        ledger = crawler.get_extension(cls)
        assert ledger is not None
        return ledger

    async def ask(self, query: Callable[..., T], *arguments: Any) -> T:
        """Call a function of `catalogue.queries` with a connection and this collection's row."""

        def answer() -> T:
            with told_plainly(self.engine), self.engine.connect() as connection:
                return query(connection, self.row, *arguments)

        return await asyncio.get_running_loop().run_in_executor(self._thread, answer)

    async def change(self, function: Callable[..., T], *arguments: Any) -> T:
        """Call a function of `catalogue.writer` in a transaction, with this collection's row."""
        return await self._in_transaction(lambda connection: function(connection, self.row, *arguments))

    async def transact(self, function: Callable[..., T], *arguments: Any) -> T:
        """Call a function in a transaction, for what belongs to no collection."""
        return await self._in_transaction(lambda connection: function(connection, *arguments))

    async def record(self, outcome: writer.Outcome) -> None:
        """Write what became of an image; returns when it is committed."""
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((outcome, written))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.ensure_future(self._write())
        await written
        self.finished[outcome.status] += 1

    def end(self, outcome: str) -> None:
        """Note how the run ended. Blocks."""
        with told_plainly(self.engine), self.engine.begin() as connection:
            writer.end_run(connection, self._run, outcome, self.finished)

    def close(self) -> None:
        """Let go of the database."""
        self._thread.shutdown(wait=True)
        self.engine.dispose()

    async def _write(self) -> None:
        while self._waiting:
            await asyncio.sleep(LINGER)
            batch, self._waiting = self._waiting, []
            outcomes = [outcome for outcome, _ in batch]
            try:
                await self._in_transaction(lambda connection, o=outcomes: writer.finish(connection, o))
            except Exception as error:
                for _, written in batch:
                    written.set_exception(error)
            else:
                for _, written in batch:
                    written.set_result(None)

    async def _in_transaction(self, function: Callable[..., T]) -> T:
        def transaction() -> T:
            with told_plainly(self.engine), self.engine.begin() as connection:
                return function(connection)

        return await asyncio.get_running_loop().run_in_executor(self._thread, transaction)
