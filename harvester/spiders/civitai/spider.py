"""Spider for Civitai's documented API: images above a threshold, with all their metadata."""

import hashlib
import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from scrapy.settings import BaseSettings

from harvester.catalogue.listings import Listing
from harvester.catalogue.queries import PendingImage
from harvester.crawl.http.credentials import origin
from harvester.errors import UsageProblem
from harvester.imaging.formats import IMAGE_KINDS, detect_kind
from harvester.items import DiscoveredImage, ImageItem, ListingPage
from harvester.parsing.responses import PageStatus, SiteResponse
from harvester.spider_arguments import Argument, whole_number
from harvester.spiders.base import JsonApiSpider
from harvester.spiders.civitai import api, query
from harvester.spiders.civitai.item import ALL_REACTIONS, FULL_VIDEO, REACTIONS, media_type, original_url, sidecar_files

logger = logging.getLogger(__name__)


class CivitaiSpider(JsonApiSpider):
    """Walks one query of the images API by its cursors."""

    name = "civitai"
    base_url = api.SITE_URL
    key_check_path = api.KEY_PATH
    obeys_robots = False

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
        "Most Reactions (default), Most Comments, Most Collected, Newest or Oldest",
        default="Most Reactions",
        choices=("Most Reactions", "Most Comments", "Most Collected", "Newest", "Oldest"),
    )
    period = Argument(
        "time of publication: AllTime (default), Year, Month, Week or Day",
        default="AllTime",
        choices=("AllTime", "Year", "Month", "Week", "Day"),
    )
    nsfw = Argument(
        "highest rating: None (default), Soft, Mature or X", default="None", choices=("None", "Soft", "Mature", "X")
    )
    username = Argument("only images of this user", convert=query.username)
    model_id = Argument("only images made with this model", convert=whole_number(1))
    model_version_id = Argument("only images made with this version of a model", convert=whole_number(1))
    post_id = Argument("only images of this post", convert=whole_number(1))
    ids = Argument("only images with these ids, separated by commas", convert=query.whole_numbers)
    tags = Argument("only images with these tags: tag ids, separated by commas", convert=query.whole_numbers)
    base_models = Argument(
        "only images made with these base models: names, separated by commas", convert=query.base_models
    )
    type = Argument("image (default), video or all", default="image", choices=("image", "video", "all"))
    max_images = Argument("ends the listing after this many images with enough reactions", convert=whole_number(1))
    layout = Argument(
        "folders: flat (default, none), user, model or date", default="flat", choices=("flat", "user", "model", "date")
    )
    seen = Argument("a file of image ids not to fetch, one per line", convert=query.ids_in_file)
    output = Argument("folder for the output files")
    format = Argument("rgb, jpeg or original; rgb by default", default="rgb", choices=("rgb", "jpeg", "original"))

    query: query.Query

    def configure(self, settings: BaseSettings) -> None:
        """Make the query. Raises UsageProblem, also for a base URL with a path: the web site has none."""
        super().configure(settings)
        if urlsplit(self.base).path:
            raise UsageProblem(f"CIVITAI_BASE_URL={self.base}: must be an address such as {self.base_url}.")
        self.base = origin(self.base)
        self.query = query.build_query(self.argument_values, self.base)
        if self.seen is not None:
            self.source_digest = hashlib.sha256(self.seen.tobytes()).hexdigest()

    def discovered_images(self) -> Iterator[DiscoveredImage]:
        """The images in the file of `seen`, which another program has fetched."""
        return (DiscoveredImage(key=str(image_id), host="", reason="had-before") for image_id in self.seen)

    def listings(self) -> Iterable[str]:
        """Return the only listing of the query."""
        yield self.query.text

    def page_url(self, listing: Listing) -> str:
        """Return the address of the page at the cursor."""
        return self.query.url(listing.cursor)

    def classify(self, response: SiteResponse) -> PageStatus:
        """The kind of a page of the site."""
        return api.classify(response)

    def is_dead_cursor(self, response: SiteResponse) -> bool:
        """Whether the listing has to start again; never with ids, whose cursor is our own."""
        return not self.query.ids and api.is_dead_cursor(response)

    def read_page(self, response: SiteResponse, listing: Listing) -> ListingPage:
        """The selected images of a page and the cursor of the next one. Raises ListingIncomplete."""
        items, metadata = api.parse_items(response)
        page = api.select_items(items, self.query.item_filter)
        if self.query.ids:
            page = replace(page, next_cursor=self._next_ids_cursor(listing, page))
        else:
            page = api.with_cursor(page, api.next_cursor(metadata, self.base), listing.items)
        self._warn_about_page(items, page, listing)
        image_count = listing.counts.get("new", 0) + listing.counts.get("known", 0)
        return page if self.max_images is None else api.limit_images(page, self.max_images - image_count)

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
        requested_ids = self.query.ids_at(listing.cursor)
        if missing := {str(image_id) for image_id in requested_ids} - {image.key for image in page.images}:
            logger.warning("Not listed, or below the threshold: %s", ", ".join(sorted(missing, key=int)))
        end = int(listing.cursor or 0) + len(requested_ids)
        return str(end) if end < len(self.query.ids) else None

    @staticmethod
    def _warn_about_page(items: list[Any], page: ListingPage, listing: Listing) -> None:
        if api.has_no_reactions(items):
            logger.warning("Page %s has no reactions; the site may be serving empty counts", listing.pages + 1)
        if not page.entry_count and page.next_cursor is None:
            logger.warning("The listing ends with an empty page: either nothing matches, or the site has given up")
        elif page.next_cursor is None and page.entry_count >= query.PAGE_SIZE:
            logger.warning("The listing ends with a full page: the site may have more, but gives no cursor")
