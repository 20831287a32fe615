"""What the three spiders share: a collection, and working off what the catalogue owes to it."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from itertools import islice
from types import MappingProxyType
from typing import Any, ClassVar

from scrapy import Spider, signals
from scrapy.exceptions import DropItem
from scrapy.http import Response

from harvester.catalogue import queries, writer
from harvester.catalogue.queries import PendingImage
from harvester.crawl.dealer import FairQueue, work_request
from harvester.crawl.politeness.blocks import DEFAULT_BLOCK_SECONDS
from harvester.crawl.politeness.waits import RequeueItem
from harvester.crawl.run.contract import image_answered
from harvester.crawl.run.finish import RunFinisher
from harvester.crawl.run.session import CatalogueSession
from harvester.errors import CatalogueError, HarvesterError
from harvester.items import Collection, DiscoveredImage, ImageItem
from harvester.reasons import NO_ANSWER

logger = logging.getLogger(__name__)

DISCOVERY_BATCH_SIZE = 500
"""How many promises are one transaction: about 20 ms of the ledger's thread."""


class HarvestSpider(Spider):
    """A spider whose work lies in the catalogue: first promised, then dealt out by host, through the scheduler.

    A subclass sets `collection`, `arguments` and `retry` before the crawl starts and may override `promises`. What it
    knows of its site's manners it says in the attributes below; docs/politeness.md explains them. A subclass that asks
    for pages gives them `meta={"page": True}` and has a `classify` (harvester.parsing.responses).
    """

    collection: Collection
    arguments: dict[str, str]
    retry = "failed"
    reads_embedded = False  # whether generation data is looked for in the bytes
    source_digest = ""  # sha256 of where the promises come from, empty where there are none

    budgets: Mapping[str, str] = MappingProxyType({})  # host -> windows such as "80/60s, 160/300s"; "*": all others
    min_delay: ClassVar[Mapping[str, float]] = {}  # host -> seconds between requests; no setting undercuts it
    max_concurrency: Mapping[str, int] = MappingProxyType({})  # host -> most requests at a time; no setting exceeds it
    block_window: float = DEFAULT_BLOCK_SECONDS  # seconds after which a block has likely passed
    unknown_is_block = False  # whether a page that `classify` does not know stops the site's pages
    cache_seconds: int | None = None  # how long pages stay in the HTTP cache; None: HTTPCACHE_EXPIRATION_SECS
    preview: int = 0  # pixels, longest side of a thumbnail that keeps animation; 0: none is made

    def discovered_images(self) -> Iterator[DiscoveredImage]:
        """Images that are known without asking a server; read in a thread while others are fetched already."""
        return iter(())

    async def prepare(self) -> None:
        """What has to be in the catalogue before the first promise."""

    async def pending_hosts(self) -> Mapping[str, int]:
        """What may be worked on while promises are still being recorded: host -> its first owed row."""
        return await self.catalogue.read(queries.pending_hosts)

    async def start(self) -> AsyncIterator[Any]:
        """One ticket per hand of owed images, until nothing is owed that has not been tried in this run."""
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
        await self.catalogue.write(writer.requeue, self.retry)
        self.queue.add(await self.pending_hosts())
        self.discovery = asyncio.ensure_future(self.discover_all())
        self.discovery.add_done_callback(self._on_discovery_done)
        self.crawler.signals.connect(self._stop_discovery, signal=signals.spider_closed)
        async for batch in self.queue.batches():
            self._scheduled.update((image.row, image) for image in batch)
            yield work_request([image.row for image in batch], self.items_of_batch)

    def items_of_batch(self, _response: Response, rows: Sequence[int]) -> list[ImageItem]:
        """The items of a ticket. A ticket of an earlier run, kept by JOBDIR, has nothing in it any more."""
        return [self.item(image) for row in rows if (image := self._scheduled.pop(row, None))]

    def item(self, image: PendingImage) -> ImageItem:
        """The item that carries an owed image through the pipelines."""
        return item_from_image(self.name, image)

    async def resolve_address(self, item: ImageItem) -> None:
        """Set what only asking tells of an image whose turn has come, such as its address; may refuse the item.

        Raises PutBack where it has to wait. Where `item.work.body` is set already, the bytes are known.
        """

    async def check_response(self, item: ImageItem) -> None:
        """Look at what came from the network before anything is decoded; may refuse it. Raises PutBack to ask again."""

    async def check_image(self, item: ImageItem) -> None:
        """Look at a decoded picture before it is stored; may refuse it, or give it names (`item.work.names`)."""

    async def eta_text(self) -> str:
        """The time left and what it depends on, where the speed so far says nothing about it; empty: nothing known."""
        return ""

    def fallback_url(self, item: ImageItem) -> str | None:
        """Where to ask next, if not what the source promised came (`item.work.body`), or nothing (`item.reason`)."""
        return None

    def final_messages(self) -> list[str]:
        """What a person should know at the end of the run beside the books: whole sentences."""
        return []

    async def discover_all(self) -> None:
        """Record every promise; runs while images are fetched already. Errors of our own end the run."""
        if self.source_digest and not await self.catalogue.write(writer.begin_discovery, self.source_digest):
            await self._record_discovered(self.discovered_images())
            await self.catalogue.write(writer.end_discovery)

    def _on_discovery_done(self, discovery: "asyncio.Future[None]") -> None:
        self.queue.close()
        if discovery.cancelled() or (error := discovery.exception()) is None:
            return
        if not isinstance(error, HarvesterError):
            logger.error("A surprise while images were being listed", exc_info=error)
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
    """The item that carries an owed image through the pipelines."""
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
