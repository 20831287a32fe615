"""What a crawl of imagefap reads, in order: who the user is, which folders there are, which of them are due."""

import logging
import time
from collections.abc import AsyncIterator

from scrapy import Request

from harvester.catalogue import folders
from harvester.catalogue.albums import Album, Owner
from harvester.errors import BadInput, Cut
from harvester.sites.imagefap.classify import classify
from harvester.sites.imagefap.folders import Folder, named, user
from harvester.sites.imagefap.reading import FolderList, FolderPages
from harvester.sites.imagefap.walk import recent
from harvester.sites.pages import Verdict
from harvester.spiders.favourites import FavouritesSpider
from harvester.spiders.listing import Stopped
from harvester.text import printable

logger = logging.getLogger(__name__)


def page_request(address: str) -> Request:
    """Never from the cache: what earlier pages said is in the catalogue."""
    return Request(address, meta={"dont_cache": True}, dont_filter=True)


class Itinerary:
    """Yields what to read; what has been read meanwhile decides what comes next."""

    def __init__(self, spider: FavouritesSpider) -> None:
        self._spider = spider
        self._wanted = spider.wanted

    async def targets(self) -> AsyncIterator[FolderList | FolderPages]:
        """First the list of folders, where it is needed, then folders. Raises BadInput and Cut."""
        try:
            owner = await self._owner()
        except Stopped:
            return
        if self._wanted.folder_id is not None:
            albums = [await self._known(owner, self._wanted.folder_id)]
        elif self._wanted.folder is not None:
            search = FolderList(self._spider.addresses, int(owner.key), self._wanted.folder)
            known = [Folder(int(album.key), album.name) for album in await self._albums(owner)]
            found = named(known, self._wanted.folder)
            if found is None:
                yield search
                _check(search)
                found = search.found
                await self._check_search(search)
            albums = [] if found is None else [await self._known(owner, found.id, found.name)]
        else:
            whole = FolderList(self._spider.addresses, int(owner.key))
            if not await self._is_recent(whole.query, owner.listed_at, f"The list of user {owner.name or owner.key}"):
                yield whole
                _check(whole)
            albums = await self._albums(owner)
        for album in albums:
            async for target in self._due(owner, album):
                yield target
                _check(target)

    async def _owner(self) -> Owner:
        """A user who is known costs no request."""
        spider, number = self._spider, self._wanted.user_id
        if number is not None:
            known = await spider.ledger.ask(folders.owner_of, spider.name, str(number))
        else:
            known = await spider.ledger.ask(folders.owner_named, spider.name, str(self._wanted.user))
        if known is not None or number is None:
            owner = known or await self._asked(str(self._wanted.user))
            spider.owner_row = await spider.ledger.change(folders.keep_owner, owner)
            return owner
        return Owner(spider.name, str(number), "")  # kept as soon as a page shows that there is such a user

    async def _asked(self, name: str) -> Owner:
        answer = await self._spider.answer(page_request(self._spider.addresses.profile(name)))
        if classify(answer) is Verdict.MISSING:
            raise BadInput(f"-a user={name}: the site knows no such user.")
        if answer.status != 200:
            raise Cut(f"The page of user {printable(name)} cannot be had: {self._spider.why(answer)}. Try again later.")
        told = user(answer.body)
        if told.id is None:
            raise Cut(f"The page of user {printable(name)} does not tell the user's number: give -a user_id=NUMBER.")
        return Owner(self._spider.name, str(told.id), told.name or name)

    async def _check_search(self, search: FolderList) -> None:
        """A search that came to the end of the list without finding anything: there is no such folder."""
        if search.found is None and await self._spider.ledger.ask(folders.ended_at, search.query) is not None:
            who = search.user_name or search.user
            raise BadInput(f"-a folder={self._wanted.folder}: user {who} has no such folder.")

    async def _albums(self, owner: Owner) -> list[Album]:
        row = await self._spider.ledger.ask(folders.owner_row, owner.site, owner.key)
        return [] if row is None else await self._spider.ledger.ask(folders.albums_of, row)

    async def _known(self, owner: Owner, folder: int, name: str = "") -> Album:
        albums = await self._albums(owner)
        return next((album for album in albums if album.key == str(folder)), Album(str(folder), name))

    async def _due(self, owner: Owner, album: Album) -> AsyncIterator[FolderPages]:
        """The folder, unless it is of galleries or was read lately."""
        name = album.name or album.key
        if album.kind == folders.GALLERIES and not self._wanted.force:
            if self._wanted.one_folder:
                raise BadInput(f"Folder {name} of user {owner.name or owner.key} holds galleries, not pictures.")
            logger.info("Folder %s holds galleries: left alone", printable(name))
            return
        target = FolderPages(
            self._spider.addresses, int(owner.key), int(album.key), name=album.name, user_name=owner.name
        )
        target.must_be_there = self._wanted.one_folder
        if await self._is_recent(target.query, album.read_at, f"Folder {name}"):
            return
        if not self._wanted.is_get:
            row = await self._spider.ledger.ask(folders.owner_row, owner.site, owner.key)
            keys = [] if row is None else await self._spider.ledger.ask(folders.keys_in, row, album.key)
            target.known, target.pages = frozenset(map(int, keys)), album.pages
        yield target

    async def _is_recent(self, query: str, read_at: int | None, what: str) -> bool:
        at = await self._spider.ledger.ask(folders.ended_at, query, read_at)
        if not recent(at, int(time.time()), force=self._wanted.force):
            return False
        hours = (time.time() - (at or 0)) / 3600
        told = "%s was read %.1f hours ago: not asked for again within three days (-a force=1 asks)"
        logger.info(told, printable(what), hours)
        return True


def _check(read: FolderList | FolderPages) -> None:
    if read.complaint:
        raise BadInput(read.complaint)
