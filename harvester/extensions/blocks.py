"""What happens when a site has shut its door: its pages stop, nothing is lost, and the user is told what to do."""

import logging
import shlex
import sys
import time
from collections import Counter
from datetime import datetime
from typing import Self

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.http import Response

from harvester.errors import Blocked
from harvester.extensions.closing import Closing
from harvester.extensions.expectations import BLOCKED
from harvester.extensions.hosts import Hosts
from harvester.middlewares.answers import plain
from harvester.politeness.headers import wait_of
from harvester.text import hidden

logger = logging.getLogger(__name__)

WINDOW = 3600.0
"""Seconds until a block has likely passed, where neither the answer nor the site says."""

PAUSES = 3
"""Blocks of a host in a row, with a pause after each, after which the run ends all the same."""


class Blocks:
    """Pauses the host for the window, or ends the run, as HARVESTER_ON_BLOCK says."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._stops = crawler.settings["HARVESTER_ON_BLOCK"] == "stop"
        self._window: float = getattr(crawler.spider, "block_window", WINDOW)
        self._in_a_row: Counter[str] = Counter()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Reads HARVESTER_ON_BLOCK and the spider's `block_window` (seconds)."""
        return cls(crawler)

    @classmethod
    def of(cls, crawler: Crawler) -> "Blocks":
        """The blocks of a crawl."""
        blocks = crawler.get_extension(cls)
        assert blocks is not None
        return blocks

    def passed(self, host: str) -> None:
        """The host has shown a real page."""
        if self._in_a_row.pop(host, None):
            self._count()

    def blocked(self, request: Request, response: Response) -> Request:
        """This answer is a block. Returns the request, which is owed; raises NotNow where it cannot be scheduled."""
        hosts = Hosts.of(self._crawler)
        host = hosts.of_request(request)
        if not self._in_a_row[host] or not hosts.seconds(host):  # not one of several that were under way
            self._in_a_row[host] += 1
            self._crawler.stats.inc_value("harvester/blocks")
            self._count()
            asked = wait_of(plain(response), time.time()) or self._window
            seconds = hosts.wait(host, asked, "blocked")
            what = f"{host} shuts us out: it answers {hidden(response.url)} with a block page (HTTP {response.status})"
            self._tell(what, seconds, last=self._stops or self._in_a_row[host] > PAUSES)
        return hosts.again(request)

    def _count(self) -> None:
        self._crawler.stats.set_value(BLOCKED, len(self._in_a_row))

    def _tell(self, what: str, seconds: float, *, last: bool) -> None:
        again = datetime.fromtimestamp(time.time() + seconds).astimezone().strftime("%H:%M:%S on %Y-%m-%d")
        then = f"It is worth trying again from {again}; everything not done stays owed, and this continues: {command()}"
        if last:
            Closing.of(self._crawler).stop(Blocked(f"{what}. {then}"))
        else:
            logger.warning("%s. %s. Until then the run leaves it alone, and may be stopped.", what, then)


def command() -> str:
    """What the user typed, without keys and passwords; Scrapy takes the name of the command out of `sys.argv`."""
    typed = sys.orig_argv
    words = typed[typed.index("crawl") :] if "crawl" in typed else sys.argv[1:]
    return shlex.join(["scrapy", *map(hidden, words)])
