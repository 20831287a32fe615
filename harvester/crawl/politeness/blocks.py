"""Handling of block pages: the site's pages pause or the run stops, nothing is lost, the user is told what to do."""

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

from harvester.crawl.contract import spider_of
from harvester.crawl.http.responses import header_dict
from harvester.crawl.politeness.hosts import HostBackoffs
from harvester.crawl.politeness.rate_headers import retry_delay
from harvester.crawl.run.finish import BLOCKED_HOSTS_STAT, RunFinisher
from harvester.errors import SiteBlocked
from harvester.text import redact

logger = logging.getLogger(__name__)

MAX_PAUSES = 3
"""Blocks of a host in a row that are answered with a pause; the next one stops the run."""


class BlockHandler:
    """Pauses a blocking host or stops the run, as HARVESTER_ON_BLOCK says."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._stops_run = crawler.settings["HARVESTER_ON_BLOCK"] == "stop"
        self._block_seconds = spider_of(crawler).block_window
        self._blocks_in_a_row: Counter[str] = Counter()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Read HARVESTER_ON_BLOCK and the spider's `block_window` (seconds)."""
        return cls(crawler)

    @classmethod
    def of(cls, crawler: Crawler) -> "BlockHandler":
        """The block handler of a crawl."""
        handler = crawler.get_extension(cls)
        assert handler is not None
        return handler

    def reset_host(self, host: str) -> None:
        """Forget earlier blocks: the host has shown a real page."""
        if self._blocks_in_a_row.pop(host, None):
            self._update_stat()

    def handle_block(self, request: Request, response: Response) -> Request:
        """Handle a block page. Returns the request to repeat; raises HostBackoff if it cannot be scheduled."""
        hosts = HostBackoffs.of(self._crawler)
        host = hosts.host_of(request)
        if not self._blocks_in_a_row[host] or not hosts.seconds_left(host):  # only the first of several under way
            self._blocks_in_a_row[host] += 1
            self._crawler.stats.inc_value("harvester/blocks")
            self._update_stat()
            wait_seconds = retry_delay(header_dict(response), time.time()) or self._block_seconds
            seconds = hosts.back_off(host, wait_seconds, "blocked")
            text = f"{host} blocks this crawl: {redact(response.url)} returned a block page (HTTP {response.status})"
            self._report(text, seconds, is_last=self._stops_run or self._blocks_in_a_row[host] > MAX_PAUSES)
        return hosts.requeued_copy(request)

    def _update_stat(self) -> None:
        self._crawler.stats.set_value(BLOCKED_HOSTS_STAT, len(self._blocks_in_a_row))

    def _report(self, text: str, seconds: float, *, is_last: bool) -> None:
        retry_at = datetime.fromtimestamp(time.time() + seconds).astimezone().strftime("%H:%M:%S on %Y-%m-%d")
        hint = (
            f"Try again from {retry_at}. Everything that is not done stays pending; "
            f"to continue, run: {resume_command()}"
        )
        if is_last:
            RunFinisher.of(self._crawler).stop(SiteBlocked(f"{text}. {hint}"))
        else:
            logger.warning("%s. %s. Until then the run sends this host no requests; you can stop the run.", text, hint)


def resume_command() -> str:
    """The command line, without keys and passwords, from `sys.orig_argv`: Scrapy changes `sys.argv`."""
    argv = sys.orig_argv
    words = argv[argv.index("crawl") :] if "crawl" in argv else sys.argv[1:]
    return shlex.join(["scrapy", *map(redact, words)])
