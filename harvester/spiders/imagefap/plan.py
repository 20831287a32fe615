"""Plan of an imagefap crawl: find the user, list the folders, and read those that are due."""

import logging
import time
from collections.abc import AsyncIterator

from scrapy import Request

from harvester.catalogue import albums
from harvester.catalogue.albums import Album, Owner
from harvester.crawl.listing_spider import StopRequested
from harvester.errors import ListingIncomplete, UsageProblem
from harvester.parsing.responses import PageStatus
from harvester.spiders.imagefap.base import FavouritesSpider
from harvester.spiders.imagefap.folder_walk import is_recently_read
from harvester.spiders.imagefap.folders import FavouriteFolder, match_folders, parse_user
from harvester.spiders.imagefap.listing_pages import FolderListReader, FolderReader
from harvester.spiders.imagefap.page_kind import classify
from harvester.text import escape_control_chars

logger = logging.getLogger(__name__)


def uncached_request(address: str) -> Request:
    """A page request that is never answered from the cache, as the catalogue has the contents of earlier pages."""
    return Request(address, meta={"dont_cache": True}, dont_filter=True)


class CrawlPlan:
    """Yields the lists to read; the pages that were read so far decide what comes next."""

    def __init__(self, spider: FavouritesSpider) -> None:
        self._spider = spider
        self._options = spider.options

    async def listings_to_read(self) -> AsyncIterator[FolderListReader | FolderReader]:
        """Yield the list of folders, if it is needed, then the folders. Raises UsageProblem and ListingIncomplete."""
        try:
            owner = await self._find_owner()
        except StopRequested:
            return
        if self._options.folder_id is not None:
            wanted_albums = [await self._find_album(owner, self._options.folder_id)]
        elif self._options.folder is not None:
            search = FolderListReader(self._spider.addresses, int(owner.key), self._options.folder)
            if not (is_searched := await self._is_searched(owner, search)):
                yield search
                _raise_complaint(search)
                is_searched = await self._spider.catalogue.read(albums.listing_ended_at, search.query) is not None
            folder = await self._choose_folder(owner, search) if is_searched else None
            wanted_albums = [] if folder is None else [await self._find_album(owner, folder.id, folder.name)]
        else:
            full_list = FolderListReader(self._spider.addresses, int(owner.key))
            if not await self._is_recent(
                full_list.query, owner.listed_at, f"The list of user {owner.name or owner.key}"
            ):
                yield full_list
                _raise_complaint(full_list)
            wanted_albums = await self._load_albums(owner)
        for album in wanted_albums:
            async for reader in self._readers_if_due(owner, album):
                yield reader
                _raise_complaint(reader)

    async def _find_owner(self) -> Owner:
        """The user, who is requested from the site only if unknown."""
        spider, user_id = self._spider, self._options.user_id
        if user_id is not None:
            known_owner = await spider.catalogue.read_global(albums.find_owner_by_key, spider.name, str(user_id))
        else:
            known_owner = await spider.catalogue.read_global(
                albums.find_owner_by_name, spider.name, str(self._options.user)
            )
        if known_owner is not None or user_id is None:
            owner = known_owner or await self._fetch_owner(str(self._options.user))
            spider.owner_row = await spider.catalogue.write_global(albums.upsert_owner, owner)
            return owner
        return Owner(spider.name, str(user_id), "")  # recorded once a page shows that this user exists

    async def _fetch_owner(self, name: str) -> Owner:
        response = await self._spider.fetch(uncached_request(self._spider.addresses.profile_url(name)))
        if classify(response) is PageStatus.MISSING:
            raise UsageProblem(f"-a user={name}: the site knows no such user.")
        if response.status != 200:
            raise ListingIncomplete(
                f"The page of user {escape_control_chars(name)} cannot be read: "
                f"{self._spider.error_text(response)}. Try again later."
            )
        profile = parse_user(response.body)
        if profile.id is None:
            raise ListingIncomplete(
                f"The page of user {escape_control_chars(name)} does not show the user's number: "
                "give -a user_id=NUMBER."
            )
        return Owner(self._spider.name, str(profile.id), profile.name or name)

    async def _matching_folders(self, owner: Owner) -> tuple[FavouriteFolder, ...]:
        folders = [FavouriteFolder(int(album.key), album.name) for album in await self._load_albums(owner)]
        return match_folders(folders, str(self._options.folder))

    async def _is_searched(self, owner: Owner, search: FolderListReader) -> bool:
        """Whether the folder is known: by its exact name, or else from a list that was read recently, to its end."""
        folders = await self._matching_folders(owner)
        if not folders or any(folder.name == search.folder_name for folder in folders):
            return bool(folders)
        full_list, catalogue = FolderListReader(search.urls, search.user), self._spider.catalogue
        ends = [
            await catalogue.read(albums.listing_ended_at, search.query),
            await catalogue.read(albums.listing_ended_at, full_list.query, owner.listed_at),
        ]
        return any(is_recently_read(ended_at, int(time.time()), force=self._options.force) for ended_at in ends)

    async def _choose_folder(self, owner: Owner, search: FolderListReader) -> FavouriteFolder:
        """The folder that the user means. Raises UsageProblem if there is no such folder, or more than one."""
        folders, name = await self._matching_folders(owner), escape_control_chars(str(self._options.folder))
        user_name = escape_control_chars(str(search.user_name or owner.name or owner.key))
        if not folders:
            raise UsageProblem(f"-a folder={name}: user {user_name} has no such folder.")
        if len(folders) > 1:
            choices = ", ".join(
                f"{escape_control_chars(folder.name)} (folder_id={folder.id})" for folder in folders[:9]
            )
            raise UsageProblem(
                f"-a folder={name}: user {user_name} has several: {choices}. "
                "Give the exact name, or -a folder_id=NUMBER."
            )
        return folders[0]

    async def _load_albums(self, owner: Owner) -> list[Album]:
        owner_row = await self._spider.catalogue.read_global(albums.find_owner_row, owner.site, owner.key)
        return [] if owner_row is None else await self._spider.catalogue.read_global(albums.albums_of_owner, owner_row)

    async def _find_album(self, owner: Owner, folder_id: int, name: str = "") -> Album:
        albums = await self._load_albums(owner)
        return next((album for album in albums if album.key == str(folder_id)), Album(str(folder_id), name))

    async def _readers_if_due(self, owner: Owner, album: Album) -> AsyncIterator[FolderReader]:
        """Yield a reader of the folder, unless it has galleries or was read recently."""
        name = album.name or album.key
        if album.kind == albums.GALLERIES and not self._options.force:
            if self._options.has_folder:
                raise UsageProblem(f"Folder {name} of user {owner.name or owner.key} contains galleries, not images.")
            logger.info("Folder %s has galleries: skipped", escape_control_chars(name))
            return
        reader = FolderReader(
            self._spider.addresses, int(owner.key), int(album.key), name=album.name, user_name=owner.name
        )
        reader.is_required = self._options.has_folder
        if await self._is_recent(reader.query, album.read_at, f"Folder {name}"):
            return
        if not self._options.is_get:
            owner_row = await self._spider.catalogue.read_global(albums.find_owner_row, owner.site, owner.key)
            known_keys = (
                []
                if owner_row is None
                else await self._spider.catalogue.read_global(albums.image_keys_of_album, owner_row, album.key)
            )
            reader.known_ids, reader.pages = frozenset(map(int, known_keys)), album.pages
        yield reader

    async def _is_recent(self, query: str, read_at: int | None, label: str) -> bool:
        ended_at = await self._spider.catalogue.read(albums.listing_ended_at, query, read_at)
        if not is_recently_read(ended_at, int(time.time()), force=self._options.force):
            return False
        hours = (time.time() - (ended_at or 0)) / 3600
        message = "%s was read %.1f hours ago and is not read again within three days (-a force=1 reads it)"
        logger.info(message, escape_control_chars(label), hours)
        return True


def _raise_complaint(reader: FolderListReader | FolderReader) -> None:
    if reader.error:
        raise UsageProblem(reader.error)
