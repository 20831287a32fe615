"""Images of Civitai, from its documented API: every one above the bar, with everything the API says of it."""

import hashlib
import logging
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Self

from scrapy import Request
from scrapy.crawler import Crawler

from harvester.arguments import check_names, choice, file_path, retry
from harvester.catalogue.listings import Listing
from harvester.catalogue.queries import Owed
from harvester.errors import BadInput, Cut
from harvester.imaging.sniff import IMAGE_KINDS, kind_of
from harvester.items import Collection, ImageItem, Page, Promise
from harvester.middlewares.keys import origin
from harvester.options import check_keys, check_settings, picture_options
from harvester.places import Places
from harvester.sites import civitai, idlist
from harvester.sites.civitai_facts import media_type
from harvester.sites.civitai_media import FULL_VIDEO, original
from harvester.sites.civitai_query import IDS_AT_ONCE, Query, base_url, query
from harvester.sites.pages import Answer, Classify, Verdict
from harvester.spiders.listing import ListingSpider
from harvester.spiders.output import check_collection, output_folder
from harvester.text import printable

logger = logging.getLogger(__name__)

FORMATS = ("rgb", "jpeg", "original")

ARGUMENTS = {
    "reaction": "which count has to pass the bar: heartCount (default), cryCount, laughCount, …, or reactions",
    "min_count": "images with more than that many are taken; 10 by default, -1 takes all",
    "sort": "Most Reactions (default), Most Comments, Most Collected, Newest or Oldest",
    "period": "when published: AllTime (default), Year, Month, Week or Day",
    "nsfw": "rating up to: None (default), Soft, Mature or X",
    "username": "only images of this user",
    "model_id": "only images made with this model",
    "model_version_id": "only images made with this version of a model",
    "post_id": "only images of this post",
    "ids": "only these images: ids, separated by commas",
    "tags": "only images with these tags: ids of tags, separated by commas",
    "base_models": "only images of these base models: names, separated by commas",
    "type": "image (default), video or all",
    "max_images": "end the listing after that many images above the bar",
    "layout": "folders: flat (default, none), user, model or date",
    "seen": "list of image ids, one per line, that shall not be fetched",
    "output": "folder for the named pictures",
    "format": "rgb, jpeg or original; rgb by default",
    "retry": "which earlier failures to ask for again: failed (the temporary ones), all or none; failed by default",
}


class CivitaiSpider(ListingSpider):
    """Walks one query of the images API by its cursors."""

    name = "civitai"
    reads_embedded = True
    classify: ClassVar[Classify] = staticmethod(civitai.classify)

    query: Query
    keys: Mapping[str, str]
    seen: Path | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        """Checks every argument before anything is opened; raises BadInput."""
        check_names(cls.name, kwargs, ARGUMENTS)
        spider = super().from_crawler(crawler, *args)
        settings, places = crawler.settings, Places.from_settings(crawler.settings)
        spider.arguments = {name: value for name, value in kwargs.items() if name in ARGUMENTS}
        spider.retry = retry(kwargs)
        spider.query = query(spider.arguments, base_url("CIVITAI_BASE_URL", settings["CIVITAI_BASE_URL"]))
        spider.keys = _keys(spider.query.base, settings["CIVITAI_API_KEY"])
        form = choice("format", kwargs.get("format", FORMATS[0]), FORMATS)
        check_settings(settings)
        check_keys(settings, "CIVITAI_API_KEY", spider.keys)
        picture_options(settings, form)
        if "seen" in kwargs:
            spider.seen = file_path("seen", kwargs)
            spider.source = _digest(spider.seen)
        folder = places.stored(output_folder(places, cls.name, kwargs.get("output")))
        spider.collection = Collection(cls.name, folder, form, spider.query.wanted.layout)
        check_collection(places, spider.collection)
        return spider

    async def prepare(self) -> None:
        """A wrong key is found out here: the images API would silently answer as if there were none."""
        if not self.keys:
            return
        try:
            answer = await self.answer(_request(f"{self.query.base}{civitai.KEY_PATH}"))
        except Cut as cut:
            logger.warning("CIVITAI_API_KEY could not be checked: %s", self._hidden(cut.why))
            return
        if answer.status == 401:
            raise BadInput("CIVITAI_API_KEY: the key is wrong or has expired; without one, leave it empty.")
        if answer.status != 200:
            logger.warning("CIVITAI_API_KEY could not be checked: %s", self.why(answer))

    def promises(self) -> Iterator[Promise]:
        """The images of the list in `seen`, which another program has fetched."""
        assert self.seen is not None
        with _open(self.seen) as lines:
            for number in idlist.ids(lines, self.seen.name):
                yield Promise(key=str(number), host="", reason="had-before")

    async def queries(self) -> AsyncIterator[str]:
        """One listing."""
        yield self.query.text

    def page_request(self, listing: Listing) -> Request:
        """The page at the cursor, in our own query."""
        return _request(self.query.url(listing.cursor))

    def read(self, answer: Answer, listing: Listing) -> Page:
        """The images of a page above the bar, and the cursor of the next. Raises Cut."""
        if origin(answer.url) != self.query.base:
            raise Cut(f"redirected to {origin(answer.url)}")
        if civitai.classify(answer) is not Verdict.OK:
            raise Cut(self.why(answer), restart=listing.cursor is not None and civitai.is_dead_cursor(answer))
        items, metadata = civitai.items_of(answer)
        page = civitai.sort_out(items, self.query.wanted)
        if self.query.ids:
            page = replace(page, next=self._next_ids(listing, page))
        else:
            page = civitai.with_next(page, civitai.next_cursor(metadata, self.query.base), listing.items)
        self._warn(items, page, listing)
        taken = listing.counts.get("new", 0) + listing.counts.get("known", 0)
        return page if self.query.most is None else civitai.limited(page, self.query.most - taken)

    def why(self, answer: Answer) -> str:
        """What the API says of an error."""
        return self._hidden(civitai.error_text(answer))

    def item(self, image: Owed) -> ImageItem:
        """Videos that are owed are wanted: they are kept as they come."""
        item = super().item(image)
        item.work.is_video = media_type(image.metadata) == "video"
        return item

    def other_address(self, item: ImageItem) -> str | None:
        """A video of which only a still came is asked for once more, with the form that names a quality."""
        if item.work.is_video and kind_of(item.work.body) in IMAGE_KINDS:
            return original(item.url, FULL_VIDEO)
        return None

    def _next_ids(self, listing: Listing, page: Page) -> str | None:
        start = int(listing.cursor or 0)
        asked = self.query.ids[start : start + IDS_AT_ONCE]
        if page.items and page.counts.get("not asked for") == page.items:
            raise Cut("the server does not know ids= and listed other images")
        if missing := {str(number) for number in asked} - {promise.key for promise in page.promises}:
            logger.warning("Not listed, or below the bar: %s", ", ".join(sorted(missing, key=int)))
        done = start + len(asked)
        return str(done) if done < len(self.query.ids) else None

    @staticmethod
    def _warn(items: list[Any], page: Page, listing: Listing) -> None:
        if civitai.all_zero(items):
            logger.warning("Page %s: not one reaction on it; the site may be serving empty counts", listing.pages + 1)
        if page.counts.get("unreadable"):
            logger.warning("Page %s: %s items make no sense", listing.pages + 1, page.counts["unreadable"])
        if not page.items and page.next is None:
            logger.warning(
                "The listing ends with an empty page: so it does where nothing matches, and where the site gives up"
            )

    def _hidden(self, text: str) -> str:
        for key in self.keys.values():
            text = text.replace(key, "…")
        return printable(text)


def _request(url: str) -> Request:
    """A request to the documented API, never answered from the cache: see docs/decisions/0006."""
    meta = {"dont_cache": True, "dont_obey_robotstxt": True}
    return Request(url, headers={"Accept": "application/json"}, meta=meta, dont_filter=True)


def _keys(base: str, key: str) -> dict[str, str]:
    key = key.strip()
    if not (key.isascii() and key.isprintable() and " " not in key):
        raise BadInput("CIVITAI_API_KEY: holds characters that no key has.")
    return {base: key} if key else {}


def _digest(path: Path) -> str:
    """The sha256 of the list, which is checked whole."""
    with _open(path) as lines:
        found = hashlib.sha256()
        for number in idlist.ids(lines, path.name):
            found.update(f"{number}\n".encode())
    return found.hexdigest()


def _open(path: Path) -> Any:
    try:
        return path.open(encoding="utf-8-sig")
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}.") from error
