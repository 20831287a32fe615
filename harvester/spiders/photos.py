"""Photo pages of imagefap: one at a time, and of each its whole strip, so that neighbours cost no further page."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.exceptions import IgnoreRequest

from harvester.catalogue import found
from harvester.catalogue.found import Found
from harvester.extensions.hosts import NotNow, PutBack
from harvester.imaging.sniff import IMAGE_KINDS
from harvester.imaging.sniff import kind_of as sniffed
from harvester.items import ImageItem
from harvester.middlewares.answers import plain
from harvester.middlewares.guard import BlockedAddress
from harvester.middlewares.robots import RobotsUnknown
from harvester.pipelines.download import REASON_OF_EXCEPTION
from harvester.reasons import REASONS, of_http_status
from harvester.sites.imagefap.addresses import expires, image_of
from harvester.sites.imagefap.classify import Kind, kind_of
from harvester.sites.imagefap.photos import Absence, PhotoPage, Picture, photo_page
from harvester.sites.pages import Answer
from harvester.spiders.favourites import FavouritesSpider

SOON = 15
"""Seconds before its end from which on an address is not used any more."""

EXPIRED = ("HTTP 401", "HTTP 403")
GONE = ("HTTP 404", "HTTP 410")
LEAST = 107
"""Bytes; a shorter picture is what the file host gives in place of one that was taken away."""


class Photos:
    """Finds the addresses of pictures. `asked` counts the pages, `resolved` the images they gave an address of."""

    def __init__(self, spider: FavouritesSpider) -> None:
        self._spider = spider
        self._one_at_a_time = asyncio.Lock()
        self._renewed: set[int] = set()  # rows whose address has expired once
        self._tries: dict[int, int] = {}  # row -> failures of its page so far
        self.asked = 0
        self.resolved = 0

    async def find(self, item: ImageItem) -> None:
        """Set the address of an item and what is told of it, by its page where that is not known yet."""
        if await self._known(item):
            return
        async with self._one_at_a_time:
            if not await self._known(item):
                await self._ask(item)
        if item.work.body and item.reason in ("gone", "unresolved"):  # only the name was wanted
            item.refuse("pending", "")

    async def check(self, item: ImageItem) -> None:
        """An address that has expired is renewed once; what the file host does not have is gone."""
        if item.detail in EXPIRED and item.work.row not in self._renewed:
            raise await self._renew(item)
        if item.detail in GONE:
            item.refuse(REASONS["gone"].status, "gone", f"the file host answers {item.detail}")
        elif item.open and len(item.work.body) < LEAST and sniffed(item.work.body) in IMAGE_KINDS:
            item.refuse(REASONS["gone"].status, "gone", f"the file host answers with {len(item.work.body)} bytes")

    async def _known(self, item: ImageItem) -> bool:
        """Whether no page has to be asked; the catalogue may have learned since the item was dealt."""
        item.url, item.metadata = await self._spider.ledger.ask(found.whereabouts, item.work.row)
        if self._spider.needs_name(item):
            return False
        if item.work.body:
            return True
        if image_of(item.url) is None:
            return False
        end = expires(item.url)
        if end is not None and end < time.time() + SOON and item.work.row not in self._renewed:
            raise await self._renew(item)
        return True

    async def _renew(self, item: ImageItem) -> PutBack:
        """The image goes back to where those wait that have no address."""
        self._renewed.add(item.work.row)
        host = self._spider.addresses.host
        self._spider.dealer.add(await self._spider.ledger.change(found.forget, [item.work.row], host))
        return PutBack(NotNow(urlsplit(item.url).hostname or "", 0.0))

    async def _ask(self, item: ImageItem) -> None:
        item.page = self._spider.addresses.photo(int(item.key))
        answer = await self._answer(item, item.page)
        if answer is None:
            return
        kind = kind_of(answer)
        page = photo_page(answer.body, answer.url)
        if kind is Kind.MISSING:
            _refuse(item, "gone", "the site says so")
        elif kind is Kind.ERROR:
            _refuse(item, of_http_status(answer.status), f"HTTP {answer.status} in place of its page")
        elif kind is not Kind.PHOTO or page.image not in (None, int(item.key)):
            _refuse(item, "bad-answer", f"not the page of this image ({kind})")
        else:
            await self._take(item, page)

    async def _take(self, item: ImageItem, page: PhotoPage) -> None:
        image = int(item.key)
        told = {str(one.image): _found(one, page, own=one.image == image) for one in page.pictures.values()}
        self._spider.dealer.add(await self._spider.ledger.change(found.note, told))
        self.resolved += len(told)
        absence = page.absence(image)
        if absence is Absence.GONE:
            _refuse(item, "gone", "its page has no picture")
        elif absence is Absence.UNRESOLVED:
            _refuse(item, "unresolved", "its page shows only other pictures")
        else:
            own = told[item.key]
            item.url, item.author = own.url, own.author or item.author
            item.metadata = {**item.metadata, **own.told, "name": own.name or item.metadata.get("name", "")}

    async def _answer(self, item: ImageItem, page: str) -> Answer | None:
        """The answer to a page request; None where the item was refused for want of one."""
        meta = {"page": True, "dont_cache": True, "retry_times": self._tries.pop(item.work.row, 0)}
        request = Request(page, meta=meta, dont_filter=True)
        self.asked += 1
        try:
            response = await self._spider.crawler.engine.download_async(request)
        except NotNow as later:
            self.asked -= 1
            self._tries[item.work.row] = later.tries
            raise PutBack(later) from later
        except RobotsUnknown as error:
            _refuse(item, "robots-unknown", str(error))
        except BlockedAddress as error:
            _refuse(item, "blocked-address", str(error))
        except IgnoreRequest as error:
            _refuse(item, "robots" if "robots.txt" in str(error) else "redirect", str(error))
        except tuple(REASON_OF_EXCEPTION) as error:
            word = next(word for kind, word in REASON_OF_EXCEPTION.items() if isinstance(error, kind))
            _refuse(item, word, "no answer to the photo page")
        else:
            return Answer(response.url, response.status, plain(response), response.body)
        return None


def _found(picture: Picture, page: PhotoPage, *, own: bool) -> Found:
    told: dict[str, Any] = {"gallery": page.gallery, "gallery_name": page.gallery_name}
    told |= {"dimension": "x".join(map(str, picture.size)) if picture.size else "", "added": picture.added}
    facts: Mapping[str, Any] = {name: value for name, value in told.items() if value}
    host = urlsplit(picture.url).hostname or ""
    return Found(picture.url, host, facts, page.uploader or None, page.name if own else None)


def _refuse(item: ImageItem, reason: str, detail: str) -> None:
    item.refuse(REASONS[reason].status, reason, detail)
