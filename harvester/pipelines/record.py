"""Pipeline 900: the outcome of each image goes into the catalogue; only images on disk are called done."""

import time
from typing import Any, Self

from scrapy.crawler import Crawler

from harvester.catalogue.writer import ImageOutcome
from harvester.crawl.run.finish import stop_run_on
from harvester.crawl.run.image_log import format_line
from harvester.crawl.run.session import CatalogueSession
from harvester.errors import CatalogueError
from harvester.imaging.types import FINGERPRINT_VERSION, NO_FINGERPRINT
from harvester.items import ImageItem
from harvester.text import format_time, strip_unstorable


class RecordPipeline:
    """Records the outcome of an image and waits until it is committed."""

    def __init__(self, session: CatalogueSession, crawler: Crawler) -> None:
        self._session = session
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Record through the catalogue session of the crawl."""
        return cls(CatalogueSession.of(crawler), crawler)

    async def process_item(self, item: ImageItem) -> ImageItem:
        """Set the final status and record it."""
        if item.is_pending:
            item.status = "done"
        item.finished_at = format_time(time.time())
        with stop_run_on(CatalogueError, self._crawler):
            await self._session.record(_outcome_from_item(item), format_line(item))
        assert self._crawler.stats is not None
        self._crawler.stats.inc_value(f"harvester/{item.status}")
        if item.reason:
            self._crawler.stats.inc_value(f"harvester/{item.status}/{item.reason}")
        return item


def _outcome_from_item(item: ImageItem) -> ImageOutcome:
    return ImageOutcome(
        row=item.state.row,
        status=item.status,
        reason=item.reason,
        detail=strip_unstorable(item.detail),
        requested_at=item.state.requested_at,
        sha256=item.sha256,
        files=item.state.files,
        file_sha256=item.state.file_sha256,
        blob=_blob_values(item),
    )


def _blob_values(item: ImageItem) -> dict[str, Any] | None:
    if item.blob is None:
        return None
    fields = ("sha256", "format", "mode", "width", "height", "bytes", "animated", "frames", "embedded")
    hashes = {name: getattr(item, name) or "" for name in ("phash", "dhash", "average", "whash")}
    fingerprint_version = FINGERPRINT_VERSION if item.phash else NO_FINGERPRINT
    extra = {"ext": item.state.ext, "fingerprint_version": fingerprint_version, "coefficients": item.state.coefficients}
    return {name: getattr(item, name) for name in fields} | hashes | extra
