"""The log of a crawl: what is put into words, and what is not."""

import pytest
from scrapy import Request
from scrapy.http import Response
from scrapy.spiders import Spider
from scrapy.utils.test import get_crawler

from harvester.items import ImageItem
from harvester.logs import QuietLogFormatter


@pytest.mark.parametrize(
    ("level", "is_logged"),
    [("DEBUG", True), ("debug", True), (5, True), ("NOTSET", True), ("INFO", False), (30, False)],
)
def test_debug_lines_are_made_only_at_debug_level(level: str | int, is_logged: bool) -> None:
    """Scrapy makes a record of each of them, whatever the level: a million images would be two million of them."""
    formatter = QuietLogFormatter.from_crawler(get_crawler(settings_dict={"LOG_LEVEL": level}))
    request, response, spider = Request("https://a.example/"), Response("https://a.example/"), Spider("mastodon")
    item = ImageItem(site="mastodon", key="https://a.example/1.jpg", url="https://a.example/1.jpg", status="done")
    lines = [formatter.crawled(request, response, spider), formatter.scraped(item, response, spider)]
    assert [line is not None for line in lines] == [is_logged, is_logged]
