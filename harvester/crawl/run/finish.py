"""End of a run, whatever its cause: run record, status file, summary, advice on what to do next, exit code."""

import asyncio
import io
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Self

from scrapy import signals
from scrapy.crawler import Crawler
from scrapy.exceptions import DropItem

from harvester.catalogue import listings, queries
from harvester.catalogue.db_errors import translate_db_errors
from harvester.cli import table_console
from harvester.crawl.contract import run_ended, spider_of
from harvester.crawl.run.session import CatalogueSession
from harvester.dataset.writer import write_dataset_files
from harvester.errors import BelowExpectation, HarvesterError, UsageProblem
from harvester.reporting.totals import SiteSummary, build_table, summarize_sites
from harvester.storage.paths import DataPaths
from harvester.text import count_noun

BLOCKED_HOSTS_STAT = "harvester/blocked"
"""Scrapy stat: the number of hosts that sent a block page and have sent no real page since."""

ANSWERED_STAT, UNANSWERED_STAT = "harvester/pages/answered", "harvester/pages/unanswered"
"""Scrapy stats: the requests for pages of listings that a server answered, with whatever, and those that none did."""

STUCK_LISTINGS_STAT = "harvester/listings/stuck"
"""Scrapy stat: the number of listings whose source gave the same page or cursor again, or only empty pages."""

_STOPPED_BY_USER = ("shutdown", "forced")


def check_expectations(
    settings: Mapping[str, Any], stats: Mapping[str, Any], reason: str, common_failure: str
) -> BelowExpectation | None:
    """The error of a run that misses HARVESTER_MIN_IMAGES or HARVESTER_MAX_FAILED or ends blocked; None if all is well.

    So is that of a run with a stuck listing. `reason` is Scrapy's finish reason; a run that the user stopped is not
    checked. `common_failure` is a sentence if every image failed for the same reason.
    """
    if reason in _STOPPED_BY_USER:
        return None
    problems = " ".join(filter(None, (common_failure, *_unmet_expectations(settings, stats))))
    return BelowExpectation(problems) if problems else None


def _unmet_expectations(settings: Mapping[str, Any], stats: Mapping[str, Any]) -> Iterator[str]:
    done, failed, skipped = (int(stats.get(f"harvester/{status}", 0)) for status in ("done", "failed", "skipped"))
    min_images, limit = int(settings["HARVESTER_MIN_IMAGES"]), float(settings["HARVESTER_MAX_FAILED"])
    if done < min_images:
        verb = "was" if done == 1 else "were"
        yield f"Only {count_noun(done, 'image')} {verb} done, and HARVESTER_MIN_IMAGES is {min_images:,}."
    total = done + failed + skipped
    if total and failed / total > limit:
        yield f"{failed:,} of {total:,} images failed ({failed / total:.0%}), and HARVESTER_MAX_FAILED is {limit:g}."
    if hosts := stats.get(BLOCKED_HOSTS_STAT):
        yield f"{count_noun(hosts, 'host')} sent a block page and no real page since."
    if stats.get(UNANSWERED_STAT) and not stats.get(ANSWERED_STAT) and not done:
        yield "No server answered, so nothing could be read."
    if stuck := stats.get(STUCK_LISTINGS_STAT):
        yield f"{count_noun(stuck, 'listing')} did not get on: the source gave the same page again, or only empty ones."


logger = logging.getLogger(__name__)


class RunFinisher:
    """Finishes the run once; `error` is the error that stopped it, or the expectation it missed, if any."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self.error: BaseException | None = None
        self.is_finished = False
        self._reason = ""
        self._common_failure = ""
        self._stop_task: asyncio.Task[None] | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Finish on spider_closed; after a forced stop, which skips that signal, the crawl command calls `finish`."""
        finisher = cls(crawler)
        crawler.signals.connect(finisher.spider_closed, signal=signals.spider_closed)
        return finisher

    @classmethod
    def of(cls, crawler: Crawler) -> "RunFinisher":
        """The finisher of a crawl."""
        finisher = crawler.get_extension(cls)
        assert finisher is not None
        return finisher

    def stop(self, error: BaseException) -> None:
        """Stop the run because of this error; images that are not done stay pending."""
        if self.error is None:
            self.error = error
            logger.critical("The run stops: %s", error)
            self._stop_task = asyncio.ensure_future(self.crawler.engine.close_spider_async(reason="stopped_by_error"))

    async def spider_closed(self, reason: str) -> None:
        """Finish in a thread, as a million entries take some seconds."""
        await asyncio.get_running_loop().run_in_executor(None, self.finish, reason)

    def finish(self, reason: str) -> None:
        """Write the run record, the status file and the summary. Blocks."""
        if self.is_finished:
            return
        self.is_finished, self._reason = True, reason
        try:
            self._write_results(reason)
        except HarvesterError as error:
            if str(error) != str(self.error):
                logger.critical("The results of the run cannot be written: %s", error)
            self.error = error
        self._check_expectations(reason)
        self.crawler.signals.send_catch_log(run_ended, exitcode=self.exitcode)

    @property
    def exitcode(self) -> int:
        """0 if the crawl ended well or the user stopped it, 2 for a UsageProblem, 1 for any other error."""
        if self.error is not None:
            return UsageProblem.exitcode if isinstance(self.error, UsageProblem) else 1
        return int(self._reason == "start_error")

    def _check_expectations(self, reason: str) -> None:
        assert self.crawler.stats is not None
        problem = check_expectations(
            self.crawler.settings, self.crawler.stats.get_stats(), reason, self._common_failure
        )
        if problem is not None and self.error is None:
            self.error = problem
            logger.critical("The run ended below expectations: %s", problem)

    def _write_results(self, reason: str) -> None:
        session = CatalogueSession.of(self.crawler)
        session.end_run(reason)
        with translate_db_errors(session.engine), session.engine.connect() as connection:
            paths = DataPaths.from_settings(self.crawler.settings)
            files = write_dataset_files(connection, session.collection_id, session.collection, paths)
            counts = queries.count_by_status(connection, session.collection_id)
            summaries = summarize_sites(counts, listings.listings_by_site(connection, session.collection_id))
        self._common_failure = session.common_failure.problem(counts)
        for summary in summaries:
            self._log_summary(summary, reason)
        if not summaries and reason != "finished":
            logger.info("This run (%s) ended before anything was listed: the same command starts again.", reason)
        if len(files) > 1:
            logger.info("%s are in %s", ", ".join(path.name for path in files), files[0].parent)
        for message in spider_of(self.crawler).final_messages():
            logger.warning("%s", message)

    def _log_summary(self, summary: SiteSummary, reason: str) -> None:
        session = CatalogueSession.of(self.crawler)
        session.log.append_summary(
            "\t".join((reason, *(f"{label.strip()} {value}" for label, value in summary.lines())))
        )
        counts = session.status_counts
        counts_text = ", ".join(f"{counts[status]:,} {status}" for status in ("done", "failed", "skipped"))
        logger.info("This run (%s): %s\n%s", reason, counts_text, summary_text([summary]))
        for message in summary.complaints():
            logger.warning("%s", message)
        if summary.pending or not self._is_discovery_complete():
            pending_text = count_noun(summary.pending, "image")
            verb = "is" if summary.pending == 1 else "are"
            suffix = "" if self._is_discovery_complete() else ", and not all images are discovered yet"
            logger.info("%s %s still pending%s: the same command continues.", pending_text, verb, suffix)

    def _is_discovery_complete(self) -> bool:
        with CatalogueSession.of(self.crawler).engine.connect() as connection:
            return CatalogueSession.of(self.crawler).collection not in queries.unfinished_collections(connection)


def summary_text(summaries: list[SiteSummary]) -> str:
    """The summary table as plain text."""
    buffer = io.StringIO()
    table_console(buffer, 100).print(build_table(summaries))
    return buffer.getvalue()


@contextmanager
def stop_run_on(error_class: type[Exception], crawler: Crawler) -> Iterator[None]:
    """Stop the run on an error of this class inside the block; the image being processed stays pending."""
    try:
        yield
    except error_class as error:
        RunFinisher.of(crawler).stop(error)
        raise DropItem(f"stays pending, the run stops: {error}", log_level="DEBUG") from error
