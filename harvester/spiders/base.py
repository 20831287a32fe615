"""Base for sites with a JSON API: pages of a listing, each with items and the cursor of the next."""

import os
import re
from abc import abstractmethod
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any, ClassVar
from urllib.parse import urlencode, urlsplit

from scrapy import Request
from scrapy.settings import BaseSettings

from harvester.catalogue.listings import Listing
from harvester.crawl.http.credentials import basic, bearer, clean_key, origin
from harvester.crawl.http.networks import check_keys
from harvester.crawl.listing_spider import ListingSpider
from harvester.errors import ListingIncomplete
from harvester.items import DiscoveredImage, ListingPage
from harvester.parsing.json_values import Json, parse_json
from harvester.parsing.responses import PageStatus, SiteResponse
from harvester.parsing.urls import host_of, parse_base_url

_CHALLENGE = re.compile(rb"just a moment|cf-chl|challenge-platform|attention required|captcha", re.IGNORECASE)


class JsonApiSpider(ListingSpider):
    """A site whose API lists images in JSON. A subclass says `base_url`, `listings`, `page_url` and `image`.

    By convention the settings or environment variables <NAME>_BASE_URL, <NAME>_LOGIN and <NAME>_API_KEY hold where the
    site is and the user's name and key; a key is sent in the header `Authorization`, to that one server only.
    """

    base_url: ClassVar[str]
    takes_login: ClassVar[bool] = False  # whether the key goes with <NAME>_LOGIN (Basic) or alone (Bearer)

    @abstractmethod
    def listings(self) -> Iterable[str]:
        """Return the listings to walk: texts of up to 600 characters that stay the same between runs."""

    @abstractmethod
    def page_url(self, listing: Listing) -> str:
        """Return the URL of the page at `listing.cursor`, or of the first one where it is None."""

    @abstractmethod
    def image(self, item: Json) -> DiscoveredImage | None:
        """Return the image of an item (see `discovered`), None where the item is none."""

    def items(self, page: Json) -> Iterable[Json]:
        """Return the items of a page: here the page itself, a list."""
        return page

    def next_cursor(self, items: list[Json], page: Json) -> str | None:
        """Return the cursor of the next page, None at the end."""
        return None

    def url(self, path: str, **parameters: object) -> str:
        """Return the URL of a path of the API."""
        return f"{self.base}{path}?{urlencode(parameters)}"

    def discovered(self, key: str, url: str, **facts: Any) -> DiscoveredImage | None:
        """Return an image for what an item says; None for an item without a key.

        `facts` are fields of `DiscoveredImage`; without `path` the file is named after the key.
        """
        if not key:
            return None
        host = host_of(url)
        path = facts.pop("path", key)
        return DiscoveredImage(key, host or "", url or None, path=path, reason=None if host else "no-address", **facts)

    def configure(self, settings: BaseSettings) -> None:
        """Read base URL and key. Raises UsageProblem."""
        base_url = self._setting(settings, "BASE_URL", self.base_url)
        self.base = parse_base_url(f"{self.name.upper()}_BASE_URL", base_url, self.base_url)
        key_setting, login = f"{self.name.upper()}_API_KEY", self._setting(settings, "LOGIN")
        if key := clean_key(key_setting, self._setting(settings, "API_KEY")):
            self.credentials = {origin(self.base): basic(login, key) if self.takes_login else bearer(key)}
            check_keys(settings, key_setting, self.credentials)

    def _setting(self, settings: Mapping[str, Any], word: str, default: str = "") -> str:
        name = f"{self.name.upper()}_{word}"
        return str(settings.get(name) or os.environ.get(name) or default).strip()

    async def listings_to_walk(self) -> AsyncIterator[str]:
        """Walk them in their order."""
        for listing in self.listings():
            yield listing

    def page_request(self, listing: Listing) -> Request:
        """Ask for a page, never from the cache: a listing changes."""
        headers = {"Accept": "application/json"}
        return Request(self.page_url(listing), headers=headers, meta={"dont_cache": True}, dont_filter=True)

    def classify(self, response: SiteResponse) -> PageStatus:
        """Say what a response is: JSON with status 200 is a page, 404 and 410 an end, a challenge a block."""
        if response.status in (404, 410):
            return PageStatus.MISSING
        if response.status in (401, 403, 429) or "cf-mitigated" in response.headers:
            return PageStatus.BLOCKED
        if response.status >= 500:
            return PageStatus.ERROR
        try:
            is_json = isinstance(parse_json(response.body), dict | list)
        except ValueError:
            return PageStatus.BLOCKED if _CHALLENGE.search(response.body[:20_000]) else PageStatus.UNKNOWN
        return PageStatus.OK if is_json and response.status == 200 else PageStatus.UNKNOWN

    def parse_page(self, response: SiteResponse, listing: Listing) -> ListingPage:
        """Read a page; items that are no image count as unreadable. Raises ListingIncomplete."""
        if origin(response.url) != origin(self.base):
            raise ListingIncomplete(f"redirected to {origin(response.url)}")
        if response.status != 200:
            raise ListingIncomplete(self.error_text(response))
        try:
            page = Json(parse_json(response.body))
        except ValueError as error:
            raise ListingIncomplete(f"an answer that makes no sense ({error})") from error
        items = list(self.items(page))
        images = [image for item in items if (image := self.image(item)) is not None]
        counts = {"unreadable": len(items) - len(images)}
        return ListingPage(images, len(items), self.next_cursor(items, page), counts)

    def error_text(self, response: SiteResponse) -> str:
        """Return the status, and the host where it is not the expected one."""
        return f"HTTP {response.status} from {urlsplit(response.url).netloc}"
