"""Photo pages of imagefap: one at a time, and of each its whole strip, so that neighbours cost no further page."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from scrapy import Request

from harvester.catalogue import photo_addresses
from harvester.catalogue.photo_addresses import PhotoAddress
from harvester.crawl.http.failures import RequestFailed, fetch
from harvester.crawl.http.responses import header_dict
from harvester.crawl.http.waits import HostBackoff, RequeueItem
from harvester.imaging.formats import IMAGE_KINDS
from harvester.imaging.formats import detect_kind as sniffed
from harvester.items import ImageItem
from harvester.parsing.responses import SiteResponse
from harvester.reasons import TEMPORARY_REASONS, reason_for_http_status
from harvester.spiders.imagefap.base import FavouritesSpider
from harvester.spiders.imagefap.page_kind import PageKind, kind_of_page
from harvester.spiders.imagefap.photo_page import FullSizePicture, PhotoPage, parse_photo_page
from harvester.spiders.imagefap.urls import expiry_of, image_of

EXPIRY_MARGIN = 15
"""Seconds before its end from which on an address is not used any more."""

EXPIRED_DETAILS = ("HTTP 401", "HTTP 403")
MISSING_DETAILS = ("HTTP 404", "HTTP 410")
OUR_REFUSALS = ("robots", "blocked-address")
"""Reasons of pages that must not be requested; other failures of a page say nothing about its image for good."""

MIN_PICTURE_BYTES = 107
"""Bytes; a shorter picture is what the file host gives in place of one that was taken away."""


class PhotoAddressFinder:
    """Finds the addresses of images, and counts the pages it requested and the images they gave an address of."""

    def __init__(self, spider: FavouritesSpider) -> None:
        self._spider = spider
        self._page_lock = asyncio.Lock()
        self._renewed_rows: set[int] = set()  # rows whose address has expired once
        self._tries: dict[int, int] = {}  # row -> failures of its page so far
        self.pages_requested = 0
        self.images_resolved = 0

    async def resolve_address(self, item: ImageItem) -> None:
        """Set the address of an item and what its page says, unless the catalogue knows them already."""
        if await self._is_resolved(item):
            return
        async with self._page_lock:
            if not await self._is_resolved(item):
                await self._read_photo_page(item)
        if item.state.body and item.reason in ("gone", "unresolved"):  # only the name was wanted
            item.reopen()

    async def check_response(self, item: ImageItem) -> None:
        """An address that has expired is renewed once; what the file host does not have is gone."""
        if item.detail in EXPIRED_DETAILS and item.state.row not in self._renewed_rows:
            raise await self._renew_address(item)
        if item.detail in MISSING_DETAILS:
            item.refuse("gone", f"the file host answers {item.detail}")
        elif item.is_pending and len(item.state.body) < MIN_PICTURE_BYTES and sniffed(item.state.body) in IMAGE_KINDS:
            item.refuse("gone", f"the file host answers with {len(item.state.body)} bytes")

    async def _is_resolved(self, item: ImageItem) -> bool:
        """Whether no page has to be asked; the catalogue may have learned the address since."""
        item.url, item.metadata = await self._spider.catalogue.read_global(photo_addresses.address_of, item.state.row)
        if self._spider.needs_name(item):
            return False
        if item.state.body:
            return True
        if image_of(item.url) is None:
            return False
        expires_at = expiry_of(item.url)
        if (
            expires_at is not None
            and expires_at < time.time() + EXPIRY_MARGIN
            and item.state.row not in self._renewed_rows
        ):
            raise await self._renew_address(item)
        return True

    async def _renew_address(self, item: ImageItem) -> RequeueItem:
        """The image goes back to where those wait that have no address."""
        self._renewed_rows.add(item.state.row)
        host = self._spider.addresses.host
        self._spider.queue.add(
            await self._spider.catalogue.write_global(photo_addresses.expire_addresses, [item.state.row], host)
        )
        return RequeueItem(HostBackoff(urlsplit(item.url).hostname or "", 0.0))

    async def _read_photo_page(self, item: ImageItem) -> None:
        item.page = self._spider.addresses.photo_url(int(item.key))
        response = await self._fetch_page(item, item.page)
        if response is None:
            return
        kind = kind_of_page(response)
        page = parse_photo_page(response.body, response.url)
        if kind is PageKind.MISSING:
            item.refuse("gone", "the site says so")
        elif kind is PageKind.ERROR:
            item.refuse(reason_for_http_status(response.status), f"HTTP {response.status} in place of its page")
        elif kind is not PageKind.PHOTO or page.image not in (None, int(item.key)):
            answer = f"{kind}, HTTP {response.status}" if response.status != 200 else str(kind)
            item.refuse("unresolved", f"not the page of this image ({answer})")
        else:
            await self._record_photos(item, page)

    async def _record_photos(self, item: ImageItem, page: PhotoPage) -> None:
        image_id = int(item.key)
        photos = {
            str(picture.image): _photo_from_picture(picture, page, is_own=picture.image == image_id)
            for picture in page.pictures.values()
        }
        self._spider.queue.add(await self._spider.catalogue.write(photo_addresses.record_addresses, photos))
        self.images_resolved += len(photos)
        if image_id not in page.pictures:
            item.refuse("unresolved", f"its page shows {'only other images' if page.pictures else 'no image'}")
        else:
            photo = photos[item.key]
            item.url, item.author = photo.url, photo.author or item.author
            item.metadata = {**item.metadata, **photo.metadata, "name": photo.name or item.metadata.get("name", "")}

    async def _fetch_page(self, item: ImageItem, url: str) -> SiteResponse | None:
        """The answer to a page request; None where the item was refused for want of one."""
        meta = {"page": True, "dont_cache": True, "retry_times": self._tries.pop(item.state.row, 0)}
        request = Request(url, meta=meta, dont_filter=True)
        self.pages_requested += 1
        try:
            response = await fetch(self._spider.crawler, request)
        except HostBackoff as backoff:
            self.pages_requested -= 1
            self._tries[item.state.row] = backoff.tries
            raise RequeueItem(backoff) from backoff
        except RequestFailed as failure:
            is_verdict = failure.reason in (*TEMPORARY_REASONS, *OUR_REFUSALS)
            item.refuse(failure.reason if is_verdict else "unresolved", f"photo page: {failure.detail}")
        else:
            return SiteResponse(response.url, response.status, header_dict(response), response.body)
        return None


def _photo_from_picture(picture: FullSizePicture, page: PhotoPage, *, is_own: bool) -> PhotoAddress:
    values: dict[str, Any] = {"gallery": page.gallery, "gallery_name": page.gallery_name}
    values |= {"dimension": "x".join(map(str, picture.size)) if picture.size else "", "added": picture.added}
    facts: Mapping[str, Any] = {name: value for name, value in values.items() if value}
    host = urlsplit(picture.url).hostname or ""
    return PhotoAddress(picture.url, host, facts, page.uploader or None, page.name if is_own else None)
