"""How many requests a host gets: at once, per second, and in a window of time; measured at the server."""

import json
from pathlib import Path

import pytest
from scrapy import Request
from scrapy.core.downloader import Slot
from scrapy.crawler import Crawler
from scrapy.utils.asyncio import CallLaterResult
from scrapy.utils.test import get_reactor_settings
from twisted.internet.defer import Deferred

from harvester import settings
from harvester.crawl.politeness.downloader import PoliteDownloader
from harvester.crawl.spider import HarvestSpider
from tests import dataset_files as dataset
from tests.conftest import Commands
from tests.crawl.crawling import crawl, crawl_command, parsed_pages
from tests.farsite.process import Farsite


@pytest.mark.parametrize("delay", [0, 0.01])
@pytest.mark.parametrize("autothrottle", [0, 1])
def test_the_concurrency_of_a_host_holds_in_every_configuration(
    farsite: Farsite, commands: Commands, delay: float, autothrottle: int
) -> None:
    """With and without a delay, with and without AutoThrottle: never more pages at once than allowed."""
    urls = [farsite.url(f"/slow/0.1/jpeg-rgb.jpg?{number}") for number in range(30)]
    crawl(commands, urls, "-s", "CONCURRENT_REQUESTS_PER_DOMAIN=3", "-s", f"DOWNLOAD_DELAY={delay}",
          "-s", f"AUTOTHROTTLE_ENABLED={autothrottle}", "-s", "AUTOTHROTTLE_TARGET_CONCURRENCY=50",
          "-s", "ROBOTSTXT_OBEY=0")  # fmt: skip
    (peak,) = farsite.counts()["peak_concurrency"].values()
    assert 1 < peak <= 3


@pytest.mark.parametrize(
    ("changes", "delay", "expected"),
    [
        ({}, 0.02, (0.02, 8)),
        ({}, 0.004, (0.0, 3)),
        ({"CONCURRENT_REQUESTS_PER_DOMAIN": 2}, 0.004, (0.0, 2)),
        ({"DOWNLOAD_DELAY": 0.002}, 0.004, (0.004, 8)),
        ({"AUTOTHROTTLE_ENABLED": False}, 0.0, (0.0, 8)),
    ],
    ids=["long", "short", "fewer-allowed", "asked-for", "not-throttled"],
)
def test_too_short_delays_become_a_concurrency_limit(
    changes: dict[str, object], delay: float, expected: tuple[float, int]
) -> None:
    """AutoThrottle aims at three at a time: it gets them without pauses, and pauses again when the host is slower."""
    values = {
        **{name: value for name, value in vars(settings).items() if name.isupper()},
        "ADDONS": {},
        "DOWNLOADER_MIDDLEWARES": {},
        "EXTENSIONS": {"harvester.crawl.politeness.hosts.HostBackoffs": 1},
        "AUTOTHROTTLE_TARGET_CONCURRENCY": 3,
        **changes,
    }
    crawler = Crawler(HarvestSpider, {**get_reactor_settings(), **values})
    crawler.spider = HarvestSpider("limits")
    crawler._apply_settings()
    downloader = PoliteDownloader(crawler)
    slot = Slot(crawler.settings.getint("CONCURRENT_REQUESTS_PER_DOMAIN"), 0.05, 0.5)
    slot.queue.append((Request("http://fast.example/"), Deferred()))
    slot.latercall = CallLaterResult()  # the request waits
    for now, slot_state in ((0.05, (0.05, slot.concurrency)), (delay, expected), (0.3, (0.3, slot.concurrency))):
        slot.delay = now
        downloader._process_queue(slot)
        assert (slot.delay, slot.concurrency) == slot_state
    downloader.close()


def test_a_redirect_counts_towards_the_target_host(farsite: Farsite, commands: Commands) -> None:
    """Pages of two hosts that redirect to a third share that one's room."""
    target = farsite.url("/slow/0.2/jpeg-rgb.jpg", "127.0.0.3")
    urls = [farsite.url(f"/redirect-to?url={target}%3F{host}{number}", f"127.0.0.{host}")
            for host in (1, 2) for number in range(8)]  # fmt: skip
    crawl(commands, urls, "-s", "CONCURRENT_REQUESTS_PER_DOMAIN=2", "-s", "AUTOTHROTTLE_TARGET_CONCURRENCY=50")
    assert farsite.counts()["peak_concurrency"][f"127.0.0.3:{farsite.port}"] <= 2


@pytest.mark.parametrize("autothrottle", [0, 1])
def test_the_minimum_delay_of_a_site_always_applies(farsite: Farsite, commands: Commands, autothrottle: int) -> None:
    """AutoThrottle off, delay 0, other hosts fast: this host is asked at the pace its site gives, never faster."""
    slow = [farsite.url(f"/page/page.html?{number}") for number in range(6)]
    fast = [farsite.url(f"/page/page.html?{number}", "127.0.0.2") for number in range(6)]
    crawl(commands, slow + fast, "-s", "DOWNLOAD_DELAY=0", "-s", f"AUTOTHROTTLE_ENABLED={autothrottle}",
          manners={"min_delay": {"127.0.0.1": 0.4}})  # fmt: skip
    at = [entry["at"] for entry in farsite.log() if entry["host"].startswith("127.0.0.1:")]
    # The server notes a request when it gets round to it, so a single gap may look shorter than it was; all do not.
    assert at[-1] - at[0] >= 0.4 * (len(at) - 1) - 0.15
    others = [entry["at"] for entry in farsite.log() if entry["host"].startswith("127.0.0.2:")]
    assert others[-1] < at[-1]


def test_a_budget_holds_over_a_restart(farsite: Farsite, commands: Commands) -> None:
    """In no window are there more requests than the budget says, also where one run ends and the next begins."""
    urls = [farsite.url(f"/page/page.html?{number}") for number in range(6)]
    budget = {"budgets": {"127.0.0.1": "4/3s, 100/60s"}}
    for _ in range(2):
        done = crawl(commands, urls, "-s", "HTTPCACHE_ENABLED=0", manners=budget)
        assert len(parsed_pages(done.stderr)) == 6
    at = [entry["at"] for entry in farsite.log()]
    assert len(at) == 14  # the pages and robots.txt, twice
    assert min(later - earlier for earlier, later in zip(at, at[4:], strict=False)) >= 2.9
    assert dataset.rows(commands.data, "SELECT count(*) > 0 FROM request_log") == [(1,)]


def test_a_budget_holds_for_images_and_shows_itself(farsite: Farsite, commands: Commands, tmp_path: Path) -> None:
    """Images are counted like pages; others are not held up; the progress line says what is waited for."""
    urls = [farsite.url(f"/numbered/{number}.jpg", "127.0.0.2") for number in range(8)]
    files = dataset.write(tmp_path, dataset.one_user([*urls, farsite.url("/photo/1.jpg")]))
    done = commands.crawl(files, "-s", f"HARVESTER_BUDGETS={json.dumps({'127.0.0.2': '5/2s'})}")
    assert dataset.rows(commands.data, "SELECT status, count(*) FROM images GROUP BY status") == [("done", 9)]
    at = [entry["at"] for entry in farsite.log() if entry["host"].startswith("127.0.0.2")]
    assert min(later - earlier for earlier, later in zip(at, at[5:], strict=False)) >= 1.9
    assert "s for 127.0.0.2 (budget)" in done.stderr


def test_budgets_are_switched_off_only_with_a_warning(farsite: Farsite, commands: Commands) -> None:
    """HARVESTER_BUDGETS={} takes the site's own away for one run, and says so."""
    urls = [farsite.url(f"/page/page.html?{number}") for number in range(6)]
    done = crawl(commands, urls, "-s", "HARVESTER_BUDGETS={}", manners={"budgets": {"127.0.0.1": "1/3600s"}})
    assert len(parsed_pages(done.stderr)) == 6
    assert "the budgets of 127.0.0.1 are off in this run" in done.stderr


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ("HARVESTER_BUDGETS=80/60s", "HARVESTER_BUDGETS=80/60s: must be JSON such as"),
        ("HARVESTER_BUDGETS=[]", "HARVESTER_BUDGETS=[]: must be JSON such as"),
        ('HARVESTER_BUDGETS={"h": "80/60"}', "must be JSON such as"),
        ('HARVESTER_BUDGETS={"h": 80}', "must be JSON such as"),
        ("HARVESTER_MAX_WAIT=0", "HARVESTER_MAX_WAIT=0: must be a number above 0"),
        ("HARVESTER_BACKOFF=soon", "HARVESTER_BACKOFF=soon: must be a number above 0"),
        ("HARVESTER_ON_BLOCK=go-on", "HARVESTER_ON_BLOCK=go-on: must be one of pause, stop"),
        ("HARVESTER_OBEY_NOAI=maybe", "HARVESTER_OBEY_NOAI=maybe: must be 0 or 1"),
    ],
)
def test_bad_politeness_settings_are_one_sentence(commands: Commands, setting: str, says: str) -> None:
    """Exit code 2, nothing touched."""
    done = commands.scrapy(*crawl_command(["http://127.0.0.1:9/"], "-s", setting, "--nolog"))
    assert done.returncode == 2
    assert says in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not commands.data.exists()
