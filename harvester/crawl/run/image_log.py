"""image_download.log: one line per image, and the summary at the end of each run."""

import contextlib
import logging
import time
from typing import Self, TextIO

from scrapy import signals
from scrapy.crawler import Crawler

from harvester.crawl.contract import spider_of
from harvester.errors import StoreError
from harvester.items import ImageItem
from harvester.storage.paths import DataPaths
from harvester.storage.safe_files import open_append_nofollow
from harvester.text import escape_control_chars, format_time

logger = logging.getLogger(__name__)


def format_line(item: ImageItem) -> str:
    """Status, names, URL and outcome of an image, tab-separated."""
    if item.status == "done":
        outcome = (item.sha256 or "", f"{item.format} {item.width}x{item.height} {item.bytes} bytes")
    else:
        outcome = (item.reason, item.detail)
    names = " ".join(item.names) or "-"
    return "\t".join(escape_control_chars(column) for column in (item.status, names, item.url, *outcome))


class ImageLog:
    """Appends to the log of the collection; each line is flushed as it is written."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Open the log. Raises StoreError if the file cannot be written."""
        collection = spider_of(crawler).collection
        path = DataPaths.from_settings(crawler.settings).log_file(collection)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            log = cls(open_append_nofollow(path))
        except OSError as error:
            raise StoreError(f"{path} cannot be written: {error.strerror}.") from error
        crawler.signals.connect(log.item_scraped, signal=signals.item_scraped)
        crawler.signals.connect(log.close, signal=signals.engine_stopped)
        return log

    def item_scraped(self, item: ImageItem) -> None:
        """Log one finished image."""
        self.write(format_line(item))

    def write(self, text: str) -> None:
        """Append a line, after the time."""
        try:
            self._file.write(f"{format_time(time.time())}\t{text}\n")
        except OSError as error:
            logger.warning("%s cannot be written: %s", self._file.name, error.strerror)

    def close(self) -> None:
        """Close the file at the end of the run."""
        with contextlib.suppress(OSError):  # the buffer of a full disk
            self._file.close()
