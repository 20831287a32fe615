"""Storage of the HTTP cache: one gzip file per response, written atomically and without secrets."""

import gzip
import hashlib
import json
import time
import zlib
from pathlib import Path

from scrapy import Request, Spider
from scrapy.http import Headers, Response
from scrapy.responsetypes import responsetypes
from scrapy.settings import SETTINGS_PRIORITIES, BaseSettings

from harvester.crawl.contract import spider_of
from harvester.crawl.http.credentials import SECRET_HEADERS, origin, strip_secrets
from harvester.storage.blobs import unfinished_file

UNCACHED_HEADERS = frozenset({"set-cookie"})


class AtomicCacheStorage:
    """Storage for Scrapy's HttpCacheMiddleware.

    A key in the URL or the headers is part of the file's hash, so that a response for one key is never served for
    another; the key itself is not written. Responses of servers that get a key from the spider are not stored, because
    that key is added after the cache. The spider's `cache_seconds` says how long responses stay valid, unless
    HTTPCACHE_EXPIRATION_SECS is given on the command line; 0: for ever.
    """

    def __init__(self, settings: BaseSettings) -> None:
        self._root = Path(settings["HTTPCACHE_DIR"])
        self._max_age = settings.getint("HTTPCACHE_EXPIRATION_SECS")
        priority = settings.getpriority("HTTPCACHE_EXPIRATION_SECS") or 0
        self._is_max_age_forced = priority >= SETTINGS_PRIORITIES["cmdline"]

    def open_spider(self, spider: Spider) -> None:
        """Called by Scrapy."""
        self._fingerprinter = spider.crawler.request_fingerprinter
        site_max_age = spider_of(spider.crawler).cache_seconds
        if site_max_age is not None and not self._is_max_age_forced:
            self._max_age = site_max_age

    def close_spider(self, spider: Spider) -> None:
        """Called by Scrapy."""

    def retrieve_response(self, spider: Spider, request: Request) -> Response | None:
        """The stored response; None if there is none, it is too old, or its file is damaged."""
        if _gets_api_key(spider, request):
            return None
        path = self._path(spider, request)
        try:
            if 0 < self._max_age < time.time() - path.stat().st_mtime:
                return None
            head, _, body = gzip.decompress(path.read_bytes()).partition(b"\n")
            headers = Headers(json.loads(head)["headers"])
        except (OSError, EOFError, ValueError, KeyError, zlib.error):
            return None
        response_class = responsetypes.from_args(headers=headers, url=request.url, body=body)
        return response_class(url=request.url, headers=headers, status=200, body=body)

    def store_response(self, spider: Spider, request: Request, response: Response) -> None:
        """Write the response to a file atomically."""
        if _gets_api_key(spider, request):
            return
        headers = {
            name.decode("latin-1"): [value.decode("latin-1") for value in values]
            for name, values in response.headers.items()
            if name.decode("latin-1").lower() not in UNCACHED_HEADERS
        }
        head = json.dumps({"url": strip_secrets(request.url), "headers": headers}).encode()
        path = self._path(spider, request)
        with unfinished_file(path) as part:
            part.write_bytes(gzip.compress(head + b"\n" + response.body, compresslevel=6))
            part.replace(path)

    def _path(self, spider: Spider, request: Request) -> Path:
        hasher = hashlib.sha256(self._fingerprinter.fingerprint(request))
        for header in SECRET_HEADERS:
            for value in request.headers.getlist(header):
                hasher.update(header.encode() + b"\0" + value)
        digest = hasher.hexdigest()
        return self._root / spider.name / digest[:2] / f"{digest}.gz"


def _gets_api_key(spider: Spider, request: Request) -> bool:
    """Whether the request gets a key after the cache, which then cannot tell for which key the response is."""
    return origin(request.url) in spider_of(spider.crawler).credentials
