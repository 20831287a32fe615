"""Pipeline 100: the bytes of an image, from the blob store if they are known, otherwise from the network."""

import asyncio
import time
from collections import Counter
from pathlib import Path
from typing import Any, Self

from scrapy import Request, Spider, signals
from scrapy.crawler import Crawler
from scrapy.http import Response
from scrapy.http.request import NO_CALLBACK
from scrapy.pipelines.images import ImagesPipeline
from scrapy.pipelines.media import FileInfo, FileInfoOrError, MediaPipeline
from twisted.python.failure import Failure

from harvester.crawl.contract import image_answered, spider_of
from harvester.crawl.http.failures import RequestFailed, fetch
from harvester.crawl.http.waits import HostBackoff, RequeueItem
from harvester.crawl.politeness.rate_headers import find_ai_opt_outs
from harvester.crawl.run.finish import stop_run_on
from harvester.crawl.workers.pool import WorkerPool
from harvester.errors import CatalogueError
from harvester.items import ImageItem
from harvester.parsing.urls import ascii_url
from harvester.reasons import CONTENT_STATUSES, TEMPORARY_REASONS, reason_for_http_status
from harvester.storage.blobs import BlobStore
from harvester.storage.paths import DataPaths
from harvester.text import format_time

ROBOTS_AGENT = "harvester"
"""What servers call us in robots.txt and X-Robots-Tag."""


def find_opt_out(response: Response) -> str:
    """What the owner does not want done with a picture; empty where nothing is said."""
    tags = [tag.decode("latin-1") for tag in response.headers.getlist("X-Robots-Tag")]
    directives = find_ai_opt_outs(tags, ROBOTS_AGENT)
    return f"X-Robots-Tag: {', '.join(directives)}" if directives else ""


class _DiscardedResults(dict[bytes, FileInfo | Failure]):
    """Discards results, which Scrapy would keep for the whole crawl; requests that wait for one still get it."""

    def __setitem__(self, fingerprint: bytes, result: FileInfo | Failure) -> None:
        """Forgets it at once, as results that come and go would not be there any more when they are looked up."""


class DownloadPipeline(ImagesPipeline):
    """Fetches one image per item and leaves its bytes in `item.work.body`.

    What Scrapy's pipeline does after the download is done by the pipelines behind this one: it converts and stores on
    the event loop, in place and under a name made from the URL. As many items are let in as CONCURRENT_REQUESTS says;
    each one keeps its place until it has left the whole chain, which bounds the memory.
    """

    class SpiderInfo(ImagesPipeline.SpiderInfo):
        """Scrapy's, with a memory of its own."""

        def __init__(self, spider: Spider) -> None:
            super().__init__(spider)
            self.downloaded = _DiscardedResults()

    def __init__(self, store_uri: Path, *, crawler: Crawler) -> None:
        super().__init__(store_uri, crawler=crawler)
        self._free_slots = asyncio.Semaphore(crawler.settings.getint("CONCURRENT_REQUESTS"))
        self._active: set[ImageItem] = set()
        self._backoffs: dict[ImageItem, HostBackoff] = {}
        self._tries: Counter[int] = Counter()  # row -> failures so far, of images that were put back
        self._obeys_noai = crawler.settings.getbool("HARVESTER_OBEY_NOAI")
        self._blobs = BlobStore(DataPaths.from_settings(crawler.settings).blobs)
        self._workers = WorkerPool.of(crawler)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """IMAGES_STORE is not asked for: everything lies in HARVESTER_DATA_DIR."""
        pipeline = cls(DataPaths.from_settings(crawler.settings).root, crawler=crawler)
        for signal in (signals.item_scraped, signals.item_dropped, signals.item_error):
            crawler.signals.connect(pipeline._release, signal=signal)
        return pipeline

    async def process_item(self, item: ImageItem, spider: Any = None) -> ImageItem:
        """Wait for room, then get the bytes."""
        await self._free_slots.acquire()
        self._active.add(item)
        if item.sha256 and (body := await asyncio.to_thread(self._blobs.read, item.sha256, item.state.ext)):
            item.state.body = body
        with stop_run_on(CatalogueError, self.crawler):
            await spider_of(self.crawler).resolve_address(item)
        if item.is_pending and not item.state.body:
            await self._fetch_with_fallbacks(item)
        self._tries.pop(item.state.row, None)
        self.crawler.signals.send_catch_log(image_answered, item=item)
        return item

    async def _fetch_with_fallbacks(self, item: ImageItem) -> None:
        """At its address, then at the others that the spider knows. A failure that may pass outlives one that stays."""
        spider = spider_of(self.crawler)
        await self._fetch(item)
        with stop_run_on(CatalogueError, self.crawler):
            await spider.check_response(item)
        while (url := spider.fallback_url(item)) and url != item.url:
            reason, detail = item.reason, item.detail
            item.restart_at(url)
            await self._fetch(item)
            if not item.is_pending and reason in TEMPORARY_REASONS:
                item.refuse(reason, detail)

    async def _fetch(self, item: ImageItem) -> None:
        while item.is_pending and not item.state.body:  # again where another image of the same address was under way
            await super().process_item(item)
            if backoff := self._backoffs.pop(item, None):
                raise self._requeue_error(item, backoff)

    def get_media_requests(self, item: ImageItem, info: MediaPipeline.SpiderInfo) -> list[Request]:
        """One request, never cached; none where the address is none."""
        meta = {
            "dont_cache": True,
            "handle_httpstatus_all": not self.allow_redirects,
            "retry_times": self._tries[item.state.row],
        }
        try:
            return [Request(ascii_url(item.url.strip()), callback=NO_CALLBACK, meta=meta)]
        except ValueError as error:
            item.refuse("bad-url", str(error))
            return []

    async def media_to_download(  # type: ignore[override]
        self, request: Request, info: MediaPipeline.SpiderInfo, *, item: ImageItem
    ) -> FileInfo:
        """Download here: a refusal is then a value. Raised as an exception it would be logged with a traceback."""
        now = int(time.time())
        item.attempts += item.state.requested_at is None
        item.requested_at, item.state.requested_at = format_time(now), now
        try:
            response = await fetch(self.crawler, request)
        except HostBackoff as error:
            self._backoffs[item] = error
        except RequestFailed as failure:
            item.refuse(failure.reason, failure.detail)
        else:
            self._read_response(response, item)
        return {"url": request.url, "path": "", "checksum": None, "status": item.status}

    def item_completed(
        self, results: list[FileInfoOrError], item: ImageItem, info: MediaPipeline.SpiderInfo
    ) -> ImageItem:
        """Raise what is unexpected; the image then stays pending."""
        for ok, result in results:
            if not ok:
                result.raiseException()  # type: ignore[union-attr]
        return item

    def _read_response(self, response: Response, item: ImageItem) -> None:
        if response.status not in CONTENT_STATUSES:
            item.refuse(reason_for_http_status(response.status), f"HTTP {response.status}")
        elif (opt_out := find_opt_out(response)) and self._obeys_noai:
            item.refuse("noai", opt_out)
        elif not response.body:
            item.refuse("not-an-image", "empty")
        else:
            item.state.body, item.detail = response.body, opt_out

    def _requeue_error(self, item: ImageItem, backoff: HostBackoff) -> RequeueItem:
        self._tries[item.state.row] = backoff.tries
        if not backoff.tries:
            del self._tries[item.state.row]
        return RequeueItem(backoff)

    def _release(self, item: ImageItem) -> None:
        item.state.body = b""
        self._workers.release(item.state)
        if item in self._active:
            self._active.remove(item)
            self._free_slots.release()
