"""Robots rules: robots.txt for pages and images, X-Robots-Tag."""

from pathlib import Path

import pytest
from scrapy.utils.test import get_crawler

from harvester.crawl.http.failures import RobotsUnknown
from harvester.crawl.politeness.robots import SharedRobotsTxtMiddleware
from tests import dataset_files as dataset
from tests.conftest import Commands
from tests.crawl.crawling import crawl, parsed_pages
from tests.farsite.process import Farsite

OUTCOMES_QUERY = "SELECT status, reason, detail FROM images ORDER BY id"


def test_robots_txt_holds_for_pages(farsite: Farsite, commands: Commands) -> None:
    """A forbidden page is not asked for; an allowed one is."""
    crawled = crawl(commands, [farsite.url("/forbidden/page.html"), farsite.url("/page/page.html")])
    assert [url for _, url, _ in parsed_pages(crawled.stderr)] == [farsite.url("/page/page.html")]
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
    assert dataset.rows(commands.data, OUTCOMES_QUERY) == [unknown, unknown, ("done", "", "")]
    request_counts = farsite.counts()["paths"]
    assert request_counts["/robots.txt"] == 3 + 1  # tried three times, shared by both images
    assert request_counts["/photo/3.jpg"] == 1
    assert "/photo/1.jpg" not in request_counts
    commands.crawl(files, "-s", "ROBOTSTXT_OBEY=0")
    assert dataset.rows(commands.data, "SELECT DISTINCT status FROM images") == [("done",)]


def test_an_unreachable_robots_txt_gives_images_its_reason(
    farsite: Farsite, commands: Commands, tmp_path: Path
) -> None:
    """Nothing listens: the reason is that of the connection, and only robots.txt was tried."""
    urls = [f"http://127.0.0.1:9/{number}.jpg" for number in range(3)]
    commands.crawl(dataset.write(tmp_path, dataset.one_user(urls)), code=1)
    outcomes = dataset.rows(commands.data, OUTCOMES_QUERY)
    assert [(status, reason) for status, reason, _ in outcomes] == [("failed", "connection")] * 3
    assert all(detail.startswith("robots.txt: ") for _, _, detail in outcomes)


@pytest.mark.parametrize("obeys", [True, False])
def test_noai_headers_are_recorded_and_obeyed(
    farsite: Farsite, commands: Commands, tmp_path: Path, obeys: bool
) -> None:
    """noai for everybody or for us: skipped with the reason noai, or kept with the tag in the detail."""
    header_values = [
        "noai, noimageai",
        "harvester: noml",
        "otherbot: noai",
        "noindex",
        "otherbot: noai, harvester: noimageai",
    ]
    urls = [farsite.url(f"/robots-tag/jpeg-rgb.jpg?says={text.replace(' ', '%20')}") for text in header_values]
    files = dataset.write(tmp_path, dataset.one_user(urls))
    commands.crawl(files, "-s", f"HARVESTER_OBEY_NOAI={int(obeys)}")
    outcome = ("skipped", "noai") if obeys else ("done", "")
    assert dataset.rows(commands.data, OUTCOMES_QUERY) == [
        (*outcome, "X-Robots-Tag: noai, noimageai"),
        (*outcome, "X-Robots-Tag: noml"),
        ("done", "", ""),
        ("done", "", ""),
        (*outcome, "X-Robots-Tag: noimageai"),
    ]


def test_robots_txt_is_read_up_to_half_a_megabyte() -> None:
    """A robots.txt of 64 MB would hold up the loop for a minute; the rules at its start hold."""
    crawler = get_crawler(settings_dict={"ROBOTSTXT_OBEY": True, "TELNETCONSOLE_ENABLED": False})
    body = b"User-agent: *\nDisallow: /early\n" + b"# nothing\n" * 60_000 + b"Disallow: /late\n"
    rules = SharedRobotsTxtMiddleware(crawler)._parse_rules(body).rules
    assert not isinstance(rules, RobotsUnknown)
    assert not rules.allowed("http://h.example/early", "harvester")
    assert rules.allowed("http://h.example/late", "harvester")
