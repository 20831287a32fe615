"""What the log says: of items one short line, and nothing from the network can forge a line or move the cursor."""

import logging
import traceback
from typing import Any

from scrapy.http import Response
from scrapy.logformatter import LogFormatter, LogFormatterResult
from scrapy.spiders import Spider
from twisted.python.failure import Failure

from harvester.text import indented


class QuietLogFormatter(LogFormatter):
    """Scrapy's messages with the key of an image in place of the whole item."""

    def scraped(self, item: Any, response: Response | Failure | None, spider: Spider) -> LogFormatterResult:
        """At DEBUG: what became of an image."""
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
            told = "".join(traceback.format_exception(*self.exc_info)).rstrip("\n")
            self.exc_text = indented(f"\n{told}").lstrip("\n")

    def getMessage(self) -> str:  # noqa: N802 - the name is Python's
        """The message with its arguments."""
        return indented(super().getMessage())


def guard() -> None:
    """Have all records guarded from now on; a second time does nothing."""
    logging.setLogRecordFactory(GuardedRecord)
