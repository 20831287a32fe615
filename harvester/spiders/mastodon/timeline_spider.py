"""Spider for the API of any instance: the mastodon spider's mode with `acct=`, `hashtag=` and the like."""

import logging
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from scrapy import Request
from scrapy.settings import BaseSettings

from harvester.catalogue import listings, queries, writer
from harvester.catalogue.listings import Listing
from harvester.catalogue.queries import PendingImage
from harvester.crawl.http.credentials import bearer
from harvester.crawl.http.networks import check_keys
from harvester.crawl.listing_spider import ListingSpider
from harvester.crawl.loop_guard import LoopGuard
from harvester.dataset import reader
from harvester.errors import ListingIncomplete, UsageProblem
from harvester.items import NUMBERED, DiscoveredImage, ImageItem, ListingPage
from harvester.parsing.responses import PageStatus, SiteResponse
from harvester.reasons import TEMPORARY_REASONS
from harvester.spider_arguments import Argument, file_path, switch
from harvester.spiders.mastodon import api, arguments, media, opt_out, responses
from harvester.spiders.mastodon.api import Cursor
from harvester.spiders.mastodon.date_order import DateOrder, have_dated_ids
from harvester.spiders.mastodon.numbering import PositionAllocator
from harvester.spiders.mastodon.posts import Post, PostPage
from harvester.spiders.mastodon.sources import Source, SourceResolver
from harvester.spiders.mastodon.walk_state import WalkState

logger = logging.getLogger(__name__)


class TimelineSpider(ListingSpider):
    """Walks accounts, hashtags and timelines, names pictures by its own numbers, and writes a data set at the end."""

    max_wait = 1000.0  # Mastodon's longest window is 15 minutes; longer waits must not block other servers

    name = "mastodon"
    mode_text = " (from the API)"

    acct = Argument("accounts to crawl: user@host, separated by commas")
    accounts = Argument(arguments.ACCOUNTS_DESCRIPTION, convert=file_path)
    hashtag = Argument("a hashtag to crawl on the instance", convert=arguments.hashtag)
    timeline = Argument("a timeline to crawl on the instance: public or local", choices=("public", "local"))
    url = Argument("the address of an account, a post, a hashtag, a list or a timeline")
    instance = Argument("the server to query: a host or a base URL")
    since = Argument("only posts of this day (UTC) or later", convert=arguments.begin_of)
    until = Argument("only posts of this day (UTC) or earlier", convert=arguments.end_of)
    boosts = switch("1 includes boosted posts, as posts of their authors; 0 by default", default="0")
    replies = switch("0 leaves out replies to others; 1 by default", default="1")
    max_posts = Argument(
        "most posts with images to take from each account, hashtag or timeline", convert=arguments.post_count
    )
    collect_only = switch("1 writes user_posts.json and accounts.csv and fetches no images", default="0")

    options: arguments.HarvestArguments

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._opt_outs: dict[str, str] = {}  # account left out in this run -> its opt-out

    def configure(self, settings: BaseSettings) -> None:
        """Read what is to be walked, the tokens and the settings of the site."""
        self.options = arguments.build_arguments(self.argument_values, settings["MASTODON_RESPECT_OPT_OUTS"])
        if self.accounts:
            self.options = arguments.with_handles(self.options, _read_accts(self.accounts))
        tokens = arguments.parse_tokens(settings["MASTODON_TOKENS"])
        self.credentials = {origin: bearer(token) for origin, token in tokens.items()}
        check_keys(settings, "MASTODON_TOKENS", self.credentials)
        self.page_delay = arguments.parse_page_seconds(settings["MASTODON_PAGE_SECONDS"])

    def folder_layout(self) -> str:
        """Return the layout of pictures that are numbered as they are found."""
        return NUMBERED

    async def prepare(self) -> None:
        """Load the numbers that are already given."""
        acct_by_number = await self.catalogue.read(queries.accounts_by_user)
        self.allocator = PositionAllocator(acct_by_number, await self.catalogue.read(queries.next_post_by_user))
        for acct in SourceResolver.requested_accts(self.options):
            self.allocator.user_number(acct)
        await self._record_users()
        self._sources: dict[str, Source] = {}
        self._posts: list[Post] = []

    async def listings_to_walk(self) -> AsyncIterator[str]:
        """Yield each source in turn; one that cannot be read is recorded with its reason."""
        async for source in SourceResolver(self.options, self.fetch, self.credentials).resolve():
            self._sources[source.name] = source
            self._opt_outs.update(source.opt_outs)
            if source.names:
                self.allocator.add_name(*source.names)
            if source.refusal:
                await self._record_refusal(source)
            else:
                yield source.name

    def classify(self, response: SiteResponse) -> PageStatus:
        """The kind of a page of the site."""
        return responses.classify(response)

    def page_request(self, listing: Listing) -> Request:
        """The request for the page at the cursor."""
        return SourceResolver.api_request(self._sources[listing.query].listing.page_url(_parse_cursor(listing.cursor)))

    def loop_guard(self, listing: Listing) -> LoopGuard:
        """The guard that knows the top of the listing from an earlier run; servers page by id, newest first."""
        ranges = WalkState.parse(listing.mark).walked.ranges
        return LoopGuard(listing.cursor, ranges[0].heads if listing.cursor and ranges else (), newest_first=True)

    def parse_page(self, response: SiteResponse, listing: Listing) -> ListingPage:
        """The posts of a page; the next cursor depends on earlier walks of the listing. Raises ListingIncomplete."""
        if responses.classify(response) is not PageStatus.OK:
            raise ListingIncomplete(self.error_text(response))
        source, state = self._sources[listing.query], WalkState.parse(listing.mark)
        page = source.parse_page(response.body, self.options.post_filter)
        if not page.ids and page.skipped["unreadable"]:
            raise ListingIncomplete("a page on which no post has an id")
        is_first_page = listing.cursor is None
        cursor, entry_ids = _parse_cursor(listing.cursor), page.ids
        next_cursor = None if source.is_single else api.find_next_cursor(response.headers, page.ids, cursor)
        if next_cursor is None and cursor and page.ids == [cursor.value]:
            entry_ids = []  # nothing but the post of the cursor, which some servers count in
        if is_past := self._is_past(page, listing.query):
            next_cursor = None
        if is_first_page and state.walked.ranges:
            page.drop_known(state.walked.ranges[0].heads)
        if self.options.max_posts and len(state.walked.ranges) <= (0 if is_first_page else 1):
            if (room := self.options.max_posts - state.posts) <= 0:  # an earlier run was allowed more
                self._posts = []
                return ListingPage(entry_ids=entry_ids)  # without a new mark: a higher max_posts continues here
            next_cursor = page.trim(room) or next_cursor
        ranges = (state.walked.after_first_page if is_first_page else state.walked.after_page)(page.ids, next_cursor)
        state = WalkState(ranges, state.posts + len(page.posts))
        has_enough = self.options.max_posts and state.posts >= self.options.max_posts and len(ranges.ranges) <= 1
        self._posts = page.posts
        self._opt_outs.update(page.opt_outs)
        return ListingPage(
            [DiscoveredImage(key, "") for key in self.allocator.image_keys(page.posts)],  # numbered in `save_page`
            entry_count=sum(page.skipped.values()),
            next_cursor=None if has_enough or is_past or source.is_single else _cursor_text(ranges.cursor),
            counts=dict(page.skipped),
            mark=state.text,
            entry_ids=entry_ids,
        )

    def _is_past(self, page: PostPage, query: str) -> bool:
        """Whether the posts behind a page are older than wanted; logged where only the order of pages shows it."""
        is_past = self._date_order.is_past(page.dates, is_too_old=page.is_too_old)
        if is_past and not have_dated_ids(page.dates):
            logger.info(
                "%s: the last pages came in the order of dates, so those behind `since` are not read; newer posts that "
                "the server lists there are not found. A run without since= reads everything.",
                query,
            )
        return is_past

    async def walk_listing(self, query: str) -> Listing:
        """Walk one listing; what is known of its order begins anew."""
        self._date_order = DateOrder()
        return await super().walk_listing(query)

    async def save_page(self, listing: Listing, page: ListingPage) -> tuple[Listing, Mapping[str, int]]:
        """Record a page whose pictures get their positions: those they already have, or the next free ones."""
        positions = await self.catalogue.read(queries.positions_by_key, [image.key for image in page.images])
        images = self.allocator.discovered_images(self._posts, positions)
        await self._record_users()
        return await super().save_page(
            listing, replace(page, images=images, entry_count=page.entry_count + len(images))
        )

    def error_text(self, response: SiteResponse) -> str:
        """The refusal, the status and the server's words."""
        refusal = responses.find_refusal(response)
        return responses.refusal_text(refusal, response) if refusal else super().error_text(response)

    def fallback_url(self, item: ImageItem) -> str | None:
        """The next copy of a file that the origin does not deliver, at last the server's preview.

        None if the origin forbids the file: copies must not be used to evade that.
        """
        if item.status != "failed":
            return None
        return media.find_fallback_url(item.url, item.metadata, all_permanent=item.reason not in TEMPORARY_REASONS)

    def final_messages(self) -> list[str]:
        """Messages about accounts that were left out, with the setting that decides it."""
        return opt_out.opt_out_messages(self._opt_outs, self.options.post_filter.respected)

    def _on_image_answered(self, item: ImageItem) -> None:
        """Mark a picture that came from another address than the first as a copy, and every preview as reduced."""
        if item.is_pending and media.is_preview(item.url, item.metadata):
            item.metadata["reduced"] = True
            item.detail = f"reduced: {item.url}"
        elif item.is_pending and item.url in item.metadata.get("other_addresses", ()):
            item.detail = f"from {item.url}"
        super()._on_image_answered(item)

    async def _record_users(self) -> None:
        if self.allocator.new_users:
            new_users, self.allocator.new_users = self.allocator.new_users, {}
            await self.catalogue.write(writer.record_accounts, new_users)

    async def _record_refusal(self, source: Source) -> None:
        listing = await self.catalogue.write(listings.begin_listing, source.name)
        self.log_listing(
            await self.catalogue.write_global(listings.mark_incomplete, listing.row, source.refusal, False)
        )

    async def _load_pending(self, host: str, after: int, limit: int) -> list[PendingImage]:
        """The pending images of a host; none with `collect_only=1`."""
        return [] if self.options.collect_only else await super()._load_pending(host, after, limit)


def _parse_cursor(text: str | None) -> Cursor | None:
    name, _, value = (text or "").partition("=")
    return Cursor(name, value) if name else None


def _cursor_text(cursor: Cursor | None) -> str | None:
    return f"{cursor.name}={cursor.value}" if cursor else None


def _read_accts(path: Path) -> list[str]:
    """The accounts of a CSV file, in their order."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            return list(reader.read_accounts(lines, path.name).index)
    except OSError as error:
        raise UsageProblem(f"{path}: {error.strerror}.") from error
