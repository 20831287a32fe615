"""The HTTP cache: pages and API answers, whole, fresh, without keys."""

import gzip
import json
import os

from tests.conftest import Commands
from tests.crawl.crawling import crawl, parsed_pages
from tests.farsite.process import Farsite


def test_the_cache_keeps_pages_and_nothing_else(farsite: Farsite, commands: Commands) -> None:
    """A page is asked for once in two runs; errors, images and missing pages are asked for again."""
    paths = ["/page/page.html", "/kind/jpeg-rgb.jpg", "/status/404", "/status/500"]
    for _ in range(2):
        crawl(commands, [farsite.url(path) for path in paths], "-s", "RETRY_TIMES=0")
    request_counts = farsite.counts()["paths"]
    assert [request_counts[path] for path in paths] == [1, 2, 2, 2]


def test_cache_seconds_of_a_site_apply(farsite: Farsite, commands: Commands) -> None:
    """`cache_seconds` of the spider holds, unless the command line says otherwise."""
    urls = [farsite.url("/page/page.html")]
    crawl(commands, urls, manners={"cache_seconds": 1000})
    assert "cached" in parsed_pages(crawl(commands, urls, manners={"cache_seconds": 1000}).stderr)[0][2]
    (entry,) = commands.data.glob("httpcache/**/*.gz")
    an_hour_ago = entry.stat().st_mtime - 2000
    os.utime(entry, (an_hour_ago, an_hour_ago))
    assert "cached" in parsed_pages(crawl(commands, urls, manners={"cache_seconds": 3000}).stderr)[0][2]
    assert "cached" not in parsed_pages(crawl(commands, urls, manners={"cache_seconds": 1000}).stderr)[0][2]


def test_a_damaged_cache_entry_is_ignored(farsite: Farsite, commands: Commands) -> None:
    """A cut-off entry is no answer."""
    urls = [farsite.url("/page/page.html")]
    crawl(commands, urls)
    (entry,) = commands.data.glob("httpcache/**/*.gz")
    entry.write_bytes(entry.read_bytes()[:-12])
    assert "cached" not in parsed_pages(crawl(commands, urls).stderr)[0][2]


def test_keys_are_never_stored(farsite: Farsite, commands: Commands) -> None:
    """Neither in the address nor in headers, and an answer that repeats the key is not kept at all; keys do not mix."""
    urls = [farsite.url("/kind/page.html?token=SECRET1"), farsite.url("/page/page.html?q=1&api_key=SECRET2"),
            farsite.url("/limited/9/1/429/none/page.html")]  # fmt: skip
    crawl(commands, urls, "-a", f"headers={json.dumps({'Authorization': 'Bearer SECRET3'})}")
    bodies = [gzip.decompress(path.read_bytes()) for path in commands.data.glob("httpcache/**/*.gz")]
    assert len(bodies) == 2
    assert not [text for text in bodies if b"SECRET" in text]
    other = crawl(commands, urls[2:], "-a", f"headers={json.dumps({'Authorization': 'Bearer SECRET4'})}")
    assert "cached" not in parsed_pages(other.stderr)[0][2]
