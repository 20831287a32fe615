"""300: the bytes as they came become a blob, the rendition becomes the named copies, thumbnails lie beside."""

from pathlib import Path
from typing import Self

from scrapy.crawler import Crawler

from harvester.blobs import BlobStore, NameTaken, digest, link, name, publish
from harvester.errors import StoreError
from harvester.extensions.closing import stop_on
from harvester.extensions.ledger import Ledger
from harvester.extensions.workers import Workers
from harvester.items import ImageItem
from harvester.places import Places
from harvester.reasons import REASONS


class BlobsPipeline:
    """Publishes files in a thread; a disk that takes no more ends the run."""

    def __init__(self, blobs: BlobStore, output: Path, thumbs: Path, crawler: Crawler) -> None:
        self._blobs = blobs
        self._output = output
        self._thumbs = thumbs
        self._crawler = crawler
        self._workers = Workers.of(crawler)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Everything goes where `places` says."""
        places = Places.from_settings(crawler.settings)
        output = places.output(Ledger.of(crawler).collection)
        return cls(BlobStore(places.blobs), output, places.thumbs, crawler)

    async def process_item(self, item: ImageItem) -> ImageItem:
        """Sets sha256, blob and the names as published."""
        if item.open:
            with stop_on(StoreError, self._crawler):
                await self._workers.run(self._store, item)
        return item

    def _store(self, item: ImageItem) -> None:
        work = item.work
        sha256 = digest(work.body)
        blob = self._blobs.put(sha256, work.ext, work.body)
        for size, data in work.thumbs.items():
            publish(self._thumbs / size / sha256[:2] / f"{sha256}.jpg", data)
        item.sha256 = sha256
        item.blob = f"{self._blobs.root.name}/{sha256[:2]}/{blob.name}"
        work.file_sha256 = sha256 if work.rendition is None else digest(work.rendition)
        for sighting, stem in work.names.items():
            self._name(item, sighting, f"{stem}.{work.rendition_ext}", blob)
        item.names = list(work.files.values())

    def _name(self, item: ImageItem, sighting: int, file: str, blob: Path) -> None:
        # What we wrote there before; a run killed before it could record that may have left a link to a blob.
        former = item.work.formers.get(sighting, "") or self._blobs.linked(self._output / file)
        try:
            if item.work.rendition is None:
                link(self._output / file, blob, item.work.body, former)
            else:
                name(self._output / file, item.work.rendition, former)
        except NameTaken:
            item.refuse(REASONS["name-taken"].status, "name-taken", file)
        else:
            item.work.files[sighting] = file
