"""900: the end of the chain. One image, one entry; only what is on disk is called done."""

from datetime import UTC, datetime
from typing import Any, Self

from scrapy.crawler import Crawler

from harvester.catalogue.writer import Outcome
from harvester.errors import CatalogueError
from harvester.extensions.closing import stop_on
from harvester.extensions.ledger import Ledger
from harvester.imaging.values import NO_FINGERPRINT, RECIPE
from harvester.items import ImageItem
from harvester.text import storable


class CataloguePipeline:
    """Records the outcome and waits until it is committed."""

    def __init__(self, ledger: Ledger, crawler: Crawler) -> None:
        self._ledger = ledger
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Writes through the ledger of the crawl."""
        return cls(Ledger.of(crawler), crawler)

    async def process_item(self, item: ImageItem) -> ImageItem:
        """Sets the final status."""
        if item.open:
            item.status = "done"
        item.finished_at = datetime.now(UTC).isoformat(timespec="seconds")
        with stop_on(CatalogueError, self._crawler):
            await self._ledger.record(_outcome(item))
        assert self._crawler.stats is not None
        self._crawler.stats.inc_value(f"harvester/{item.status}")
        if item.reason:
            self._crawler.stats.inc_value(f"harvester/{item.status}/{item.reason}")
        return item


def _outcome(item: ImageItem) -> Outcome:
    return Outcome(
        row=item.work.row,
        status=item.status,
        reason=item.reason,
        detail=storable(item.detail),
        asked_at=item.work.asked_at,
        sha256=item.sha256,
        files=item.work.files,
        file_sha256=item.work.file_sha256,
        blob=_blob(item),
    )


def _blob(item: ImageItem) -> dict[str, Any] | None:
    if item.blob is None:
        return None
    names = ("sha256", "format", "mode", "width", "height", "bytes", "animated", "frames", "embedded")
    hashes = {name: getattr(item, name) or "" for name in ("phash", "dhash", "average", "whash")}
    recipe = RECIPE if item.phash else NO_FINGERPRINT
    others = {"ext": item.work.ext, "recipe": recipe, "coefficients": item.work.coefficients}
    return {name: getattr(item, name) for name in names} | hashes | others
