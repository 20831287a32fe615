"""Base for sites with a JSON API: pages of a listing, each with items and the cursor of the next."""

import logging
import os
import re
from abc import abstractmethod
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any, ClassVar
from urllib.parse import urlencode

from scrapy import Request
from scrapy.settings import BaseSettings

from harvester.catalogue.listings import Listing
from harvester.crawl.http.credentials import basic, bearer, clean_key, origin
from harvester.crawl.http.networks import check_keys
from harvester.crawl.listing_spider import ListingSpider
from harvester.errors import ListingIncomplete, UsageProblem
from harvester.items import DiscoveredImage, ListingPage
from harvester.parsing import api_responses
from harvester.parsing.json_values import Json, parse_json
from harvester.parsing.responses import PageStatus, SiteResponse
from harvester.parsing.urls import host_of, parse_base_url
from harvester.text import count_noun, escape_control_chars

logger = logging.getLogger(__name__)

_CHALLENGE = re.compile(rb"just a moment|cf-chl|challenge-platform|attention required|captcha", re.IGNORECASE)


class JsonApiSpider(ListingSpider):
    """A site whose API lists images in JSON. A subclass says `base_url`, `listings`, `page_url` and `image`.

    A subclass whose pages are more than a list of items overrides `read_page` in place of `image`.

    By convention the settings or environment variables <NAME>_BASE_URL, <NAME>_LOGIN and <NAME>_API_KEY hold where the
    site is and the user's name and key; a key is sent in the header `Authorization`, to that one server only.
    """

    base_url: ClassVar[str]
    items_in: ClassVar[str] = ""  # the member of a page that holds the list of items; empty: the page is the list
    takes_login: ClassVar[bool] = False  # whether the key goes with <NAME>_LOGIN (Basic) or alone (Bearer)
    key_check_path: ClassVar[str] = ""  # a path that answers 401 to a wrong key, of an API whose pages take it for none
    obeys_robots: ClassVar[bool] = True  # False only for a documented API: docs/decisions/0006

    @abstractmethod
    def listings(self) -> Iterable[str]:
        """Return the listings to walk: texts of up to 600 characters that stay the same between runs."""

    @abstractmethod
    def page_url(self, listing: Listing) -> str:
        """Return the URL of the page at `listing.cursor`, or of the first one where it is None."""

    def image(self, item: Json) -> DiscoveredImage | None:
        """Return the image of an item (see `discovered`), None where the item is none."""
        raise NotImplementedError

    def items(self, page: Json) -> Iterable[Json]:
        """Return the items of a page (see `items_in`). Raises ListingIncomplete where there is no list."""
        item_list = page[self.items_in] if self.items_in else page
        if not isinstance(item_list.value, list):
            place = f"no list in {self.items_in!r}" if self.items_in else "no list"
            raise ListingIncomplete(f"the page has {place}{api_responses.message_of(page)}")
        return item_list

    def next_cursor(self, items: list[Json], page: Json) -> str | None:
        """Return the cursor of the next page, None at the end."""
        return None

    def last_id(self, items: list[Json], page_size: int) -> str | None:
        """Return the last `id` on a full page, None for a shorter page, which is the last one.

        Raises ListingIncomplete where a full page has no id to continue from.
        """
        if len(items) < page_size:
            return None
        ids = [item["id"].id for item in items if item["id"].id]
        if not ids:
            raise ListingIncomplete("a full page on which no item has an id")
        return ids[-1]

    def url(self, path: str, **parameters: object) -> str:
        """Return the URL of a path of the API."""
        return f"{self.base}{path}?{urlencode(parameters)}"

    def discovered(
        self, key: str, url: str, *, path: str = "", reason: str | None = None, **facts: Any
    ) -> DiscoveredImage | None:
        """Return an image for what an item says; None for an item without a key.

        Without `path` the file is named after the key. With a `reason` (docs/reasons.md) the image is not fetched; one
        without a URL gets `no-address`. `facts` are the other fields of `DiscoveredImage`.
        """
        if not key:
            return None
        host = host_of(url)
        reason = reason or (None if host else "no-address")
        return DiscoveredImage(key, host or "", url or None, path=path or key, reason=reason, **facts)

    def configure(self, settings: BaseSettings) -> None:
        """Read base URL and key. Raises UsageProblem."""
        base_url = self._setting(settings, "BASE_URL", self.base_url)
        self.base = parse_base_url(self._setting_name("BASE_URL"), base_url, self.base_url)
        key_setting, login_setting = self._setting_name("API_KEY"), self._setting_name("LOGIN")
        login = self._setting(settings, "LOGIN")
        key = clean_key(key_setting, self._setting(settings, "API_KEY"))
        if self.takes_login and bool(key) != bool(login):
            missing, present = (key_setting, login_setting) if login else (login_setting, key_setting)
            raise UsageProblem(f"{present} is set, but {missing} is not: set both or neither.")
        if key:
            self.credentials = {origin(self.base): basic(login, key) if self.takes_login else bearer(key)}
            check_keys(settings, key_setting, self.credentials)

    def _setting_name(self, word: str) -> str:
        return f"{self.name.upper().replace('-', '_')}_{word}"

    def _setting(self, settings: Mapping[str, Any], word: str, default: str = "") -> str:
        name = self._setting_name(word)
        value = settings.get(name)  # one that is empty hides the environment's
        return str(os.environ.get(name) or default if value is None else value).strip()

    async def prepare(self) -> None:
        """Check the key where `key_check_path` says how. Raises UsageProblem."""
        if not self.credentials or not self.key_check_path:
            return
        setting = self._setting_name("API_KEY")
        try:
            response = await self.fetch(self.api_request(f"{self.base}{self.key_check_path}"))
        except ListingIncomplete as error:
            logger.warning("%s could not be checked: %s", setting, self._redact_text(error.detail))
            return
        if response.status == 401:
            raise UsageProblem(f"{setting}: the key is wrong or has expired; if you have none, leave it empty.")
        if response.status != 200:
            logger.warning("%s could not be checked: %s", setting, self.error_text(response))

    def folder_layout(self) -> str:
        """Return the argument `layout`, where there is one: a folder keeps the layout it was begun with."""
        return str(self.argument_values.get("layout", ""))

    async def listings_to_walk(self) -> AsyncIterator[str]:
        """Walk them in their order."""
        for listing in self.listings():
            yield listing

    def page_request(self, listing: Listing) -> Request:
        """Ask for a page."""
        return self.api_request(self.page_url(listing))

    def api_request(self, url: str) -> Request:
        """Ask the API, never the cache: what it lists changes."""
        meta = {"dont_cache": True} | ({} if self.obeys_robots else {"dont_obey_robotstxt": True})
        return Request(url, headers={"Accept": "application/json"}, meta=meta, dont_filter=True)

    def classify(self, response: SiteResponse) -> PageStatus:
        """Say what a response is: JSON with status 200 is a page, a challenge a block.

        404 and 410 make the listing incomplete, and so does 401: waiting does not mend a wrong key.
        """
        if response.status in (404, 410):
            return PageStatus.MISSING
        if response.status == 401:
            return PageStatus.UNKNOWN
        if response.status in (403, 429) or "cf-mitigated" in response.headers:
            return PageStatus.BLOCKED
        if response.status >= 500:
            return PageStatus.ERROR
        try:
            is_json = isinstance(parse_json(response.body), dict | list)
        except ValueError:
            return PageStatus.BLOCKED if _CHALLENGE.search(response.body[:20_000]) else PageStatus.UNKNOWN
        return PageStatus.OK if is_json and response.status == 200 else PageStatus.UNKNOWN

    def parse_page(self, response: SiteResponse, listing: Listing) -> ListingPage:
        """Read a page of this API. Raises ListingIncomplete for any other response."""
        if origin(response.url) != origin(self.base):
            raise ListingIncomplete(f"redirected to {origin(response.url)}")
        if response.status != 200:
            restart = listing.cursor is not None and self.is_dead_cursor(response)
            raise ListingIncomplete(self.error_text(response), restart=restart)
        page = self.read_page(response, listing)
        unreadable = page.counts.get("unreadable")
        if unreadable and unreadable == page.entry_count:
            raise ListingIncomplete(f"{count_noun(unreadable, 'item')}, none of which can be read: the API has changed")
        if unreadable:
            logger.warning("Page %s: %s", listing.pages + 1, count_noun(unreadable, "unreadable item"))
        return page

    def read_page(self, response: SiteResponse, listing: Listing) -> ListingPage:
        """Return what is on a page; items that are no image count as unreadable. Raises ListingIncomplete."""
        page = api_responses.read_document(response)
        items = list(self.items(page))
        images = [image for item in items if (image := self.image(item)) is not None]
        counts = {"unreadable": len(items) - len(images)}
        ids = [ident for item in items if (ident := item["id"].id)]
        return ListingPage(images, len(items), self.next_cursor(items, page), counts, entry_ids=ids)

    def is_dead_cursor(self, response: SiteResponse) -> bool:
        """Say whether the API no longer knows the cursor; the listing then starts again."""
        return False

    def error_text(self, response: SiteResponse) -> str:
        """Return the status and the API's own message, and the server where it is not the API's."""
        text = api_responses.error_text(response)
        if origin(response.url) != origin(self.base):
            text += f" (from {origin(response.url)})"
        elif response.status == 401:
            key_setting = self._setting_name("API_KEY")
            text += f"; check {key_setting}" if self.credentials else f"; the site wants a key: set {key_setting}"
        return self._redact_text(text)

    def _redact_text(self, text: str) -> str:
        """Return a text of the server's on one line and without the key, which it may repeat in any encoding."""
        for secret in self._secrets():
            text = text.replace(secret, "…")
        return escape_control_chars(text)
