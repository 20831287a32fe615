"""How a run ends, however it ends: the run record, the status file, the books, what to do next, and the exit code."""

import asyncio
import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

from scrapy import signals
from scrapy.crawler import Crawler
from scrapy.exceptions import DropItem

from harvester.catalogue import listings, queries
from harvester.catalogue.trouble import told_plainly
from harvester.console import plain
from harvester.errors import BadInput, HarvesterError
from harvester.export.books import Book, books, table
from harvester.export.dataset import write_files
from harvester.extensions.expectations import judge
from harvester.extensions.imagelog import ImageLog
from harvester.extensions.ledger import Ledger
from harvester.places import Places
from harvester.signals import run_ended

logger = logging.getLogger(__name__)


class Closing:
    """Closes the books once; `error` is what stopped the run, or what is wrong with its end, if something is."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self.error: BaseException | None = None
        self.closed = False
        self._reason = ""
        self._stopping: asyncio.Task[None] | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Closes on spider_closed; a forced stop skips that signal, and the crawl command closes instead."""
        closing = cls(crawler)
        crawler.signals.connect(closing.spider_closed, signal=signals.spider_closed)
        return closing

    @classmethod
    def of(cls, crawler: Crawler) -> "Closing":
        """The closing of a crawl."""
        closing = crawler.get_extension(cls)
        assert closing is not None
        return closing

    def stop(self, error: BaseException) -> None:
        """End the run because of this error; what is not done stays owed."""
        if self.error is None:
            self.error = error
            logger.critical("The run stops: %s", error)
            self._stopping = asyncio.ensure_future(self.crawler.engine.close_spider_async(reason="stopped_by_error"))

    async def spider_closed(self, reason: str) -> None:
        """Runs in a thread: a million entries take some seconds."""
        await asyncio.get_running_loop().run_in_executor(None, self.close, reason)

    def close(self, reason: str) -> None:
        """Write everything that a run leaves behind. Blocks."""
        if self.closed:
            return
        self.closed, self._reason = True, reason
        try:
            self._write(reason)
        except HarvesterError as error:
            self.error = error
            logger.critical("The books cannot be closed: %s", error)
        self._judge(reason)
        self.crawler.signals.send_catch_log(run_ended, exitcode=self.exitcode)

    @property
    def exitcode(self) -> int:
        """0 when the crawl ended by itself or was asked to, 1 when an error stopped it or it disappoints."""
        if self.error is not None:
            return BadInput.exitcode if isinstance(self.error, BadInput) else 1
        return int(self._reason == "start_error")

    def _judge(self, reason: str) -> None:
        assert self.crawler.stats is not None
        wrong = judge(self.crawler.settings, self.crawler.stats.get_stats(), reason)
        if wrong is not None and self.error is None:
            self.error = wrong
            logger.critical("The run ended, but not well: %s", wrong)

    def _write(self, reason: str) -> None:
        ledger = Ledger.of(self.crawler)
        ledger.end(reason)
        with told_plainly(ledger.engine), ledger.engine.connect() as connection:
            places = Places.from_settings(self.crawler.settings)
            files = write_files(connection, ledger.row, ledger.collection, places)
            found = books(queries.counts(connection, ledger.row), listings.by_site(connection, ledger.row))
        for book in found:
            self._tell(book, reason)
        if not found and reason != "finished":
            logger.info("This run (%s) ends before anything was listed: the same command begins anew.", reason)
        if len(files) > 1:
            logger.info("%s lie in %s", ", ".join(path.name for path in files), files[0].parent)
        for sentence in getattr(self.crawler.spider, "last_words", list)():
            logger.warning("%s", sentence)

    def _tell(self, book: Book, reason: str) -> None:
        log = self.crawler.get_extension(ImageLog)
        if log is not None:
            log.write("\t".join(("summary", reason, *(f"{what.strip()} {number}" for what, number in book.lines()))))
        run = Ledger.of(self.crawler).finished
        this_run = ", ".join(f"{run[status]:,} {status}" for status in ("done", "failed", "skipped"))
        logger.info("This run (%s): %s\n%s", reason, this_run, as_text([book]))
        for sentence in book.complaints():
            logger.warning("%s", sentence)
        if book.owed or not self._all_promised():
            more = "" if self._all_promised() else " and not all promises are recorded yet"
            logger.info("%s images are still owed%s: the same command continues.", f"{book.owed:,}", more)

    def _all_promised(self) -> bool:
        with Ledger.of(self.crawler).engine.connect() as connection:
            return Ledger.of(self.crawler).collection not in queries.unfinished(connection)


def as_text(found: list[Book]) -> str:
    """The books as plain text."""
    text = io.StringIO()
    plain(text, 100).print(table(found))
    return text.getvalue()


@contextmanager
def stop_on(kind: type[Exception], crawler: Crawler) -> Iterator[None]:
    """Within: an error of this kind ends the run with its one sentence, and the image at hand stays owed."""
    try:
        yield
    except kind as error:
        Closing.of(crawler).stop(error)
        raise DropItem(f"stays owed, the run stops: {error}", log_level="DEBUG") from error
