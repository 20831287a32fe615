"""image_download.log: one line per image, and the books at the end, beside the data."""

import contextlib
import logging
from datetime import UTC, datetime
from typing import Self, TextIO, cast

from scrapy import signals
from scrapy.crawler import Crawler

from harvester.errors import StoreError
from harvester.extensions.ledger import Harvesting
from harvester.items import ImageItem
from harvester.links import appending
from harvester.places import Places
from harvester.text import printable

logger = logging.getLogger(__name__)


def line(item: ImageItem) -> str:
    """`status  names  url  what came of it`, tab-separated."""
    if item.status == "done":
        told = (item.sha256 or "", f"{item.format} {item.width}x{item.height} {item.bytes} bytes")
    else:
        told = (item.reason, item.detail)
    names = " ".join(item.names) or "-"
    return "\t".join(printable(column) for column in (item.status, names, item.url, *told))


class ImageLog:
    """Appends to the log of the collection; lines reach the disk as they are written."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Raises StoreError where the file cannot be written."""
        collection = cast("Harvesting", crawler.spider).collection
        path = Places.from_settings(crawler.settings).log_file(collection)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            log = cls(appending(path))
        except OSError as error:
            raise StoreError(f"{path} cannot be written: {error.strerror}.") from error
        crawler.signals.connect(log.item_scraped, signal=signals.item_scraped)
        crawler.signals.connect(log.close, signal=signals.engine_stopped)
        return log

    def item_scraped(self, item: ImageItem) -> None:
        """One image is settled."""
        self.write(line(item))

    def write(self, text: str) -> None:
        """A line with its time."""
        try:
            self._file.write(f"{datetime.now(UTC).isoformat(timespec='seconds')}\t{text}\n")
        except OSError as error:
            logger.warning("%s cannot be written: %s", self._file.name, error.strerror)

    def close(self) -> None:
        """The end of the run."""
        with contextlib.suppress(OSError):  # what is still in the buffer of a full disk
            self._file.close()
