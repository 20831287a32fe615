"""200: the one decode. Checks the picture, makes its rendition, its thumbnails and the small plane for the hashes.

A video that was asked for is not decoded: its rendition is the file itself, and it has no hashes.
"""

from typing import Self

from scrapy.crawler import Crawler

from harvester.errors import Refused
from harvester.extensions.ledger import Ledger
from harvester.extensions.workers import Workers
from harvester.imaging.convert import Facts, Options, Processed, process
from harvester.imaging.video import video_facts
from harvester.items import ImageItem
from harvester.options import picture_options
from harvester.reasons import REASONS


class ConvertPipeline:
    """Calls `imaging.convert.process` in a thread."""

    def __init__(self, options: Options, workers: Workers) -> None:
        self._options = options
        self._workers = workers

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """The form of the rendition is the collection's."""
        form = Ledger.of(crawler).collection.format
        return cls(picture_options(crawler.settings, form), Workers.of(crawler))

    async def process_item(self, item: ImageItem) -> ImageItem:
        """A picture that cannot or shall not be kept ends here with its reason."""
        if item.open:
            try:
                if item.work.is_video:
                    _describe_file(item, video_facts(item.work.body))
                else:
                    _describe(item, await self._workers.run(process, item.work.body, self._options))
            except Refused as refused:
                item.refuse(REASONS[refused.reason].status, refused.reason, refused.detail)
        return item


def _describe(item: ImageItem, processed: Processed) -> None:
    _describe_file(item, processed.facts)
    work = item.work
    work.plane, work.thumbs = processed.plane, dict(processed.thumbs)
    work.rendition, work.rendition_ext = processed.rendition, processed.rendition_ext


def _describe_file(item: ImageItem, facts: Facts) -> None:
    item.format, item.mode, item.bytes = facts.format, facts.mode, facts.bytes
    item.width, item.height = facts.width, facts.height
    item.animated, item.frames = facts.animated, facts.frames
    item.work.ext = item.work.rendition_ext = facts.ext
