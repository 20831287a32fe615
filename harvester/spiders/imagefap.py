"""Favourites of imagefap: folders read into albums, or one folder saved under its own names."""

import time
from collections.abc import AsyncIterator, Mapping
from math import ceil
from typing import Any, ClassVar, Self

from scrapy import Request
from scrapy.crawler import Crawler
from sqlalchemy import Connection

from harvester.arguments import check_names, retry
from harvester.catalogue import folders, found, listings, queries
from harvester.catalogue.albums import Album, Owner
from harvester.catalogue.listings import Listing
from harvester.errors import CatalogueError
from harvester.extensions.closing import Closing
from harvester.extensions.progress import clock
from harvester.items import Collection, ImageItem, Page
from harvester.options import budgets, check_settings, picture_options
from harvester.places import Places
from harvester.politeness.windows import duration, of_host
from harvester.reasons import REASONS
from harvester.sites.imagefap import classify as pages
from harvester.sites.imagefap.addresses import Addresses, expires, image_of
from harvester.sites.imagefap.photos import size_of, smaller
from harvester.sites.imagefap.reading import FolderList, FolderPages
from harvester.sites.imagefap.wanted import ARGUMENTS, site_address, wanted
from harvester.sites.pages import Answer, Classify
from harvester.spiders.favourites import FavouritesSpider
from harvester.spiders.itinerary import Itinerary, page_request
from harvester.spiders.output import check_collection, output_folder
from harvester.spiders.passing import Passing
from harvester.spiders.photos import SOON, Photos
from harvester.spiders.saving import Saving
from harvester.text import printable

BUDGET = "80/60s, 160/300s, 800/3600s"
"""Four fifths of what the site is said to allow: the user's own browsing counts too."""

OUTPUT = "~/Downloads/imagefap"


class ImagefapSpider(FavouritesSpider):
    """First all folders, so that the strip of a photo page finds every image that is wanted; then the photos."""

    name = "imagefap"
    unknown_is_block = True
    classify: ClassVar[Classify] = staticmethod(pages.classify)

    itinerary: Itinerary
    reading: FolderList | FolderPages
    passing: Passing | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        """Checks every argument before anything is opened; raises BadInput."""
        check_names(cls.name, kwargs, ARGUMENTS)
        spider = super().from_crawler(crawler, *args)
        spider.arguments = {name: value for name, value in kwargs.items() if name in ARGUMENTS}
        spider.retry = retry(kwargs)
        spider.wanted = wanted(spider.arguments)
        spider.addresses = Addresses(site_address("IMAGEFAP_BASE_URL", crawler.settings["IMAGEFAP_BASE_URL"]))
        check_settings(crawler.settings)
        picture_options(crawler.settings, spider.wanted.format)
        spider.budgets = {spider.addresses.host: BUDGET}
        spider.at_once = {"*": 2, spider.addresses.host: 1}
        spider.photos, spider.saving = Photos(spider), Saving(spider)
        spider._take_place(crawler, kwargs.get("output"))
        return spider

    photos: Photos
    saving: Saving

    def _take_place(self, crawler: Crawler, output: str | None) -> None:
        places = Places.from_settings(crawler.settings)
        folder, layout = places.default_output(self.name), "albums"
        if self.wanted.is_get:
            folder, layout = output_folder(places, self.name, output or OUTPUT), "names"
            if not self.wanted.keeps_catalogue:
                self.passing = Passing(crawler, folder)
                places = self.passing.places
        else:
            self.preview = 280
        self.collection = Collection(self.name, places.stored(folder), self.wanted.format, layout)
        check_collection(places, self.collection)

    async def start(self) -> AsyncIterator[Any]:
        """Everything that is owed; at its end what has become complete is noted."""
        if self.passing:
            self.passing.begin()
        async for request in super().start():
            yield request
        try:
            if self.going and self.owner_row is not None:
                await self._settle()
        except CatalogueError as error:
            Closing.of(self.crawler).stop(error)

    async def owing(self) -> Mapping[str, int]:
        """Only images whose address is known and still good; pages are asked for photos when all folders are read."""
        host = self.addresses.host
        known = await self.ledger.ask(found.elsewhere, host)
        stale = [row for row, address in known.items() if _is_stale(address)]
        await self.ledger.change(found.forget, stale, host)
        return {other: row for other, row in (await super().owing()).items() if other != host}

    async def promise_all(self) -> None:
        """First all folders, then everything that is owed."""
        await super().promise_all()
        self.dealer.add(await super().owing())

    async def queries(self) -> AsyncIterator[str]:
        """The list of folders where it is needed, and every folder that is wanted and was not read lately."""
        self.itinerary = Itinerary(self)
        async for target in self.itinerary.targets():
            self.reading = target
            yield target.query

    def page_request(self, listing: Listing) -> Request:
        """The page that the list or the walk wants, never from the cache: the catalogue has what earlier ones said."""
        return page_request(self.reading.address(listing.cursor))

    def read(self, answer: Answer, listing: Listing) -> Page:
        """What a page of the list or of a folder holds. Raises Cut."""
        return self.reading.read(answer, listing.cursor)

    async def keep(self, listing: Listing, page: Page) -> tuple[Listing, Mapping[str, int]]:
        """Record a page; `get` puts nothing into albums, as its images are those of another collection."""
        target = self.reading
        if target.complaint:
            return await self.ledger.change(folders.withdraw, listing), {}
        owner = Owner(self.name, str(target.user), target.user_name)
        row = self.owner_row = await self.ledger.change(folders.keep_owner, owner)
        if isinstance(target, FolderList):
            albums = [Album(str(folder.id), folder.name) for folder in target.folders]
            whole = target.sought is None
            listing, _ = await self.ledger.change(folders.turn_list, listing.row, page, row, albums, whole)
        elif self.wanted.is_get:
            listing, _ = await self.ledger.change(listings.turn, listing.row, page)
        else:
            kind = folders.GALLERIES if target.has_galleries else "pictures"
            album = Album(str(target.folder), target.name, kind, target.pages)
            placed, names = [str(key) for key in target.placed], {str(k): n for k, n in target.file_names.items()}
            listing, _ = await self.ledger.change(folders.turn_album, listing.row, page, row, album, placed, names)
        return listing, {}

    async def find(self, item: ImageItem) -> None:
        """The address of the picture, and for `get` its name."""
        await self.photos.find(item)

    async def check(self, item: ImageItem) -> None:
        """Expired addresses are renewed once."""
        await self.photos.check(item)

    async def accept(self, item: ImageItem) -> None:
        """No thumbnails; `get` names what is kept."""
        stated = str(item.metadata.get("dimension", ""))
        if smaller(size_of(stated), item.width or 0, item.height or 0):
            detail = f"{item.width} × {item.height} pixels instead of {printable(stated)}"
            item.refuse(REASONS["thumbnail"].status, "thumbnail", detail)
        elif self.wanted.is_get:
            await self.saving.name(item)

    async def estimate(self) -> str:
        """How long the pages will take that the budget lets through."""
        host = self.addresses.host
        windows = of_host(budgets(self.crawler.settings, self.budgets), host)
        images = await self.ledger.ask(found.owed_on, host)
        needed = ceil(images / max(1.0, self.photos.resolved / max(1, self.photos.asked)))
        seconds = duration(windows or (), needed)
        if not seconds:
            return ""
        asked = ", ".join(f"{window.requests}/{window.seconds}s" for window in windows or ())
        return f"about {clock(seconds)} left: {needed:,} pages of {host}, which are asked for at {asked}"

    async def _settle(self) -> None:
        if not self.wanted.is_get:
            await self.ledger.change(folders.finish, self.owner_row)
        walked = (await self.ledger.ask(_walked)).get(self.name, [])
        complete = not await self.ledger.ask(queries.owed_count) and all(one.state == "ended" for one in walked)
        if self.passing:
            self.passing.complete = complete


def _walked(connection: Connection, collection: int) -> dict[str, list[Listing]]:
    return listings.by_site(connection, collection)


def _is_stale(address: str) -> bool:
    end = expires(address)
    return image_of(address) is None or (end is not None and end < time.time() + SOON)
