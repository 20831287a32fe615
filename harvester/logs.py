"""Log formatting: one short line per item, and no text from the network can forge a line or move the cursor."""

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
    """Formats Scrapy's messages with the key of an image instead of the whole item.

    At other levels than DEBUG it returns None for debug messages, as Scrapy would create a record for them anyway.
    """

    debug = True

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Read LOG_LEVEL, a name or a number."""
        formatter = super().from_crawler(crawler)
        level = crawler.settings["LOG_LEVEL"]
        formatter.debug = logging.getLevelNamesMapping().get(str(level).upper(), level) <= logging.DEBUG
        return formatter

    def crawled(self, request: Request, response: Response, spider: Spider) -> LogFormatterResult | None:  # type: ignore[override]
        """Format a received response, at DEBUG."""
        return super().crawled(request, response, spider) if self.debug else None

    def scraped(self, item: Any, response: Response | Failure | None, spider: Spider) -> LogFormatterResult | None:  # type: ignore[override]
        """Format the outcome of an image, at DEBUG."""
        if not self.debug:
            return None
        result = super().scraped(item, response, spider)
        return {**result, "msg": "%(status)s: %(key)s", "args": {"status": item.status, "key": item.key}}

    def dropped(
        self, item: Any, exception: BaseException, response: Response | Failure | None, spider: Spider
    ) -> LogFormatterResult:
        """Format an image that a user's pipeline dropped."""
        result = super().dropped(item, exception, response, spider)
        return {**result, "msg": "Dropped %(key)s: %(why)s", "args": {"key": item.key, "why": exception}}

    def item_error(
        self, item: Any, exception: BaseException, response: Response | Failure | None, spider: Spider
    ) -> LogFormatterResult:
        """Format an unexpected error in a pipeline; the image stays pending."""
        result = super().item_error(item, exception, response, spider)
        return {**result, "msg": "Unexpected error while processing %(key)s", "args": {"key": item.key}}


class GuardedRecord(logging.LogRecord):
    """A log record as every handler gets it: further lines are indented, control characters escaped.

    Names, addresses, alternative texts and server errors also appear in tracebacks and in messages of Scrapy and other
    libraries. All of them pass through this class.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.exc_info and self.exc_info[0] is not None:
            traceback_text = "".join(traceback.format_exception(*self.exc_info)).rstrip("\n")
            self.exc_text = indent_lines(f"\n{traceback_text}").lstrip("\n")

    def getMessage(self) -> str:  # noqa: N802 - the name is Python's
        """The message with its arguments, escaped."""
        return indent_lines(super().getMessage())


def guard_log_records() -> None:
    """Make all new log records GuardedRecords; a second call does nothing."""
    logging.setLogRecordFactory(GuardedRecord)
