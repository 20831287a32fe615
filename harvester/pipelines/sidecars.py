"""600: what lies beside a named picture, such as its caption. Written before the picture is called done."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from scrapy.crawler import Crawler

from harvester.catalogue.writer import record_sidecars
from harvester.crawl.contract import spider_of
from harvester.crawl.run.finish import stop_run_on
from harvester.crawl.run.session import CatalogueSession
from harvester.errors import CatalogueError, StoreError
from harvester.items import ImageItem
from harvester.storage.blobs import FileNameTaken, digest, write_output_file
from harvester.storage.paths import DataPaths
from harvester.storage.safe_files import escapes_folder


class SidecarsPipeline:
    """Writes what the spider gives (`SpiderContract.sidecars`), noted first, so that a removal knows of every file."""

    def __init__(self, output: Path, session: CatalogueSession, crawler: Crawler) -> None:
        self._output = output
        self._session = session
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Write them beside the output files."""
        session = CatalogueSession.of(crawler)
        return cls(DataPaths.from_settings(crawler.settings).output(session.collection), session, crawler)

    async def process_item(self, item: ImageItem) -> ImageItem:
        """Each file appears whole or not at all, and never in place of another."""
        if item.is_pending and item.state.stems and (sidecar_files := spider_of(self._crawler).sidecars(item)):
            with stop_run_on(CatalogueError, self._crawler), stop_run_on(StoreError, self._crawler):
                await self._session.write_global(record_sidecars, _digests(item.state.stems, sidecar_files))
                await asyncio.to_thread(self._write_all, item, sidecar_files)
        return item

    def _write_all(self, item: ImageItem, sidecar_files: Mapping[str, bytes]) -> None:
        for placement, stem in item.state.stems.items():
            try:
                self._write_for_stem(stem, sidecar_files)
            except FileNameTaken as conflict:
                item.state.files.pop(placement)  # stays pending, with all that lies beside it
                item.refuse("name-taken", str(conflict))

    def _write_for_stem(self, stem: str, sidecar_files: Mapping[str, bytes]) -> None:
        if escapes_folder(self._output, stem):
            raise FileNameTaken(stem)
        for ext, data in sidecar_files.items():
            write_output_file(self._output / f"{stem}.{ext}", data)


def _digests(stems: Mapping[int, str], sidecar_files: Mapping[str, bytes]) -> dict[int, dict[str, str]]:
    digests = {ext: digest(data) for ext, data in sidecar_files.items()}
    return {row: {f"{stem}.{ext}": sha256 for ext, sha256 in digests.items()} for row, stem in stems.items()}
