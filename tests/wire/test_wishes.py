"""What servers wish: robots.txt for pages and images, X-Robots-Tag."""

from pathlib import Path

import pytest
from scrapy.utils.test import get_crawler

from harvester.middlewares.robots import RobotsTxt, RobotsUnknown
from tests import dataset
from tests.conftest import Commands
from tests.farsite.process import Farsite
from tests.wire.crawling import crawl, parsed

REASONS = "SELECT status, reason, detail FROM images ORDER BY id"


def test_robots_txt_holds_for_pages(farsite: Farsite, commands: Commands) -> None:
    """A forbidden page is not asked for; an allowed one is."""
    crawled = crawl(commands, [farsite.url("/forbidden/page.html"), farsite.url("/page/page.html")])
    assert [url for _, url, _ in parsed(crawled.stderr)] == [farsite.url("/page/page.html")]
    assert "/forbidden/page.html" not in farsite.counts()["paths"]


def test_a_robots_txt_with_an_error_forbids_everything_for_now(
    farsite: Farsite, commands: Commands, tmp_path: Path
) -> None:
    """5xx: nothing of the host is asked for, the images are tried again by the next run. 4xx: there are no rules."""
    urls = [farsite.url("/photo/1.jpg", "127.0.0.4"), farsite.url("/photo/2.jpg", "127.0.0.4"),
            farsite.url("/photo/3.jpg", "127.0.0.5")]  # fmt: skip
    files = dataset.write(tmp_path, dataset.one_user(urls))
    commands.crawl(files)
    unknown = ("failed", "robots-unknown", "robots.txt: HTTP 503")
    assert dataset.rows(commands.data, REASONS) == [unknown, unknown, ("done", "", "")]
    asked = farsite.counts()["paths"]
    assert asked["/robots.txt"] == 3 + 1  # tried three times, shared by both images
    assert asked["/photo/3.jpg"] == 1
    assert "/photo/1.jpg" not in asked
    commands.crawl(files, "-s", "ROBOTSTXT_OBEY=0")
    assert dataset.rows(commands.data, "SELECT DISTINCT status FROM images") == [("done",)]


def test_a_robots_txt_that_cannot_be_reached_tells_why_its_images_failed(
    farsite: Farsite, commands: Commands, tmp_path: Path
) -> None:
    """Nothing listens: the reason is that of the connection, and only robots.txt was tried."""
    urls = [f"http://127.0.0.1:9/{number}.jpg" for number in range(3)]
    commands.crawl(dataset.write(tmp_path, dataset.one_user(urls)))
    found = dataset.rows(commands.data, REASONS)
    assert [(status, reason) for status, reason, _ in found] == [("failed", "connection")] * 3
    assert all(detail.startswith("robots.txt: ") for _, _, detail in found)


@pytest.mark.parametrize("obeys", [True, False])
def test_wishes_against_learning_are_recorded_and_obeyed(
    farsite: Farsite, commands: Commands, tmp_path: Path, obeys: bool
) -> None:
    """noai for everybody or for us: skipped with the reason noai, or kept with the wish in the detail."""
    says = ["noai, noimageai", "harvester: noml", "otherbot: noai", "noindex", "otherbot: noai, harvester: noimageai"]
    urls = [farsite.url(f"/wish/jpeg-rgb.jpg?says={text.replace(' ', '%20')}") for text in says]
    files = dataset.write(tmp_path, dataset.one_user(urls))
    commands.crawl(files, "-s", f"HARVESTER_OBEY_NOAI={int(obeys)}")
    ended = ("skipped", "noai") if obeys else ("done", "")
    assert dataset.rows(commands.data, REASONS) == [
        (*ended, "X-Robots-Tag: noai, noimageai"),
        (*ended, "X-Robots-Tag: noml"),
        ("done", "", ""),
        ("done", "", ""),
        (*ended, "X-Robots-Tag: noimageai"),
    ]


def test_rules_are_read_as_far_as_half_a_megabyte() -> None:
    """A robots.txt of 64 MB would hold up the loop for a minute; the rules at its start hold."""
    crawler = get_crawler(settings_dict={"ROBOTSTXT_OBEY": True, "TELNETCONSOLE_ENABLED": False})
    body = b"User-agent: *\nDisallow: /early\n" + b"# nothing\n" * 60_000 + b"Disallow: /late\n"
    rules = RobotsTxt(crawler)._rules(body).rules
    assert not isinstance(rules, RobotsUnknown)
    assert not rules.allowed("http://h.example/early", "harvester")
    assert rules.allowed("http://h.example/late", "harvester")
