"""Spider for Civitai's documented API: images above a threshold, with all their metadata."""

import hashlib
import logging
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from scrapy import Request
from scrapy.settings import BaseSettings

from harvester.catalogue.listings import Listing
from harvester.catalogue.queries import PendingImage
from harvester.crawl.http.credentials import bearer, clean_key, origin, secrets_of
from harvester.crawl.http.networks import check_keys
from harvester.crawl.listing_spider import ListingSpider
from harvester.errors import ListingIncomplete, UsageProblem
from harvester.imaging.formats import IMAGE_KINDS, detect_kind
from harvester.items import DiscoveredImage, ImageItem, ListingPage
from harvester.parsing.responses import PageStatus, SiteResponse
from harvester.spider_arguments import Argument, file_path, whole_number
from harvester.spiders.civitai import api, query
from harvester.spiders.civitai.item import ALL_REACTIONS, FULL_VIDEO, REACTIONS, media_type, original_url, sidecar_files
from harvester.spiders.civitai.query import (
    IDS_PER_REQUEST,
    LAYOUTS,
    PERIODS,
    RATINGS,
    SORTS,
    TYPES,
    Query,
    parse_base_url,
)
from harvester.text import count_noun, escape_control_chars

logger = logging.getLogger(__name__)


class CivitaiSpider(ListingSpider):
    """Walks one query of the images API by its cursors."""

    name = "civitai"
    reads_embedded = True

    reaction = Argument(
        "the count that `min_count` applies to: heartCount (default), cryCount, laughCount, …, or reactions",
        default="heartCount",
        choices=(*REACTIONS, ALL_REACTIONS),
    )
    min_count = Argument(
        "takes images with more reactions than this; 10 by default, -1 takes all",
        default="10",
        convert=whole_number(-1),
    )
    sort = Argument(
        "Most Reactions (default), Most Comments, Most Collected, Newest or Oldest", default=SORTS[0], choices=SORTS
    )
    period = Argument(
        "time of publication: AllTime (default), Year, Month, Week or Day", default=PERIODS[0], choices=PERIODS
    )
    nsfw = Argument("highest rating: None (default), Soft, Mature or X", default=RATINGS[0], choices=RATINGS)
    username = Argument("only images of this user", convert=query.username)
    model_id = Argument("only images made with this model", convert=whole_number(1))
    model_version_id = Argument("only images made with this version of a model", convert=whole_number(1))
    post_id = Argument("only images of this post", convert=whole_number(1))
    ids = Argument("only images with these ids, separated by commas", convert=query.whole_numbers)
    tags = Argument("only images with these tags: tag ids, separated by commas", convert=query.whole_numbers)
    base_models = Argument(
        "only images made with these base models: names, separated by commas", convert=query.base_models
    )
    type = Argument("image (default), video or all", default="image", choices=TYPES)
    max_images = Argument("ends the listing after this many images with enough reactions", convert=whole_number(1))
    layout = Argument("folders: flat (default, none), user, model or date", default=LAYOUTS[0], choices=LAYOUTS)
    seen = Argument("a file of image ids not to fetch, one per line", convert=file_path)
    output = Argument("folder for the output files")
    format = Argument("rgb, jpeg or original; rgb by default", default="rgb", choices=("rgb", "jpeg", "original"))

    query: Query

    def configure(self, settings: BaseSettings) -> None:
        """Make the query; read the key and the list in `seen`."""
        base = parse_base_url("CIVITAI_BASE_URL", settings["CIVITAI_BASE_URL"])
        self.query = query.build_query(self.argument_values, base)
        if key := clean_key("CIVITAI_API_KEY", settings["CIVITAI_API_KEY"]):
            self.credentials = {base: bearer(key)}
        check_keys(settings, "CIVITAI_API_KEY", self.credentials)
        if self.seen:
            self.source_digest = _sha256_of_ids(self.seen)

    def folder_layout(self) -> str:
        """Return the argument `layout`."""
        return str(self.layout)

    async def prepare(self) -> None:
        """Check the API key, as the images API silently ignores a wrong one. Raises UsageProblem."""
        if not self.credentials:
            return
        try:
            response = await self.fetch(_api_request(f"{self.query.base}{api.KEY_PATH}"))
        except ListingIncomplete as error:
            logger.warning("CIVITAI_API_KEY could not be checked: %s", self._redact_text(error.detail))
            return
        if response.status == 401:
            raise UsageProblem("CIVITAI_API_KEY: the key is wrong or has expired; without one, leave it empty.")
        if response.status != 200:
            logger.warning("CIVITAI_API_KEY could not be checked: %s", self.error_text(response))

    def discovered_images(self) -> Iterator[DiscoveredImage]:
        """The images in the file of `seen`, which another program has fetched."""
        with _open_list(self.seen) as lines:
            for image_id in query.read_ids(lines, self.seen.name):
                yield DiscoveredImage(key=str(image_id), host="", reason="had-before")

    async def listings_to_walk(self) -> AsyncIterator[str]:
        """Yield the only listing of the query."""
        yield self.query.text

    def classify(self, response: SiteResponse) -> PageStatus:
        """The kind of a page of the site."""
        return api.classify(response)

    def page_request(self, listing: Listing) -> Request:
        """The request for the page at the cursor."""
        return _api_request(self.query.url(listing.cursor))

    def parse_page(self, response: SiteResponse, listing: Listing) -> ListingPage:
        """The selected images of a page and the cursor of the next one. Raises ListingIncomplete."""
        if origin(response.url) != self.query.base:
            raise ListingIncomplete(f"redirected to {origin(response.url)}")
        if api.classify(response) is not PageStatus.OK:
            raise ListingIncomplete(
                self.error_text(response), restart=listing.cursor is not None and api.is_dead_cursor(response)
            )
        items, metadata = api.parse_items(response)
        page = api.select_items(items, self.query.item_filter)
        if self.query.ids:
            page = replace(page, next_cursor=self._next_ids_cursor(listing, page))
        else:
            page = api.with_cursor(page, api.next_cursor(metadata, self.query.base), listing.items)
        self._warn_about_page(items, page, listing)
        image_count = listing.counts.get("new", 0) + listing.counts.get("known", 0)
        return page if self.query.max_images is None else api.limit_images(page, self.query.max_images - image_count)

    def error_text(self, response: SiteResponse) -> str:
        """The API's own message for an error."""
        return self._redact_text(api.error_text(response))

    def item(self, image: PendingImage) -> ImageItem:
        """The item of a pending image; a video is marked as such, so that it is kept as it is."""
        item = super().item(image)
        item.state.is_video = media_type(image.metadata) == "video"
        return item

    def sidecars(self, item: ImageItem) -> Mapping[str, bytes]:
        """Return the item of the API as JSON and, where there is one, its prompt as text."""
        return sidecar_files(item.metadata)

    def fallback_url(self, item: ImageItem) -> str | None:
        """The address with a quality parameter, for a video that came as a still frame; None otherwise."""
        if item.state.is_video and detect_kind(item.state.body) in IMAGE_KINDS:
            return original_url(item.url, FULL_VIDEO)
        return None

    def _next_ids_cursor(self, listing: Listing, page: ListingPage) -> str | None:
        start = int(listing.cursor or 0)
        requested_ids = self.query.ids[start : start + IDS_PER_REQUEST]
        if page.entry_count and page.counts.get("not asked for") == page.entry_count:
            raise ListingIncomplete("the server does not know ids= and listed other images")
        if missing := {str(image_id) for image_id in requested_ids} - {image.key for image in page.images}:
            logger.warning("Not listed, or below the threshold: %s", ", ".join(sorted(missing, key=int)))
        end = start + len(requested_ids)
        return str(end) if end < len(self.query.ids) else None

    @staticmethod
    def _warn_about_page(items: list[Any], page: ListingPage, listing: Listing) -> None:
        if api.has_no_reactions(items):
            logger.warning("Page %s has no reactions; the site may be serving empty counts", listing.pages + 1)
        if page.counts.get("unreadable"):
            logger.warning("Page %s: %s", listing.pages + 1, count_noun(page.counts["unreadable"], "unreadable item"))
        if not page.entry_count and page.next_cursor is None:
            logger.warning("The listing ends with an empty page: either nothing matches, or the site has given up")

    def _redact_text(self, text: str) -> str:
        for value in self.credentials.values():
            for secret in secrets_of(value):
                text = text.replace(secret, "…")
        return escape_control_chars(text)


def _api_request(url: str) -> Request:
    """A request to the documented API that is never answered from the cache: see docs/decisions/0006."""
    meta = {"dont_cache": True, "dont_obey_robotstxt": True}
    return Request(url, headers={"Accept": "application/json"}, meta=meta, dont_filter=True)


def _sha256_of_ids(path: Path) -> str:
    """The sha256 of the file of ids, all of which are checked."""
    with _open_list(path) as lines:
        digest = hashlib.sha256()
        for image_id in query.read_ids(lines, path.name):
            digest.update(f"{image_id}\n".encode())
    return digest.hexdigest()


def _open_list(path: Path) -> Any:
    try:
        return path.open(encoding="utf-8-sig")
    except OSError as error:
        raise UsageProblem(f"{path}: {error.strerror}.") from error
