"""What the log says: of items one short line, and nothing from the network can forge a line or move the cursor."""

import logging
import traceback
from typing import Any, Self

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.http import Response
from scrapy.logformatter import LogFormatter, LogFormatterResult
from scrapy.spiders import Spider
from twisted.python.failure import Failure

from harvester.text import indent_lines


class QuietLogFormatter(LogFormatter):
    """Scrapy's messages with the key of an image in place of the whole item.

    What only DEBUG shows is not put into words at any other level: Scrapy would make a record of it all the same.
    """

    debug = True

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """LOG_LEVEL says what is shown; a name or a number."""
        formatter = super().from_crawler(crawler)
        level = crawler.settings["LOG_LEVEL"]
        formatter.debug = logging.getLevelNamesMapping().get(str(level).upper(), level) <= logging.DEBUG
        return formatter

    def crawled(self, request: Request, response: Response, spider: Spider) -> LogFormatterResult | None:  # type: ignore[override]
        """At DEBUG: an answer came."""
        return super().crawled(request, response, spider) if self.debug else None

    def scraped(self, item: Any, response: Response | Failure | None, spider: Spider) -> LogFormatterResult | None:  # type: ignore[override]
        """At DEBUG: what became of an image."""
        if not self.debug:
            return None
        result = super().scraped(item, response, spider)
        return {**result, "msg": "%(status)s: %(key)s", "args": {"status": item.status, "key": item.key}}

    def dropped(
        self, item: Any, exception: BaseException, response: Response | Failure | None, spider: Spider
    ) -> LogFormatterResult:
        """A pipeline of the user's dropped an image."""
        result = super().dropped(item, exception, response, spider)
        return {**result, "msg": "Dropped %(key)s: %(why)s", "args": {"key": item.key, "why": exception}}

    def item_error(
        self, item: Any, exception: BaseException, response: Response | Failure | None, spider: Spider
    ) -> LogFormatterResult:
        """A surprise in a pipeline; the image stays owed."""
        result = super().item_error(item, exception, response, spider)
        return {**result, "msg": "Surprise while working on %(key)s", "args": {"key": item.key}}


class GuardedRecord(logging.LogRecord):
    """A record of the log as every handler gets it: on further lines indented, control characters escaped.

    Names, addresses, alternative texts and errors of servers stand in messages of Scrapy's and of libraries too, and
    in tracebacks; this is the one place that all of them pass.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.exc_info and self.exc_info[0] is not None:
            traceback_text = "".join(traceback.format_exception(*self.exc_info)).rstrip("\n")
            self.exc_text = indent_lines(f"\n{traceback_text}").lstrip("\n")

    def getMessage(self) -> str:  # noqa: N802 - the name is Python's
        """The message with its arguments."""
        return indent_lines(super().getMessage())


def guard_log_records() -> None:
    """Have all records guarded from now on; a second time does nothing."""
    logging.setLogRecordFactory(GuardedRecord)
