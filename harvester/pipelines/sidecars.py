"""600: what lies beside a named picture, such as its caption. Written before the picture is called done."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from scrapy.crawler import Crawler

from harvester.crawl.run.finish import stop_run_on
from harvester.crawl.run.session import CatalogueSession
from harvester.errors import StoreError
from harvester.items import ImageItem
from harvester.spiders.civitai.item import sidecars_of_site
from harvester.storage.blobs import FileNameTaken, write_output_file
from harvester.storage.paths import DataPaths
from harvester.storage.safe_files import escapes_folder


class SidecarsPipeline:
    """Writes what `harvester.spiders.civitai.item` gives; it is made from what the catalogue knows of the image."""

    def __init__(self, output: Path, site: str, crawler: Crawler) -> None:
        self._output = output
        self._site = site
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Beside the named copies."""
        collection = CatalogueSession.of(crawler).collection
        return cls(DataPaths.from_settings(crawler.settings).output(collection), collection.site, crawler)

    async def process_item(self, item: ImageItem) -> ImageItem:
        """Each file appears whole or not at all, and never in place of another."""
        if item.is_pending and (sidecar_files := sidecars_of_site(self._site, item.metadata)):
            with stop_run_on(StoreError, self._crawler):
                await asyncio.to_thread(self._write_all, item, sidecar_files)
        return item

    def _write_all(self, item: ImageItem, sidecar_files: Mapping[str, bytes]) -> None:
        for placement, stem in item.state.stems.items():
            try:
                self._write_for_stem(stem, sidecar_files)
            except FileNameTaken as conflict:
                item.state.files.pop(placement)  # stays owed, with all that lies beside it
                item.refuse("name-taken", str(conflict))

    def _write_for_stem(self, stem: str, sidecar_files: Mapping[str, bytes]) -> None:
        if escapes_folder(self._output, stem):
            raise FileNameTaken(stem)
        for ext, data in sidecar_files.items():
            write_output_file(self._output / f"{stem}.{ext}", data)
