"""Block pages: never parsed, never taken for an end; the run pauses or stops, and loses nothing."""

import re
from pathlib import Path

import pytest

from tests import dataset_files as dataset
from tests.conftest import Commands
from tests.crawl.crawling import crawl, crawl_command, parsed_pages
from tests.farsite.process import Farsite

STOP = ("-s", "HARVESTER_ON_BLOCK=stop")


def test_a_block_pauses_the_host_for_its_window(farsite: Farsite, commands: Commands) -> None:
    """Nothing is asked of the host in the window, the other host goes on, then every page is parsed, once."""
    blocked_urls = [farsite.url("/block/1/page.html", "127.0.0.2")]
    blocked_urls += [farsite.url(f"/page/page.html?{number}", "127.0.0.2") for number in range(5)]
    other = [farsite.url(f"/page/page.html?{number}") for number in range(20)]
    done = crawl(commands, blocked_urls + other, "-s", "CONCURRENT_REQUESTS=4",
                 "-s", "CONCURRENT_REQUESTS_PER_DOMAIN=1", manners={"block_window": 3})  # fmt: skip
    assert sorted(url for _, url, _ in parsed_pages(done.stderr)) == sorted(blocked_urls + other)
    log = [entry for entry in farsite.log() if entry["host"].startswith("127.0.0.2") and entry["path"] != "/robots.txt"]
    blocked = next(entry["at"] for entry in log if "block" in entry["path"])
    meanwhile = [entry for entry in log if blocked < entry["at"] < blocked + 2.9]
    assert len(meanwhile) <= 1  # a connection is free for the next request before the answer has been looked at
    assert re.search(r"waiting \d s for 127\.0\.0\.2 \(blocked\)", done.stderr)
    assert "127.0.0.2 blocks this crawl: " in done.stderr
    assert "to continue, run: scrapy crawl pages" in done.stderr


def test_a_block_ends_the_run_where_configured(farsite: Farsite, commands: Commands) -> None:
    """HARVESTER_ON_BLOCK=stop: exit code 1, one sentence with when and how to go on, the page never parsed or kept."""
    urls = [farsite.url("/block/1/page.html")]
    done = commands.scrapy(*crawl_command(urls, *STOP))
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert parsed_pages(done.stderr) == []
    assert re.search(r"The run stops: 127\.0\.0\.1 blocks this crawl.*Try again from \d\d:\d\d:\d\d on ", done.stderr)
    assert "to continue, run: scrapy crawl pages" in done.stderr
    assert not list(commands.data.glob("httpcache/**/*.gz"))
    again = crawl(commands, urls, *STOP)
    assert [status for status, _, _ in parsed_pages(again.stderr)] == [200]


def test_a_host_that_blocks_again_and_again_ends_the_run(farsite: Farsite, commands: Commands) -> None:
    """After three pauses without a real page in between the run stops with exit code 1."""
    done = commands.scrapy(*crawl_command([farsite.url("/block/99/page.html")], manners={"block_window": 0.1}))
    assert done.returncode == 1
    assert farsite.counts()["paths"]["/block/99/page.html"] == 4
    assert parsed_pages(done.stderr) == []


@pytest.mark.parametrize(("strict", "paths", "code"), [(True, "1234", 1), (True, "1212", 0), (False, "1234", 0)])
def test_page_after_unknown_page_ends_the_run_only_where_configured(
    farsite: Farsite, commands: Commands, strict: bool, paths: str, code: int
) -> None:
    """Three unknown pages, each with its own address, end the run of a spider with `unknown_is_change`."""
    manners = {"unknown_is_change": True} if strict else {}
    urls = [farsite.url(f"/status/403?{path}") for path in paths]
    done = commands.scrapy(*crawl_command(urls, *STOP, manners=manners))
    assert (done.returncode, "127.0.0.1 has changed: 3 pages in a row" in done.stderr) == (code, code == 1)


def test_images_are_not_classified(farsite: Farsite, commands: Commands, tmp_path: Path) -> None:
    """A page of another spider without `classify`, and everything that is not a page, goes its way."""
    urls = [farsite.url("/block/9/page.html")]
    files = dataset.write(tmp_path, dataset.one_user(urls))
    commands.crawl(files, code=1)
    assert dataset.rows(commands.data, "SELECT reason FROM images") == [("not-an-image",)]


def test_429_503_and_a_block_page_in_turn_and_the_run_still_ends_complete(farsite: Farsite, commands: Commands) -> None:
    """The whole: a host refuses, is busy, and shuts us out, another goes on; every page is parsed, every wait shown."""
    urls = [farsite.url("/moody/page.html", "127.0.0.2")]
    urls += [farsite.url(f"/page/page.html?{number}") for number in range(5)]
    done = crawl(commands, urls, "-s", "HARVESTER_BACKOFF=5", manners={"block_window": 3})
    assert sorted(url for status, url, _ in parsed_pages(done.stderr) if status == 200) == sorted(urls)
    assert farsite.counts()["paths"]["/moody/page.html"] == 4
    for cause in ("429", "HTTP 503", "blocked"):
        assert re.search(rf"waiting \d+ s for 127\.0\.0\.2 \({cause}\)", done.stderr), cause
