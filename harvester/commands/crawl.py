"""`scrapy crawl`, as Scrapy has it, but a mistake of the user's is one sentence and exit code 2."""

import argparse
import asyncio
import gc
import logging
import os
import signal
import sys
from contextlib import suppress
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scrapy.commands.crawl import Command as ScrapyCrawl
from scrapy.exceptions import UsageError

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

VERBOSE_LOGGERS = ("scrapy.utils.log", "scrapy.middleware", "scrapy.crawler", "scrapy.addons")


class Command(ScrapyCrawl):
    """Adds to Scrapy's command: no option is ignored, no traceback for bad input, books closed after a forced stop."""

    def process_options(self, args: list[str], opts: argparse.Namespace) -> None:
        """Without -L DEBUG, Scrapy's lists of its own parts are left out of the log."""
        from harvester.storage.paths import set_private_umask

        signal.signal(signal.SIGINT, _stop_early)  # until Scrapy sets its own
        set_private_umask()  # before the log file is opened
        super().process_options(args, opts)
        if args:
            self._prefork()
        if opts.loglevel != "DEBUG":
            for name in VERBOSE_LOGGERS:  # a filter, because Scrapy sets the levels anew when the crawl begins
                logging.getLogger(name).addFilter(lambda record: record.levelno > logging.INFO)

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Exit code 0 when the crawl ended as it should or was asked to, 1 when it did not, 2 for bad input."""
        assert self.crawler_process is not None
        if len(args) != 1:
            raise UsageError(f"expected the name of one spider, got: {' '.join(args) or 'nothing'}", print_help=False)
        self._check_name(args[0])
        _check_feeds([*(opts.output or ()), *(opts.overwrite_output or ())])
        crawler = self._create_crawler(args[0])
        crawl: Any = self.crawler_process.crawl(crawler, **opts.spargs)
        self.crawler_process.start()
        error = crawl.exception() if crawl.done() and not crawl.cancelled() else None
        self.exitcode = self._exit_code(crawler, error)

    def _prefork(self) -> None:
        """Begin what takes long, so that it is ready when all else is; a faster event loop than asyncio's own."""
        from harvester.crawl.workers.settings import worker_count
        from harvester.crawl.workers.spawn import prefork
        from harvester.errors import UsageProblem

        gc.disable()  # until the crawl begins: all that is loaded now lasts
        assert self.settings is not None
        with suppress(UsageProblem):  # said when everything is checked
            prefork(worker_count(self.settings) - 1)  # all of them would keep this process from its own loading
        # Where ASYNCIO_EVENT_LOOP asks for it, Scrapy 2.19 makes one of asyncio's first and never closes it.
        asyncio.set_event_loop(import_module("uvloop").new_event_loop())
        # Scrapy looks through all callers and modules when this is imported: 50 ms now, 160 ms when all is loaded.
        import_module("scrapy.core.downloader.contextfactory")

    def _check_name(self, name: str) -> None:
        assert self.crawler_process is not None
        names = self.crawler_process.spider_loader.list()
        if name not in names:
            close = get_close_matches(name, names, n=1)
            hint = f" Did you mean {close[0]}?" if close else ""
            raise UsageError(f"there is no spider {name}.{hint} There are: {', '.join(names)}", print_help=False)

    def _exit_code(self, crawler: "Crawler", error: BaseException | None) -> int:
        from harvester.cli import print_error
        from harvester.crawl.run.finish import RunFinisher
        from harvester.errors import HarvesterError
        from harvester.text import redact

        if isinstance(error, HarvesterError):
            print_error(str(error))
            if crawler.settings["LOG_FILE"]:  # where scrapyd's users look
                logging.getLogger(__name__).critical("%s", redact(str(error)))
            return error.exitcode
        if error is not None:
            raise error
        finisher = RunFinisher.of(crawler)
        finisher.finish("forced")
        return finisher.exitcode


def _stop_early(_signal: int, _frame: object) -> None:
    print("Stopped before anything was begun.", file=sys.stderr)  # noqa: T201
    raise SystemExit(130)


def _check_feeds(feeds: list[str]) -> None:
    """A feed that cannot be written is found out before the crawl, not after it."""
    for feed in feeds:
        if "://" in feed or feed.startswith("-"):
            continue
        path = Path(feed if Path(feed).suffix else feed.rpartition(":")[0])
        folder = next(parent for parent in path.absolute().parents if parent.exists())
        if path.is_dir() or not folder.is_dir() or not os.access(folder, os.W_OK):
            raise UsageError(f"{feed}: cannot be written", print_help=False)
