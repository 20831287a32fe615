"""`scrapy crawl`: Scrapy's command, with help on a spider, and exit code 2 and one sentence for a user's mistake."""

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
from scrapy.spiderloader import get_spider_loader

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from scrapy.spiderloader import SpiderLoaderProtocol

VERBOSE_LOGGERS = ("scrapy.utils.log", "scrapy.middleware", "scrapy.crawler", "scrapy.addons")


class Command(ScrapyCrawl):
    """Adds to Scrapy's command: no ignored options, no traceback for bad input, a summary even after a forced stop."""

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Let `process_options` answer --help, because argparse would print it before it knows the spider."""
        help_text = "show this help, with a spider's name also its arguments, and exit"
        parser.add_argument("-h", "--help", action="store_true", help=help_text)
        super().add_options(parser)
        self._parser = parser

    def process_options(self, args: list[str], opts: argparse.Namespace) -> None:
        """Prepare the process; without -L DEBUG, hide Scrapy's lists of its components from the log."""
        from harvester.storage.paths import set_private_umask

        signal.signal(signal.SIGINT, _stop_early)  # until Scrapy sets its own handler
        set_private_umask()  # before the log file is opened
        super().process_options(args, opts)
        if opts.help:
            self._print_help([arg for arg in args if not arg.startswith("-")])
            raise SystemExit
        if args:
            self._prefork()
        if opts.loglevel != "DEBUG":
            for name in VERBOSE_LOGGERS:  # a filter, because Scrapy resets the levels when the crawl starts
                logging.getLogger(name).addFilter(lambda record: record.levelno > logging.INFO)

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Run a crawl; exit code 0 if it ended well or the user stopped it, 1 if it failed, 2 for bad input."""
        assert self.crawler_process is not None
        if len(args) != 1:
            raise UsageError(f"expected the name of one spider, got: {' '.join(args) or 'nothing'}", print_help=False)
        _check_name(args[0], self.crawler_process.spider_loader)
        _check_feeds([*(opts.output or ()), *(opts.overwrite_output or ())])
        crawler = self._create_crawler(args[0])
        crawl: Any = self.crawler_process.crawl(crawler, **opts.spargs)
        self.crawler_process.start()
        error = crawl.exception() if crawl.done() and not crawl.cancelled() else None
        self.exitcode = self._exit_code(crawler, error)

    def _print_help(self, names: list[str]) -> None:
        if names:
            self._add_spider_arguments(names[0])
        else:
            self._parser.epilog = (
                "The arguments of a spider: scrapy crawl SPIDER --help. The names of the spiders: scrapy list."
            )
        self._parser.print_help()

    def _add_spider_arguments(self, name: str) -> None:
        """Make the arguments of a spider part of the help, laid out as if `-a name=VALUE` was an option."""
        from harvester.spider_arguments import SpiderModes, declared_arguments

        assert self.settings is not None
        spiders = get_spider_loader(self.settings)
        _check_name(name, spiders)
        spider = spiders.load(name)
        arguments = declared_arguments(spider).values()
        group = self._parser.add_argument_group(f"{name} arguments")
        group.description = None if arguments else "This spider has no arguments."
        for argument in arguments:
            required = " (required)" if argument.required and not issubclass(spider, SpiderModes) else ""
            text = f"{argument.full_description}{required}".replace("%", "%%")
            group.add_argument(f"-a {argument.name}=VALUE", action="store_true", help=text)

    def _prefork(self) -> None:
        """Start what takes long to load, so that it is ready early; set an event loop faster than asyncio's own."""
        from harvester.crawl.workers.settings import worker_count
        from harvester.crawl.workers.spawn import prefork
        from harvester.errors import UsageProblem

        gc.disable()  # until the crawl starts: everything loaded now lasts
        assert self.settings is not None
        with suppress(UsageProblem):  # reported later, with all other checks
            prefork(worker_count(self.settings) - 1)  # one more would slow down the loading of this process
        # Not by ASYNCIO_EVENT_LOOP: with it, Scrapy 2.19 first makes a loop of asyncio's and never closes it.
        asyncio.set_event_loop(import_module("uvloop").new_event_loop())
        # This import makes Scrapy search all callers and modules: 50 ms now, 160 ms when everything is loaded.
        import_module("scrapy.core.downloader.contextfactory")

    def _exit_code(self, crawler: "Crawler", error: BaseException | None) -> int:
        from harvester.cli import print_error
        from harvester.crawl.run.finish import RunFinisher
        from harvester.errors import HarvesterError
        from harvester.text import redact

        if isinstance(error, HarvesterError):
            print_error(str(error))
            if crawler.settings["LOG_FILE"]:  # users of scrapyd look there
                logging.getLogger(__name__).critical("%s", redact(str(error)))
            return error.exitcode
        if error is not None:
            raise error
        finisher = RunFinisher.of(crawler)
        finisher.finish("forced")
        return finisher.exitcode


def _check_name(name: str, spiders: "SpiderLoaderProtocol") -> None:
    """Raise UsageError for a spider that does not exist."""
    names = spiders.list()
    if name not in names:
        close = get_close_matches(name, names, n=1)
        hint = f" Did you mean {close[0]}?" if close else ""
        raise UsageError(f"there is no spider {name}.{hint} The spiders are: {', '.join(names)}", print_help=False)


def _stop_early(_signal: int, _frame: object) -> None:
    print("Stopped before the crawl started.", file=sys.stderr)
    raise SystemExit(130)


def _check_feeds(feeds: list[str]) -> None:
    """Raise UsageError, before the crawl rather than after it, for a feed that cannot be written."""
    for feed in feeds:
        if "://" in feed or feed.startswith("-"):
            continue
        path = Path(feed if Path(feed).suffix else feed.rpartition(":")[0])
        folder = next(parent for parent in path.absolute().parents if parent.exists())
        if path.is_dir() or not folder.is_dir() or not os.access(folder, os.W_OK):
            raise UsageError(f"{feed}: cannot be written", print_help=False)
