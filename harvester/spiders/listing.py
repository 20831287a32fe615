"""What spiders share that walk the pages of a source: API feeds, folders, timelines."""

import asyncio
import logging
import math
from abc import abstractmethod
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from time import monotonic
from types import MappingProxyType
from typing import Any, ClassVar

from scrapy import Request
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response

from harvester.catalogue import listings, queries
from harvester.catalogue.listings import Listing
from harvester.errors import Cut, HarvesterError
from harvester.extensions.closing import Closing
from harvester.extensions.hosts import Hosts, NotNow
from harvester.items import Page
from harvester.pipelines.download import REASON_OF_EXCEPTION
from harvester.sites.pages import Answer, Classify, Verdict
from harvester.spiders.endless import Endless
from harvester.spiders.owing import OwingSpider
from harvester.text import printable

logger = logging.getLogger(__name__)

PLENTY = 1000
"""Images owed from which on pages wait: they are cheap to ask for later, and their news grows old."""

LOOK_AGAIN = 0.5
"""Seconds between two looks whether images are still plenty."""


SHORTEST_KEY = 8
"""Letters; a shorter text could be part of anything."""


class Stopped(Exception):
    """Somebody has asked the run to stop while a page was waited for; the listing stays open."""


class ListingSpider(OwingSpider):
    """Walks listings page by page while the images on them are fetched.

    A subclass has `classify` of its site, and says which listings there are (`queries`), how a page of one is asked for
    (`page_request`) and what it holds (`read`). Everything else is here: pages wait while plenty is owed; each page is
    one transaction with the cursor of the next; a listing that breaks off is *cut*, with a reason, and goes on at its
    cursor in the next run.
    """

    classify: ClassVar[Classify]
    keys: Mapping[str, str] = MappingProxyType({})  # scheme, host and port of a server -> the user's key for it
    page_delay = 0.0  # seconds between two pages of one host; its images do not wait for one another so long
    longest_wait = math.inf  # seconds; where a host wants to be left alone for longer, its listing is cut

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._next_page: dict[str, float] = {}  # host -> when its next page may be asked for, by `time.monotonic`

    @abstractmethod
    def queries(self) -> AsyncIterator[str]:
        """The listings to walk, one after the other: texts of up to 600 characters that stay the same between runs."""

    @abstractmethod
    def page_request(self, listing: Listing) -> Request:
        """The request for the page at `listing.cursor`, or for the first one."""

    @abstractmethod
    def read(self, answer: Answer, listing: Listing) -> Page:
        """What a page holds. Called for `Verdict.OK` and `Verdict.MISSING`; raises Cut."""

    async def keep(self, listing: Listing, page: Page) -> tuple[Listing, Mapping[str, int]]:
        """Record a page; returns the listing and, for each host that may now be dealt, its lowest new row."""
        return await self.ledger.change(listings.turn, listing.row, page)

    def why(self, answer: Answer) -> str:
        """What to say of an answer that is no page."""
        return f"HTTP {answer.status}"

    async def promise_all(self) -> None:
        """First what is known without asking, then every listing."""
        await super().promise_all()
        with suppress(Stopped):
            async for query in self.queries():
                if not self.going:
                    break
                self.tell(await self.walk(query))

    async def walk(self, query: str) -> Listing:
        """Walk one listing to its end, or until it is cut or the run is stopped."""
        listing = await self.ledger.change(listings.begin, query)
        walked, restarted = Endless(listing.cursor), False
        while listing.state == "open" and self.going:
            await self._room()
            try:
                page = walked.checked(await self._page(listing))
            except Cut as error:
                listing = await self.ledger.change(listings.cut, listing.row, error.why, error.restart)
                if error.restart and not restarted:
                    logger.warning("%s: %s; it begins anew, what is known is not fetched again", query, error.why)
                    listing, restarted = await self.ledger.change(listings.begin, query), True
                    walked = Endless(None)
                continue
            except Stopped:
                break
            listing, lowest = await self.keep(listing, page)
            self.dealer.add(lowest)
        return listing

    async def answer(self, request: Request) -> Answer:
        """The answer to a page request, whatever its status. Raises Cut where there is none."""
        request.meta["page"] = True
        try:
            response = await self._response(request)
        except IgnoreRequest as error:
            raise Cut(str(error) or "not asked for") from error
        except tuple(REASON_OF_EXCEPTION) as error:
            word = next(word for kind, word in REASON_OF_EXCEPTION.items() if isinstance(error, kind))
            raise Cut(f"no answer ({word})") from error
        except (HarvesterError, Stopped, RuntimeError, MemoryError):
            raise
        except Exception as error:  # addresses and encodings that libraries choke on, each in its own way
            raise Cut(f"an answer that makes no sense ({str(error) or type(error).__name__})") from error
        headers = {
            name.decode("latin-1").lower(): b", ".join(v).decode("latin-1") for name, v in response.headers.items()
        }
        return Answer(response.url, response.status, headers, self._without_keys(response.body))

    def _without_keys(self, body: bytes) -> bytes:
        """A server that repeats the key it was sent puts it into no page, item or message of ours."""
        for key in self.keys.values():
            if len(key) >= SHORTEST_KEY:
                body = body.replace(key.encode(), b"...")
        return body

    async def _response(self, request: Request) -> Response:
        """Asked for again as often as the host has to be left alone first."""
        while True:
            await self._turn(Hosts.of_request(request))
            try:
                return await self.crawler.engine.download_async(request)
            except NotNow as later:
                if later.refused:
                    raise Cut(f"{later.host} refuses every request") from later
                if later.seconds > self.longest_wait:
                    raise Cut(f"{later.host} has to be left alone for {later.seconds:.0f} s") from later
                await self._wait(later.seconds)
                request = request.replace(meta={**request.meta, "retry_times": later.tries})

    async def _turn(self, host: str) -> None:
        wait = self._next_page.get(host, 0.0) - monotonic()
        if wait > 0:
            await self._wait(wait)
        self._next_page[host] = monotonic() + self.page_delay

    async def _wait(self, seconds: float) -> None:
        until = monotonic() + seconds
        while self.going and monotonic() < until:
            await asyncio.sleep(min(LOOK_AGAIN, max(0.0, until - monotonic())))
        if not self.going:
            raise Stopped

    def tell(self, listing: Listing) -> None:
        """Say how a listing was left."""
        told = ", ".join(f"{number:,} {what}" for what, number in sorted(listing.counts.items()) if number)
        logger.log(
            logging.WARNING if listing.state == "cut" else logging.INFO,
            "%s: %s after %s pages with %s items%s%s",
            printable(listing.query),
            {"open": "stopped"}.get(listing.state, listing.state),
            f"{listing.pages:,}",
            f"{listing.items:,}",
            f" ({told})" if told else "",
            f": {printable(listing.why)}" if listing.why else "",
        )

    @property
    def going(self) -> bool:
        """Whether nobody has asked the run to stop."""
        return bool(self.crawler.crawling) and Closing.of(self.crawler).error is None

    async def _page(self, listing: Listing) -> Page:
        tries = 0
        while True:
            answer = await self.answer(self.page_request(listing))
            if type(self).classify(answer) in (Verdict.OK, Verdict.MISSING):
                return self.read(answer, listing)
            if answer.status != 200 or tries >= self.settings.getint("RETRY_TIMES"):
                raise Cut(self.why(answer))
            tries += 1  # a web page for maintenance, as a rule; errors of the server have had their tries by now
            await self._wait(Hosts.of(self.crawler).backoff(tries))

    async def _room(self) -> None:
        """Wait while plenty is owed, as long as something of it is being worked on."""
        while self.going and self.dealer.busy and await self.ledger.ask(queries.owes_more_than, PLENTY):
            await asyncio.sleep(LOOK_AGAIN)
