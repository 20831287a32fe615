"""Base spider for listings: API feeds, folders, timelines, read page by page."""

import asyncio
import logging
import math
from abc import abstractmethod
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import suppress
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
from harvester.crawl.loop_guard import LoopGuard
from harvester.crawl.politeness.hosts import HostBackoffs
from harvester.crawl.run.finish import ANSWERED_STAT, STUCK_LISTINGS_STAT, UNANSWERED_STAT, RunFinisher
from harvester.crawl.spider import HarvestSpider
from harvester.errors import ListingIncomplete
from harvester.items import ListingPage
from harvester.parsing.responses import PageStatus, SiteResponse
from harvester.reasons import NO_ANSWER
from harvester.text import count_noun, escape_control_chars

logger = logging.getLogger(__name__)

PENDING_HIGH_WATER = 1000
"""Pending images from which on pages wait: a page is cheap to request later, and its image URLs expire."""

POLL_SECONDS = 0.5
"""Seconds between two checks of the number of pending images."""

MIN_CREDENTIAL_LENGTH = 8
"""Characters; a shorter text could be part of anything, so it is not redacted."""


class StopRequested(Exception):
    """The run was asked to stop while it waited for a page; the listing stays open."""


class ListingSpider(HarvestSpider):
    """Walks listings page by page while the images on them are fetched.

    A subclass says what a page is (`classify`), which listings there are (`listings_to_walk`), how to request a page
    (`page_request`) and what is on it (`parse_page`). The rest is here: pages wait while many images are pending; a
    page and the cursor of the next are saved in one transaction; a listing that breaks off is marked incomplete, with a
    reason, and continues at its cursor in the next run.
    """

    page_delay = 0.0  # seconds between two pages of one host; images do not wait that long
    max_wait = math.inf  # seconds; a listing whose host backs off for longer is incomplete

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._next_page_at: dict[str, float] = {}  # host -> when its next page may be requested, by `time.monotonic`

    @abstractmethod
    def listings_to_walk(self) -> AsyncIterator[str]:
        """Yield the listings to walk: texts of up to 600 characters that stay the same between runs."""

    @abstractmethod
    def page_request(self, listing: Listing) -> Request:
        """Return the request for the page at `listing.cursor`, or for the first one."""

    @abstractmethod
    def parse_page(self, response: SiteResponse, listing: Listing) -> ListingPage:
        """Return what is on a page. Called for `PageStatus.OK` and `MISSING`; raises ListingIncomplete."""

    def loop_guard(self, listing: Listing) -> LoopGuard:
        """Return the guard of a walk that begins at `listing.cursor`."""
        return LoopGuard(listing.cursor)

    async def save_page(self, listing: Listing, page: ListingPage) -> tuple[Listing, Mapping[str, int]]:
        """Record a page; return the listing and, for each host with new pending images, the lowest of their rows."""
        return await self.catalogue.write(listings.record_page, listing.row, page)

    def error_text(self, response: SiteResponse) -> str:
        """Return what to say of a response that is no page."""
        return f"HTTP {response.status}"

    async def discover_all(self) -> None:
        """Record what is known without a request, then walk every listing."""
        await super().discover_all()
        with suppress(StopRequested):
            async for query in self.listings_to_walk():
                if not self.is_running:
                    break
                self.log_listing(await self.walk_listing(query))

    async def walk_listing(self, query: str) -> Listing:
        """Walk one listing until it ends, is incomplete, or the run is stopped."""
        listing = await self.catalogue.write(listings.begin_listing, query)
        loop_guard, restarted = self.loop_guard(listing), False
        while listing.state == "open" and self.is_running:
            await self._wait_until_queue_shrinks()
            try:
                page = loop_guard.check_page(await self._fetch_page(listing))
            except ListingIncomplete as error:
                listing = await self.catalogue.write_global(
                    listings.mark_incomplete, listing.row, error.detail, error.restart
                )
                if error.restart and not (restarted or loop_guard.is_stuck):
                    logger.warning("%s: %s. Starting again; known images are not fetched again.", query, error.detail)
                    listing, restarted = await self.catalogue.write(listings.begin_listing, query), True
                    loop_guard = self.loop_guard(listing)
                continue
            except StopRequested:
                break
            listing, first_rows = await self.save_page(listing, page)
            self.queue.add(first_rows)
        if loop_guard.is_stuck:
            assert self.crawler.stats is not None
            self.crawler.stats.inc_value(STUCK_LISTINGS_STAT)
        return listing

    async def fetch(self, request: Request) -> SiteResponse:
        """Return the response to a page request, whatever its status. Raises ListingIncomplete where there is none."""
        request.meta["page"] = True
        assert self.crawler.stats is not None
        try:
            response = await self._download(request)
        except RequestFailed as failure:
            if failure.reason in NO_ANSWER:
                self.crawler.stats.inc_value(UNANSWERED_STAT)
            raise ListingIncomplete(_failure_text(failure)) from failure
        self.crawler.stats.inc_value(ANSWERED_STAT)
        return SiteResponse(response.url, response.status, header_dict(response), self._redact_body(response.body))

    def _secrets(self) -> Iterator[str]:
        return (secret for value in self.credentials.values() for secret in secrets_of(value))

    def _redact_body(self, body: bytes) -> bytes:
        """Take the key out of a body: a server may repeat what it was sent."""
        for secret in self._secrets():
            if len(secret) >= MIN_CREDENTIAL_LENGTH:
                body = body.replace(secret.encode(), b"...")
        return body

    async def _download(self, request: Request) -> Response:
        """Request again after each time that the host has to be waited for."""
        while True:
            await self._wait_page_delay(HostBackoffs.host_of(request))
            try:
                return await fetch(self.crawler, request)
            except HostBackoff as backoff:
                if backoff.abandoned:
                    raise ListingIncomplete(f"{backoff.host} refuses every request") from backoff
                if backoff.seconds > self.max_wait:
                    raise ListingIncomplete(f"{backoff.host} demands a wait of {backoff.seconds:.0f} s") from backoff
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
        """Log how far a listing was walked."""
        counts = ", ".join(f"{count:,} {name}" for name, count in sorted(listing.counts.items()) if count)
        logger.log(
            logging.WARNING if listing.state == "incomplete" else logging.INFO,
            "%s: %s after %s with %s%s%s",
            escape_control_chars(listing.query),
            {"open": "stopped"}.get(listing.state, listing.state),
            count_noun(listing.pages, "page"),
            count_noun(listing.items, "item"),
            f" ({counts})" if counts else "",
            f": {escape_control_chars(listing.detail)}" if listing.detail else "",
        )

    @property
    def is_running(self) -> bool:
        """Whether the run has not been asked to stop."""
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
        """Wait while many images are pending, as long as some of them are in progress."""
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
        return f"an invalid response ({failure.detail})"
    return f"no response ({failure.detail if failure.reason == 'connection' else failure.reason})"
