"""robots.txt, obeyed for every request, however many of them wait for it."""

import asyncio
import logging

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares.robotstxt import RobotsTxtMiddleware
from scrapy.robotstxt import RobotParser
from scrapy.utils.httpobj import urlparse_cached


class RobotsTxt(RobotsTxtMiddleware):
    """Scrapy's middleware, with one answer for all who wait.

    In Scrapy 2.19 only the first request that waits for a host's robots.txt gets the rules; the others, which wait on
    the same Deferred, get None and are let through (seen with eleven images of one host, one of them disallowed).
    """

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._asked: dict[str, asyncio.Future[RobotParser | None]] = {}
        # A host that is gone would be logged as an error with a traceback; its images have their own reasons.
        logging.getLogger("scrapy.downloadermiddlewares.robotstxt").setLevel(logging.CRITICAL)

    async def robot_parser(self, request: Request) -> RobotParser | None:
        """The rules of the request's host; None where it has none."""
        host = urlparse_cached(request).netloc
        if host not in self._asked:
            self._asked[host] = asyncio.ensure_future(super().robot_parser(request))
        return await asyncio.shield(self._asked[host])
