"""`scrapy crawl`, as Scrapy has it, but a mistake of the user's is one sentence and exit code 2."""

import argparse
import logging
import sys
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from scrapy.commands.crawl import Command as ScrapyCrawl
from scrapy.exceptions import UsageError

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

WORDY = ("scrapy.utils.log", "scrapy.middleware", "scrapy.crawler", "scrapy.addons")


class Command(ScrapyCrawl):
    """Adds to Scrapy's command: no option is ignored, no traceback for bad input, books closed after a forced stop."""

    def process_options(self, args: list[str], opts: argparse.Namespace) -> None:
        """Without -L DEBUG, Scrapy's lists of its own parts are left out of the log."""
        super().process_options(args, opts)
        if opts.loglevel != "DEBUG":
            for name in WORDY:  # a filter, because Scrapy sets the levels anew when the crawl begins
                logging.getLogger(name).addFilter(lambda record: record.levelno > logging.INFO)

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Exit code 0 when the crawl ended by itself or was asked to, 1 when an error stopped it, 2 for bad input."""
        assert self.crawler_process is not None
        if len(args) != 1:
            raise UsageError(f"expected the name of one spider, got: {' '.join(args) or 'nothing'}", print_help=False)
        self._check_name(args[0])
        crawler = self._create_crawler(args[0])
        crawl: Any = self.crawler_process.crawl(crawler, **opts.spargs)
        self.crawler_process.start()
        error = crawl.exception() if crawl.done() and not crawl.cancelled() else None
        self.exitcode = self._exitcode(crawler, error)

    def _check_name(self, name: str) -> None:
        assert self.crawler_process is not None
        known = self.crawler_process.spider_loader.list()
        if name not in known:
            close = get_close_matches(name, known, n=1)
            hint = f" Did you mean {close[0]}?" if close else ""
            raise UsageError(f"there is no spider {name}.{hint} There are: {', '.join(known)}", print_help=False)

    def _exitcode(self, crawler: "Crawler", error: BaseException | None) -> int:
        from harvester.errors import HarvesterError
        from harvester.extensions.closing import Closing

        if isinstance(error, HarvesterError):
            print(f"Error: {error}", file=sys.stderr)  # noqa: T201
            return error.exitcode
        if error is not None:
            raise error
        closing = Closing.of(crawler)
        if closing is None:
            return 1
        closing.close("forced")
        reason = crawler.stats.get_value("finish_reason", "forced")
        return 0 if reason in ("finished", "shutdown", "forced") else 1
