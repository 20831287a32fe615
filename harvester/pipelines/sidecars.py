"""600: what lies beside a named picture, such as its caption. Written before the picture is called done."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from scrapy.crawler import Crawler

from harvester.blobs import NameTaken, name
from harvester.errors import StoreError
from harvester.extensions.closing import stop_on
from harvester.extensions.ledger import Ledger
from harvester.items import ImageItem
from harvester.links import leads_elsewhere
from harvester.places import Places
from harvester.reasons import REASONS
from harvester.sites.sidecars import sidecars


class SidecarsPipeline:
    """Writes what `harvester.sites.sidecars` gives; it is made from what the catalogue knows of the image."""

    def __init__(self, output: Path, site: str, crawler: Crawler) -> None:
        self._output = output
        self._site = site
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Beside the named copies."""
        collection = Ledger.of(crawler).collection
        return cls(Places.from_settings(crawler.settings).output(collection), collection.site, crawler)

    async def process_item(self, item: ImageItem) -> ImageItem:
        """Each file appears whole or not at all, and never in place of another."""
        if item.open and (beside := sidecars(self._site, item.metadata)):
            with stop_on(StoreError, self._crawler):
                await asyncio.to_thread(self._write, item, beside)
        return item

    def _write(self, item: ImageItem, beside: Mapping[str, bytes]) -> None:
        for sighting, stem in item.work.names.items():
            try:
                self._lay(stem, beside)
            except NameTaken as taken:
                item.work.files.pop(sighting)  # stays owed, with all that lies beside it
                item.refuse(REASONS["name-taken"].status, "name-taken", str(taken))

    def _lay(self, stem: str, beside: Mapping[str, bytes]) -> None:
        if leads_elsewhere(self._output, stem):
            raise NameTaken(stem)
        for ext, data in beside.items():
            name(self._output / f"{stem}.{ext}", data)
