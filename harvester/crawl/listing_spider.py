"""What spiders share that walk the pages of a source: API feeds, folders, timelines."""

import asyncio
import logging
import math
from abc import abstractmethod
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import replace
from time import monotonic
from typing import Any

from scrapy import Request
from scrapy.http import Response

from harvester.catalogue import listings, queries
from harvester.catalogue.listings import Listing
from harvester.crawl.http.credentials import secrets_of
from harvester.crawl.http.failures import RequestFailed, fetch
from harvester.crawl.http.responses import header_dict
from harvester.crawl.http.waits import HostBackoff
from harvester.crawl.politeness.hosts import HostBackoffs
from harvester.crawl.run.finish import RunFinisher
from harvester.crawl.spider import HarvestSpider
from harvester.errors import ListingIncomplete
from harvester.items import ListingPage
from harvester.parsing.responses import PageStatus, SiteResponse
from harvester.text import escape_control_chars

MAX_EMPTY_PAGES = 200
"""So many empty pages in a row are no listing any more, whatever cursors they carry."""

MAX_PAGES_PER_RUN = 20_000
"""Pages of one listing in one run; the next run goes on behind them."""


class LoopGuard:
    """Looks at each page of a walk that began at `cursor`."""

    def __init__(self, cursor: str | None) -> None:
        self._cursors = {cursor}
        self._last_keys: list[str] = []
        self._empty_pages = self._page_count = 0

    def check_page(self, page: ListingPage) -> ListingPage:
        """The page, as `cut` where the source leads in a circle, repeats itself or does not end."""
        keys, previous_keys = [image.key for image in page.images], self._last_keys
        self._last_keys = keys
        self._page_count += 1
        self._empty_pages = 0 if page.entry_count else self._empty_pages + 1
        if page.next_cursor is None:
            return page
        if page.next_cursor in self._cursors:
            return replace(page, next_cursor=None, incomplete="the source gave the same cursor again")
        self._cursors.add(page.next_cursor)
        if self._empty_pages >= MAX_EMPTY_PAGES:
            return replace(page, incomplete=f"{MAX_EMPTY_PAGES} empty pages in a row")
        if keys and keys == previous_keys:
            return replace(page, incomplete="the source gave the same page again")
        if self._page_count >= MAX_PAGES_PER_RUN:
            return replace(page, incomplete=f"{MAX_PAGES_PER_RUN:,} pages in one run")
        return page


logger = logging.getLogger(__name__)

PENDING_HIGH_WATER = 1000
"""Images owed from which on pages wait: they are cheap to ask for later, and their news grows old."""

POLL_SECONDS = 0.5
"""Seconds between two looks whether images are still plenty."""

MIN_CREDENTIAL_LENGTH = 8
"""Letters; a shorter text could be part of anything."""


class StopRequested(Exception):
    """Somebody has asked the run to stop while a page was waited for; the listing stays open."""


class ListingSpider(HarvestSpider):
    """Walks listings page by page while the images on them are fetched.

    A subclass has `classify` of its site, and says which listings there are (`queries`), how a page of one is asked for
    (`page_request`) and what it holds (`read`). Everything else is here: pages wait while plenty is owed; each page is
    one transaction with the cursor of the next; a listing that breaks off is *cut*, with a reason, and goes on at its
    cursor in the next run.
    """

    page_delay = 0.0  # seconds between two pages of one host; its images do not wait for one another so long
    max_wait = math.inf  # seconds; where a host wants to be left alone for longer, its listing is cut

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._next_page_at: dict[str, float] = {}  # host -> when its next page may be asked for, by `time.monotonic`

    @abstractmethod
    def listings_to_walk(self) -> AsyncIterator[str]:
        """The listings to walk, one after the other: texts of up to 600 characters that stay the same between runs."""

    @abstractmethod
    def page_request(self, listing: Listing) -> Request:
        """The request for the page at `listing.cursor`, or for the first one."""

    @abstractmethod
    def parse_page(self, response: SiteResponse, listing: Listing) -> ListingPage:
        """What a page holds. Called for `Verdict.OK` and `Verdict.MISSING`; raises Cut."""

    async def save_page(self, listing: Listing, page: ListingPage) -> tuple[Listing, Mapping[str, int]]:
        """Record a page; returns the listing and, for each host that may now be dealt, its lowest new row."""
        return await self.catalogue.write(listings.record_page, listing.row, page)

    def error_text(self, response: SiteResponse) -> str:
        """What to say of an answer that is no page."""
        return f"HTTP {response.status}"

    async def discover_all(self) -> None:
        """First what is known without asking, then every listing."""
        await super().discover_all()
        with suppress(StopRequested):
            async for query in self.listings_to_walk():
                if not self.is_running:
                    break
                self.log_listing(await self.walk_listing(query))

    async def walk_listing(self, query: str) -> Listing:
        """Walk one listing to its end, or until it is cut or the run is stopped."""
        listing = await self.catalogue.write(listings.begin_listing, query)
        loop_guard, restarted = LoopGuard(listing.cursor), False
        while listing.state == "open" and self.is_running:
            await self._wait_until_queue_shrinks()
            try:
                page = loop_guard.check_page(await self._fetch_page(listing))
            except ListingIncomplete as error:
                listing = await self.catalogue.write(listings.mark_incomplete, listing.row, error.detail, error.restart)
                if error.restart and not restarted:
                    logger.warning("%s: %s; it begins anew, what is known is not fetched again", query, error.detail)
                    listing, restarted = await self.catalogue.write(listings.begin_listing, query), True
                    loop_guard = LoopGuard(None)
                continue
            except StopRequested:
                break
            listing, first_rows = await self.save_page(listing, page)
            self.queue.add(first_rows)
        return listing

    async def fetch(self, request: Request) -> SiteResponse:
        """The answer to a page request, whatever its status. Raises Cut where there is none."""
        request.meta["page"] = True
        try:
            response = await self._download(request)
        except RequestFailed as failure:
            raise ListingIncomplete(_failure_text(failure)) from failure
        return SiteResponse(response.url, response.status, header_dict(response), self._redact_body(response.body))

    def _redact_body(self, body: bytes) -> bytes:
        """A server that repeats the key it was sent puts it into no page, item or message of ours."""
        for secret in (secret for value in self.credentials.values() for secret in secrets_of(value)):
            if len(secret) >= MIN_CREDENTIAL_LENGTH:
                body = body.replace(secret.encode(), b"...")
        return body

    async def _download(self, request: Request) -> Response:
        """Asked for again as often as the host has to be left alone first."""
        while True:
            await self._wait_page_delay(HostBackoffs.host_of(request))
            try:
                return await fetch(self.crawler, request)
            except HostBackoff as backoff:
                if backoff.abandoned:
                    raise ListingIncomplete(f"{backoff.host} refuses every request") from backoff
                if backoff.seconds > self.max_wait:
                    raise ListingIncomplete(
                        f"{backoff.host} has to be left alone for {backoff.seconds:.0f} s"
                    ) from backoff
                await self._wait(backoff.seconds)
                request = request.replace(meta={**request.meta, "retry_times": backoff.tries})

    async def _wait_page_delay(self, host: str) -> None:
        seconds = self._next_page_at.get(host, 0.0) - monotonic()
        if seconds > 0:
            await self._wait(seconds)
        self._next_page_at[host] = monotonic() + self.page_delay

    async def _wait(self, seconds: float) -> None:
        deadline = monotonic() + seconds
        while self.is_running and monotonic() < deadline:
            await asyncio.sleep(min(POLL_SECONDS, max(0.0, deadline - monotonic())))
        if not self.is_running:
            raise StopRequested

    def log_listing(self, listing: Listing) -> None:
        """Say how a listing was left."""
        counts = ", ".join(f"{count:,} {name}" for name, count in sorted(listing.counts.items()) if count)
        logger.log(
            logging.WARNING if listing.state == "cut" else logging.INFO,
            "%s: %s after %s pages with %s items%s%s",
            escape_control_chars(listing.query),
            {"open": "stopped"}.get(listing.state, listing.state),
            f"{listing.pages:,}",
            f"{listing.items:,}",
            f" ({counts})" if counts else "",
            f": {escape_control_chars(listing.detail)}" if listing.detail else "",
        )

    @property
    def is_running(self) -> bool:
        """Whether nobody has asked the run to stop."""
        return bool(self.crawler.crawling) and RunFinisher.of(self.crawler).error is None

    async def _fetch_page(self, listing: Listing) -> ListingPage:
        tries = 0
        while True:
            response = await self.fetch(self.page_request(listing))
            if self.classify(response) in (PageStatus.OK, PageStatus.MISSING):
                return self.parse_page(response, listing)
            if response.status != 200 or tries >= self.settings.getint("RETRY_TIMES"):
                raise ListingIncomplete(self.error_text(response))
            tries += 1  # a web page for maintenance, as a rule; errors of the server have had their tries by now
            await self._wait(HostBackoffs.of(self.crawler).backoff_seconds(tries))

    async def _wait_until_queue_shrinks(self) -> None:
        """Wait while plenty is owed, as long as something of it is being worked on."""
        while (
            self.is_running
            and self.queue.is_busy
            and await self.catalogue.read(queries.has_more_pending_than, PENDING_HIGH_WATER)
        ):
            await asyncio.sleep(POLL_SECONDS)


def _failure_text(failure: RequestFailed) -> str:
    if failure.is_ignored:
        return failure.detail
    if failure.reason == "bad-answer":
        return f"an answer that makes no sense ({failure.detail})"
    return f"no answer ({failure.reason})"
