"""Spider for favourites of imagefap: read folders into albums, or save one folder under its own names."""

import shutil
import time
from collections.abc import AsyncIterator, Mapping
from math import ceil
from pathlib import Path
from typing import Any

from scrapy import Request, signals
from scrapy.crawler import Crawler
from scrapy.settings import BaseSettings

from harvester.catalogue import albums, photo_addresses, queries
from harvester.catalogue.albums import Album, Owner
from harvester.catalogue.listings import Listing, listings_by_site
from harvester.crawl.politeness.rate_limits import budgets_by_host, min_seconds, value_for_host
from harvester.crawl.progress import format_duration
from harvester.crawl.run.finish import RunFinisher
from harvester.crawl.settings_check import resolve_output_folder
from harvester.errors import CatalogueError, UsageProblem
from harvester.items import Collection, ImageItem, ListingPage
from harvester.parsing.responses import PageStatus, SiteResponse
from harvester.parsing.urls import parse_base_url
from harvester.spider_arguments import Argument, switch
from harvester.spiders.imagefap import arguments
from harvester.spiders.imagefap import page_kind as pages
from harvester.spiders.imagefap.arguments import FORMATS, MODES
from harvester.spiders.imagefap.base import FavouritesSpider
from harvester.spiders.imagefap.listing_pages import FolderListReader, FolderReader
from harvester.spiders.imagefap.photo_page import is_smaller, parse_size
from harvester.spiders.imagefap.photo_requests import EXPIRY_MARGIN, PhotoAddressFinder
from harvester.spiders.imagefap.plan import CrawlPlan, uncached_request
from harvester.spiders.imagefap.save_names import SaveNames
from harvester.spiders.imagefap.urls import ImagefapUrls, expiry_of, image_of
from harvester.storage.paths import DataPaths, temporary_data_dir
from harvester.text import count_noun, escape_control_chars


class TemporaryCatalogue:
    """A temporary data directory, `.harvester` in the output folder, which is removed after a complete run.

    An interrupted run leaves it there, so that the same command continues and requests nothing twice.
    """

    def __init__(self, crawler: Crawler, output: Path) -> None:
        self._crawler = crawler
        self._folder = temporary_data_dir(output)
        if self._folder.is_symlink():
            raise UsageProblem(f"{self._folder} is a symbolic link: with db=0, output= must be a real folder.")
        self.is_complete = False  # whether all wanted pictures are saved
        crawler.settings.set("HARVESTER_DATA_DIR", str(self._folder), priority="cmdline")
        crawler.settings.set("HARVESTER_CATALOGUE", "", priority="cmdline")

    @property
    def paths(self) -> DataPaths:
        """The paths of this run."""
        return DataPaths.from_settings(self._crawler.settings)

    def schedule_removal(self) -> None:
        """Schedule the removal; call this after all writers are set up, so that it runs after they have closed."""
        self._crawler.signals.connect(self._remove, signal=signals.engine_stopped, weak=False)

    def _remove(self) -> None:
        is_usage_error = isinstance(RunFinisher.of(self._crawler).error, UsageProblem)  # there is nothing to continue
        if self.is_complete or is_usage_error:
            shutil.rmtree(self._folder, ignore_errors=True)


BUDGET = "80/60s, 160/300s, 800/3600s"
"""Four fifths of the site's presumed limit, because the user's own browsing counts too."""

DEFAULT_OUTPUT = "~/Downloads/imagefap"


class ImagefapSpider(FavouritesSpider):
    """Reads first all folders, so that the strip of a photo page resolves every wanted image, then the photos."""

    name = "imagefap"
    unknown_is_change = True

    plan: CrawlPlan
    reader: FolderListReader | FolderReader
    temporary_catalogue: TemporaryCatalogue | None = None

    user = Argument("the user whose favourites to read, by name, in upper or lower case", convert=arguments.name)
    user_id = Argument("the user whose favourites to read, by number", convert=arguments.number)
    folder = Argument("only this folder, by name, in upper or lower case", convert=arguments.name)
    folder_id = Argument(
        "only this folder, by number; -1 is the folder of images that are in no other folder",
        convert=arguments.folder_number,
    )
    mode = Argument(
        "`read` (default) reads all folders into the catalogue; `get` saves one folder as files",
        default=MODES[0],
        choices=MODES,
    )
    output = Argument("with `mode=get`: folder for the output files; `~/Downloads/imagefap/` by default")
    format = Argument(
        "with `mode=get`: `original` (default, unchanged bytes), `rgb` or `jpeg`", default=FORMATS[0], choices=FORMATS
    )
    db = switch("with `mode=get`: 0 keeps nothing but the output files; 1 by default", default="1")
    force = switch("1 also reads lists again that were read within three days; 0 by default", default="0")

    address_finder: PhotoAddressFinder
    save_names: SaveNames

    def configure(self, settings: BaseSettings) -> None:
        """Check the arguments against each other; set the manners of the host."""
        self.options = arguments.build_arguments(self.argument_values, self.arguments)
        self.addresses = ImagefapUrls(
            parse_base_url("IMAGEFAP_BASE_URL", settings["IMAGEFAP_BASE_URL"], "https://www.imagefap.com")
        )
        self.budgets = {self.addresses.host: BUDGET}
        self.max_concurrency = {"*": 2, self.addresses.host: 1}
        self.address_finder, self.save_names = PhotoAddressFinder(self), SaveNames(self)

    def set_collection(self, paths: DataPaths) -> DataPaths:
        """Set the folder of the mode; with `db=0` the catalogue is a temporary one."""
        folder, layout = paths.default_output(self.name), "albums"
        if self.options.is_get:
            folder, layout = resolve_output_folder(paths, self.name, self.output or DEFAULT_OUTPUT), "names"
            if not self.options.keeps_catalogue:
                self.temporary_catalogue = TemporaryCatalogue(self.crawler, folder)
                paths = self.temporary_catalogue.paths
        else:
            self.preview = 280
        self.collection = Collection(self.name, paths.relative_to_data(folder), self.format, layout)
        return paths

    async def start(self) -> AsyncIterator[Any]:
        """Yield the work requests of all pending images; at the end, record the folders that are now complete."""
        if self.temporary_catalogue:
            self.temporary_catalogue.schedule_removal()
        async for request in super().start():
            yield request
        try:
            if self.is_running and self.owner_row is not None:
                await self._record_completion(self.owner_row)
        except CatalogueError as error:
            RunFinisher.of(self.crawler).stop(error)

    async def pending_hosts(self) -> Mapping[str, int]:
        """The hosts of images with a known, valid address; photo pages are requested after all folders are read."""
        host = self.addresses.host
        address_by_row = await self.catalogue.read(photo_addresses.images_on_other_hosts, host)
        stale_rows = [row for row, address in address_by_row.items() if _is_stale(address)]
        await self.catalogue.write_global(photo_addresses.expire_addresses, stale_rows, host)
        return {other_host: row for other_host, row in (await super().pending_hosts()).items() if other_host != host}

    async def discover_all(self) -> None:
        """Read all folders, then add all pending images to the queue."""
        await super().discover_all()
        self.queue.add(await super().pending_hosts())

    async def listings_to_walk(self) -> AsyncIterator[str]:
        """Yield the list of folders, if it is needed, and every wanted folder that was not read recently."""
        self.plan = CrawlPlan(self)
        async for reader in self.plan.listings_to_read():
            self.reader = reader
            yield reader.query

    def classify(self, response: SiteResponse) -> PageStatus:
        """The kind of a page of the site."""
        return pages.classify(response)

    def error_text(self, response: SiteResponse) -> str:
        """What came in place of a page."""
        kind = pages.kind_of_page(response)
        return (
            f"a page that harvester does not know (HTTP {response.status})"
            if kind is pages.PageKind.UNKNOWN
            else (super().error_text(response))
        )

    def page_request(self, listing: Listing) -> Request:
        """The request for the next page, never answered from the cache: the catalogue has earlier pages' contents."""
        return uncached_request(self.reader.page_url(listing.cursor))

    def parse_page(self, response: SiteResponse, listing: Listing) -> ListingPage:
        """The content of a page of the list or of a folder. Raises ListingIncomplete."""
        return self.reader.read_page(response, listing.cursor)

    async def save_page(self, listing: Listing, page: ListingPage) -> tuple[Listing, Mapping[str, int]]:
        """Record a page; `mode=get` records no `listed_albums`, as its images are those of another collection."""
        reader = self.reader
        if reader.error:
            return await self.catalogue.write_global(albums.delete_listing, listing), {}
        owner = Owner(self.name, str(reader.user), reader.user_name)
        row = self.owner_row = await self.catalogue.write_global(albums.upsert_owner, owner)
        if isinstance(reader, FolderListReader):
            listed_albums = [Album(str(folder.id), folder.name) for folder in reader.folders]
            is_full_list = reader.folder_name is None
            listing, _ = await self.catalogue.write(
                albums.record_list_page, listing.row, page, row, listed_albums, is_full_list
            )
        elif self.options.is_get:
            key = str(reader.folder)
            listing, _ = await self.catalogue.write(albums.record_page_to_save, listing.row, page, row, key)
        else:
            kind = albums.GALLERIES if reader.has_galleries else "pictures"
            album = Album(str(reader.folder), reader.name, kind, reader.pages)
            placed, names = [str(key) for key in reader.placed], {str(k): n for k, n in reader.file_names.items()}
            listing, _ = await self.catalogue.write(
                albums.record_album_page, listing.row, page, row, album, placed, names
            )
        return listing, {}

    async def resolve_address(self, item: ImageItem) -> None:
        """Find the address of the picture, and for `mode=get` its name."""
        await self.address_finder.resolve_address(item)

    async def check_response(self, item: ImageItem) -> None:
        """Renew an expired address, once."""
        await self.address_finder.check_response(item)

    async def check_image(self, item: ImageItem) -> None:
        """Refuse thumbnails; with `mode=get`, name the picture."""
        stated_size = str(item.metadata.get("dimension", ""))
        if is_smaller(parse_size(stated_size), item.width or 0, item.height or 0):
            detail = f"{item.width} × {item.height} pixels instead of {escape_control_chars(stated_size)}"
            item.refuse("thumbnail", detail)
        elif self.options.is_get:
            await self.save_names.assign_name(item)

    async def eta_text(self) -> str:
        """The time that the pending photo pages take within the budget."""
        host = self.addresses.host
        windows = value_for_host(budgets_by_host(self.crawler.settings, self.budgets), host)
        image_count = await self.catalogue.read(photo_addresses.count_pending_on_host, host)
        page_count = ceil(
            image_count / max(1.0, self.address_finder.images_resolved / max(1, self.address_finder.pages_requested))
        )
        seconds = min_seconds(windows or (), page_count)
        if not page_count or not seconds:
            return ""
        limits = ", ".join(f"{window.requests}/{window.seconds}s" for window in windows or ())
        return (
            f"about {format_duration(seconds)} left: {count_noun(page_count, 'page')} of {host}, requested at {limits}"
        )

    async def _record_completion(self, owner_row: int) -> None:
        if not self.options.is_get:
            await self.catalogue.write_global(albums.record_finished_albums, owner_row)
        walked_listings = (await self.catalogue.read(listings_by_site)).get(self.name, [])
        is_complete = not await self.catalogue.read(queries.count_pending) and all(
            listing.state == "ended" for listing in walked_listings
        )
        if self.temporary_catalogue:
            self.temporary_catalogue.is_complete = is_complete


def _is_stale(address: str) -> bool:
    expires_at = expiry_of(address)
    return image_of(address) is None or (expires_at is not None and expires_at < time.time() + EXPIRY_MARGIN)
