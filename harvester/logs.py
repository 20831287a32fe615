"""What Scrapy's log says of items: one short line, never the whole item."""

from typing import Any

from scrapy.http import Response
from scrapy.logformatter import LogFormatter, LogFormatterResult
from scrapy.spiders import Spider
from twisted.python.failure import Failure


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
