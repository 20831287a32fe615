"""Crawls of pages with the test spider, and what the log says of them."""

import json
import re
import subprocess
from collections.abc import Mapping, Sequence
from typing import Any

from tests.conftest import Commands

SPIDER = ("-s", "SPIDER_MODULES=tests.crawl.pages_spider")


def crawl_command(urls: Sequence[str], *options: str, manners: Mapping[str, Any] | None = None) -> list[str]:
    """The command line of a crawl of these pages."""
    site_options = ["-a", f"manners={json.dumps(dict(manners))}"] if manners else []
    return ["crawl", "pages", *SPIDER, "-a", f"urls={json.dumps(list(urls))}", *site_options, *options]


def crawl(
    commands: Commands, urls: Sequence[str], *options: str, manners: Mapping[str, Any] | None = None
) -> subprocess.CompletedProcess[str]:
    """The finished crawl, which must have ended well."""
    done = commands.scrapy(*crawl_command(urls, *options, manners=manners))
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    return done


def parsed_pages(stderr: str) -> list[tuple[int, str, str]]:
    """(status, URL, flags) of every page that reached the spider's callback, in order."""
    return [(int(status), url, flags) for status, url, flags in re.findall(r"Parsed (\d+) (\S+) ?(.*)", stderr)]
