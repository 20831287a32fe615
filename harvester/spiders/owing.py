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
from harvester.catalogue.owed import Dealer
from harvester.catalogue.queries import Owed
from harvester.errors import CatalogueError, HarvesterError
from harvester.extensions.blocks import WINDOW
from harvester.extensions.closing import Closing
from harvester.extensions.hosts import PutBack
from harvester.extensions.ledger import Ledger
from harvester.items import Collection, ImageItem, Promise
from harvester.middlewares.tickets import ticket
from harvester.reasons import NO_ANSWER
from harvester.signals import image_answered

logger = logging.getLogger(__name__)

PROMISES_AT_ONCE = 500
"""How many promises are one transaction: about 20 ms of the ledger's thread."""


class OwingSpider(Spider):
    """A spider whose work lies in the catalogue: first promised, then dealt out by host, through the scheduler.

    A subclass sets `collection`, `arguments` and `retry` before the crawl starts and may override `promises`. What it
    knows of its site's manners it says in the attributes below; docs/politeness.md explains them. A subclass that asks
    for pages gives them `meta={"page": True}` and has a `classify` (harvester.sites.pages).
    """

    collection: Collection
    arguments: dict[str, str]
    retry = "failed"
    reads_embedded = False  # whether generation data is looked for in the bytes
    source = ""  # sha256 of where the promises come from, empty where there are none

    budgets: Mapping[str, str] = MappingProxyType({})  # host -> windows such as "80/60s, 160/300s"; "*": all others
    min_delay: ClassVar[Mapping[str, float]] = {}  # host -> seconds between requests; no setting undercuts it
    at_once: Mapping[str, int] = MappingProxyType({})  # host -> most requests at a time; no setting exceeds it
    block_window: float = WINDOW  # seconds after which a block has likely passed
    unknown_is_block = False  # whether a page that `classify` does not know stops the site's pages
    cache_seconds: int | None = None  # how long pages stay in the HTTP cache; None: HTTPCACHE_EXPIRATION_SECS
    preview: int = 0  # pixels, longest side of a thumbnail that keeps animation; 0: none is made

    def promises(self) -> Iterator[Promise]:
        """Images that are known without asking a server; read in a thread while others are fetched already."""
        return iter(())

    async def prepare(self) -> None:
        """What has to be in the catalogue before the first promise."""

    async def owing(self) -> Mapping[str, int]:
        """What may be worked on while promises are still being recorded: host -> its first owed row."""
        return await self.ledger.ask(queries.owing_hosts)

    async def start(self) -> AsyncIterator[Any]:
        """One ticket per hand of owed images, until nothing is owed that has not been tried in this run."""
        try:
            async for request in self._tickets():
                yield request
        except CatalogueError as error:
            Closing.of(self.crawler).stop(error)

    async def _tickets(self) -> AsyncIterator[Any]:
        settings = self.crawler.settings
        self.ledger = Ledger.of(self.crawler)
        self._dealt: dict[int, Owed] = {}
        self.dealer = Dealer(
            self._owed,
            per_host=settings.getint("CONCURRENT_REQUESTS_PER_DOMAIN"),
            in_hand=settings.getint("CONCURRENT_REQUESTS"),
        )
        for signal in (signals.item_scraped, signals.item_error):
            self.crawler.signals.connect(self._finished, signal=signal)
        self.crawler.signals.connect(self._dropped, signal=signals.item_dropped)
        self.crawler.signals.connect(self._answered, signal=image_answered)
        try:
            await self.prepare()
        except HarvesterError as error:
            Closing.of(self.crawler).stop(error)
            return
        await self.ledger.change(writer.owe_again, self.retry)
        self.dealer.add(await self.owing())
        self.promising = asyncio.ensure_future(self.promise_all())
        self.promising.add_done_callback(self._promised)
        self.crawler.signals.connect(self._stop_promising, signal=signals.spider_closed)
        async for hand in self.dealer.hands():
            self._dealt.update((image.row, image) for image in hand)
            yield ticket([image.row for image in hand], self.work_on)

    def work_on(self, _response: Response, rows: Sequence[int]) -> list[ImageItem]:
        """The items of a ticket. A ticket of an earlier run, kept by JOBDIR, has nothing in it any more."""
        return [self.item(image) for row in rows if (image := self._dealt.pop(row, None))]

    def item(self, image: Owed) -> ImageItem:
        """The item that carries an owed image through the pipelines."""
        return item_of(self.name, image)

    async def find(self, item: ImageItem) -> None:
        """Set what only asking tells of an image whose turn has come, such as its address; may refuse the item.

        Raises PutBack where it has to wait. Where `item.work.body` is set already, the bytes are known.
        """

    async def check(self, item: ImageItem) -> None:
        """Look at what came from the network before anything is decoded; may refuse it. Raises PutBack to ask again."""

    async def accept(self, item: ImageItem) -> None:
        """Look at a decoded picture before it is stored; may refuse it, or give it names (`item.work.names`)."""

    async def estimate(self) -> str:
        """The time left and what it depends on, where the speed so far says nothing about it; empty: nothing known."""
        return ""

    def other_address(self, item: ImageItem) -> str | None:
        """Where to ask next, if not what the source promised came (`item.work.body`), or nothing (`item.reason`)."""
        return None

    def last_words(self) -> list[str]:
        """What a person should know at the end of the run beside the books: whole sentences."""
        return []

    async def promise_all(self) -> None:
        """Record every promise; runs while images are fetched already. Errors of our own end the run."""
        if self.source and not await self.ledger.change(writer.begin_promises, self.source):
            await self._record(self.promises())
            await self.ledger.change(writer.end_promises)

    def _promised(self, promising: "asyncio.Future[None]") -> None:
        self.dealer.no_more()
        if promising.cancelled() or (error := promising.exception()) is None:
            return
        if not isinstance(error, HarvesterError):
            logger.error("A surprise while images were being listed", exc_info=error)
        Closing.of(self.crawler).stop(error)

    def _stop_promising(self) -> None:
        self.promising.cancel()

    async def _record(self, source: Iterator[Promise]) -> None:
        loop = asyncio.get_running_loop()
        while batch := await loop.run_in_executor(None, lambda: list(islice(source, PROMISES_AT_ONCE))):
            self.dealer.add(await self.ledger.change(writer.promise, batch))

    async def _owed(self, host: str, after: int, limit: int) -> list[Owed]:
        return await self.ledger.ask(queries.owed, host, after, limit)

    def _answered(self, item: ImageItem) -> None:
        self.dealer.answered(item.work.row, silent=item.reason in NO_ANSWER)

    def _finished(self, item: ImageItem) -> None:
        self.dealer.finished(item.work.row)

    def _dropped(self, item: ImageItem, exception: DropItem) -> None:
        if not isinstance(exception, PutBack):
            self.dealer.finished(item.work.row)
        elif exception.why.refused:
            self.dealer.give_up(item.work.row)
        else:
            self.dealer.put_back(item.work.row, exception.why.seconds, silent=exception.why.silent)


def item_of(site: str, image: Owed) -> ImageItem:
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
    item.work.row, item.work.names, item.work.ext = image.row, image.names, image.ext or ""
    item.work.formers = image.formers
    return item
