"""Base class of the spiders: discovery of images, and work on the pending ones through the fair queue."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Self

from scrapy import Spider, signals
from scrapy.crawler import Crawler
from scrapy.exceptions import DropItem
from scrapy.http import Response
from scrapy.settings import BaseSettings

from harvester.catalogue import queries, writer
from harvester.catalogue.queries import PendingImage
from harvester.crawl.contract import SpiderContract, image_answered
from harvester.crawl.fair_queue import FairQueue, work_request
from harvester.crawl.http.waits import RequeueItem
from harvester.crawl.run.finish import RunFinisher
from harvester.crawl.run.session import CatalogueSession
from harvester.crawl.settings_check import check_collection, check_settings, resolve_output_folder
from harvester.errors import CatalogueError, HarvesterError
from harvester.imaging.settings import picture_options
from harvester.items import Collection, DiscoveredImage, ImageItem
from harvester.reasons import NO_ANSWER
from harvester.spider_arguments import Argument, check_argument_names, declared_arguments
from harvester.storage.paths import DataPaths

logger = logging.getLogger(__name__)

DISCOVERY_BATCH_SIZE = 500
"""Discovered images per transaction: about 20 ms of the catalogue session's thread."""


class HarvestSpider(Spider, SpiderContract):
    """A spider whose work is in the catalogue: images are discovered, then queued by host, through the scheduler.

    A subclass declares its arguments in the class body (`Argument`) and overrides `configure`. What it
    knows of its site's manners it says in the attributes below; docs/politeness.md explains them. A subclass that asks
    for pages gives them `meta={"page": True}` and has a `classify` (harvester.parsing.responses).
    """

    output = Argument("folder for the output files")
    format = Argument("jpeg, rgb or original; jpeg by default", default="jpeg", choices=("jpeg", "rgb", "original"))
    retry = Argument(
        "which earlier failures to retry: failed (the temporary ones), all or none; failed by default",
        default="failed",
        choices=("failed", "all", "none"),
    )
    mode_text = ""  # said beside the name of the spider where an argument is unknown

    source_digest = ""  # sha256 of what `discovered_images` reads, empty where it reads nothing

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        """Check every argument and setting before anything is opened. Raises UsageProblem."""
        declared = declared_arguments(cls)
        check_argument_names(cls.name + cls.mode_text, kwargs, declared)
        values = {name: argument.parse(kwargs) for name, argument in declared.items()}
        spider = super().from_crawler(crawler, *args)
        spider.arguments = {name: value for name, value in kwargs.items() if name in declared}
        vars(spider).update(values)
        spider.configure(crawler.settings)
        check_settings(crawler.settings)
        picture_options(crawler.settings, spider.format)
        paths = spider.set_collection(DataPaths.from_settings(crawler.settings))
        check_collection(paths, spider.collection)
        return spider

    @property
    def argument_values(self) -> dict[str, Any]:
        """The values of all declared arguments, by name."""
        return {name: getattr(self, name) for name in declared_arguments(type(self))}

    def configure(self, settings: BaseSettings) -> None:
        """Turn arguments and the site's settings into what the crawl needs. Raises UsageProblem; opens nothing."""

    def set_collection(self, paths: DataPaths) -> DataPaths:
        """Set `collection`; return where its catalogue lies. Raises UsageProblem."""
        folder = paths.relative_to_data(resolve_output_folder(paths, self.name, self.output))
        self.collection = Collection(self.name, folder, self.format, self.folder_layout())
        return paths

    def folder_layout(self) -> str:
        """Return the word for how pictures are laid out in folders; it must stay the same between runs."""
        return ""

    def discovered_images(self) -> Iterator[DiscoveredImage]:
        """Images that are known without any request; read in a thread while the first are being fetched."""
        return iter(())

    async def prepare(self) -> None:
        """Record what has to be in the catalogue before the first discovered image."""

    async def pending_hosts(self) -> Mapping[str, int]:
        """The images to start with while discovery still runs: host -> its first pending row."""
        return await self.catalogue.read(queries.pending_hosts)

    async def start(self) -> AsyncIterator[Any]:
        """One work request per batch, until every pending image has been tried in this run."""
        try:
            async for request in self._batches():
                yield request
        except CatalogueError as error:
            RunFinisher.of(self.crawler).stop(error)

    async def _batches(self) -> AsyncIterator[Any]:
        settings = self.crawler.settings
        self.catalogue = CatalogueSession.of(self.crawler)
        self._scheduled: dict[int, PendingImage] = {}
        self.queue = FairQueue(
            self._load_pending,
            per_host=settings.getint("CONCURRENT_REQUESTS_PER_DOMAIN"),
            in_progress=settings.getint("CONCURRENT_REQUESTS"),
        )
        for signal in (signals.item_scraped, signals.item_error):
            self.crawler.signals.connect(self._on_item_finished, signal=signal)
        self.crawler.signals.connect(self._on_item_dropped, signal=signals.item_dropped)
        self.crawler.signals.connect(self._on_image_answered, signal=image_answered)
        try:
            await self.prepare()
        except HarvesterError as error:
            RunFinisher.of(self.crawler).stop(error)
            return
        requeued = await self.catalogue.write(writer.requeue, self.retry)
        self.catalogue.common_failure.retried = requeued if self.retry == "failed" else 0
        self.queue.add(await self.pending_hosts())
        self.discovery = asyncio.ensure_future(self.discover_all())
        self.discovery.add_done_callback(self._on_discovery_done)
        self.crawler.signals.connect(self._stop_discovery, signal=signals.spider_closed)
        async for batch in self.queue.batches():
            self._scheduled.update((image.row, image) for image in batch)
            yield work_request([image.row for image in batch], self.items_of_batch)

    def busiest_host(self) -> tuple[str, int] | None:
        """Return the host with the most images under way; None before the crawl has started, too."""
        return self.queue.busiest_host if hasattr(self, "queue") else None

    def items_of_batch(self, _response: Response, rows: Sequence[int]) -> list[ImageItem]:
        """The items of a work request; none for one of an earlier run, which JOBDIR has kept."""
        return [self.item(image) for row in rows if (image := self._scheduled.pop(row, None))]

    def item(self, image: PendingImage) -> ImageItem:
        """The item that carries a pending image through the pipelines."""
        return item_from_image(self.name, image)

    async def discover_all(self) -> None:
        """Record every discovered image; runs while images are being fetched. A HarvesterError stops the run."""
        if self.source_digest and not await self.catalogue.write(writer.begin_discovery, self.source_digest):
            await self._record_discovered(self.discovered_images())
            await self.catalogue.write(writer.end_discovery)

    def _on_discovery_done(self, discovery: "asyncio.Future[None]") -> None:
        self.queue.close()
        if discovery.cancelled() or (error := discovery.exception()) is None:
            return
        if not isinstance(error, HarvesterError):
            logger.error("Unexpected error during the discovery of images", exc_info=error)
        RunFinisher.of(self.crawler).stop(error)

    def _stop_discovery(self) -> None:
        self.discovery.cancel()

    async def _record_discovered(self, images: Iterator[DiscoveredImage]) -> None:
        loop = asyncio.get_running_loop()
        while batch := await loop.run_in_executor(None, lambda: list(islice(images, DISCOVERY_BATCH_SIZE))):
            self.queue.add(await self.catalogue.write(writer.record_discovered, batch))

    async def _load_pending(self, host: str, after: int, limit: int) -> list[PendingImage]:
        return await self.catalogue.read(queries.pending_images, host, after, limit)

    def _on_image_answered(self, item: ImageItem) -> None:
        self.queue.mark_answered(item.state.row, silent=item.reason in NO_ANSWER)

    def _on_item_finished(self, item: ImageItem) -> None:
        self.queue.mark_finished(item.state.row)

    def _on_item_dropped(self, item: ImageItem, exception: DropItem) -> None:
        if not isinstance(exception, RequeueItem):
            self.queue.mark_finished(item.state.row)
        elif exception.backoff.abandoned:
            self.queue.abandon_host(item.state.row)
        else:
            self.queue.requeue_after(item.state.row, exception.backoff.seconds, silent=exception.backoff.silent)


def item_from_image(site: str, image: PendingImage) -> ImageItem:
    """The item that carries a pending image through the pipelines."""
    item = ImageItem(
        site=site,
        key=image.key,
        url=image.url,
        host=image.host,
        names=list(image.names.values()),
        page=image.page,
        author=image.author,
        alt=image.alt,
        metadata=image.metadata,
        attempts=image.attempts,
        sha256=image.sha256,
    )
    item.state.row, item.state.stems, item.state.ext = image.row, image.names, image.ext or ""
    item.state.previous = image.previous_sha256s
    return item
