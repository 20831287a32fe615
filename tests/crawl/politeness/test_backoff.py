"""Hosts that ask for patience: they wait, others go on, nothing is lost or counted as failed."""

import re
from itertools import pairwise
from pathlib import Path

import pytest

from tests import dataset_files as dataset
from tests.conftest import Commands
from tests.crawl.crawling import crawl, parsed_pages
from tests.farsite.process import Farsite

OUTCOME_COUNTS = "SELECT status, reason, count(*) FROM images GROUP BY status, reason"


@pytest.mark.parametrize(
    ("status", "form"), [(429, "seconds"), (429, "date"), (429, "iso"), (429, "epoch"), (503, "seconds"), (503, "date")]
)
def test_retry_headers_are_waited_for(
    farsite: Farsite, commands: Commands, tmp_path: Path, status: int, form: str
) -> None:
    """Whatever header says so: nothing is asked while the host is closed, every image is done, in one attempt."""
    urls = [farsite.url(f"/limited/12/2/{status}/{form}/numbered.jpg?{number}") for number in range(30)]
    run = commands.crawl(dataset.write(tmp_path, dataset.one_user(urls)), "-s", "RETRY_TIMES=0")
    assert dataset.rows(commands.data, OUTCOME_COUNTS) == [("done", "", 30)]
    assert dataset.rows(commands.data, "SELECT DISTINCT attempts FROM images") == [(1,)]
    assert 1 <= farsite.counts()["refused"]["127.0.0.1"] <= 8  # no more than were under way when it closed
    assert re.search(rf"waiting \d s for 127\.0\.0\.1 \({status}\)", run.stderr)


def test_backoff_grows_without_retry_headers(farsite: Farsite, commands: Commands, tmp_path: Path) -> None:
    """429 without any header: a few probes, further and further apart, and every image is done."""
    urls = [farsite.url(f"/limited/5/1.5/429/none/numbered.jpg?{number}") for number in range(10)]
    commands.crawl(dataset.write(tmp_path, dataset.one_user(urls)), "-s", "RETRY_TIMES=0")
    assert dataset.rows(commands.data, OUTCOME_COUNTS) == [("done", "", 10)]
    assert 3 <= farsite.counts()["refused"]["127.0.0.1"] <= 8 * 7


def test_a_host_in_backoff_holds_up_no_other(farsite: Farsite, commands: Commands, tmp_path: Path) -> None:
    """Two hosts close at once, with more pending than there are slots; the third is done while they wait."""
    closed = [
        farsite.url(f"/limited/0/4/429/seconds/numbered.jpg?{number}", f"127.0.0.{host}")
        for host in (2, 3)
        for number in range(20)
    ]
    good = [farsite.url(f"/numbered/{number}.jpg") for number in range(60)]
    commands.crawl(dataset.write(tmp_path, dataset.one_user(closed + good)), "-s", "CONCURRENT_REQUESTS=4")
    assert dataset.rows(commands.data, OUTCOME_COUNTS) == [("done", "", 100)]
    log = farsite.log()
    limited = [entry["at"] for entry in log if "limited" in entry["path"]]
    reopened = min(at for at in limited if at > limited[0] + 3.5)
    meanwhile = [entry for entry in log if "numbered/" in entry["path"] and limited[0] < entry["at"] < reopened]
    assert len([at for at in limited if at < reopened]) <= 8
    assert len(meanwhile) >= 5  # none, where the waiting hosts keep the four slots


def test_max_wait_bounds_the_backoff(farsite: Farsite, commands: Commands, tmp_path: Path) -> None:
    """A host that asks for an hour is asked again after HARVESTER_MAX_WAIT."""
    urls = [farsite.url("/retry-after/3600/jpeg-rgb.jpg")]
    commands.crawl(dataset.write(tmp_path, dataset.one_user(urls)), "-s", "HARVESTER_MAX_WAIT=1")
    assert dataset.rows(commands.data, OUTCOME_COUNTS) == [("done", "", 1)]
    first, second = [entry["at"] for entry in farsite.log() if "retry-after" in entry["path"]]
    assert second - first >= 1


def test_a_host_that_always_refuses_is_abandoned_and_stays_pending(
    farsite: Farsite, commands: Commands, tmp_path: Path
) -> None:
    """After eight waits in a row nothing of it is asked for in this run; other hosts are done; nothing failed."""
    refused = [farsite.url(f"/status/429?{number}", "127.0.0.2") for number in range(20)]
    files = dataset.write(tmp_path, dataset.one_user([*refused, farsite.url("/photo/1.jpg")]))
    run = commands.crawl(files, "-s", "HARVESTER_MAX_WAIT=0.1")
    assert dataset.rows(commands.data, OUTCOME_COUNTS) == [("done", "", 1), ("pending", "", 20)]
    assert "127.0.0.2 refuses every request" in run.stderr
    assert "20 images are still pending: the same command continues" in run.stderr


@pytest.mark.parametrize("form", ["iso", "epoch"])
def test_the_last_allowed_request_is_followed_by_a_wait(farsite: Farsite, commands: Commands, form: str) -> None:
    """A good answer with X-RateLimit-Remaining: 0 keeps the host alone until the reset, for pages as for images."""
    urls = [farsite.url(f"/last-one/2/{form}/page.html?{number}") for number in range(2)]
    done = crawl(commands, urls, "-s", "CONCURRENT_REQUESTS_PER_DOMAIN=1")
    assert len(parsed_pages(done.stderr)) == 2
    first, second = [entry["at"] for entry in farsite.log() if "last-one" in entry["path"]]
    assert second - first >= 1
    assert "(rate limit used up)" in done.stderr


def test_refused_pages_are_requeued(farsite: Farsite, commands: Commands) -> None:
    """Refused pages go back to the scheduler and reach the callback once each; the other host is not held up."""
    closed = [farsite.url(f"/limited/3/2/429/seconds/page.html?{number}", "127.0.0.2") for number in range(10)]
    good = [farsite.url(f"/page/page.html?{number}") for number in range(10)]
    done = crawl(commands, closed + good, "-s", "CONCURRENT_REQUESTS=2", "-s", "RETRY_TIMES=0")
    urls = [url for status, url, _ in parsed_pages(done.stderr) if status == 200]
    assert sorted(urls) == sorted(closed + good)
    assert set(urls[-7:]) <= set(closed)


def test_temporary_errors_are_retried_and_permanent_ones_are_not(
    farsite: Farsite, commands: Commands, tmp_path: Path
) -> None:
    """5xx, resets and timeouts get RETRY_TIMES further tries; 404, 410, 451 and other 4xx none."""
    paths = ["/status/500/2/jpeg-rgb.jpg", "/status/502", "/reset", "/slow/9/jpeg-rgb.jpg",
             "/status/404", "/status/410", "/status/451", "/status/400", "/status/403"]  # fmt: skip
    files = dataset.write(tmp_path, dataset.one_user([farsite.url(path) for path in paths]))
    commands.crawl(files, "-s", "DOWNLOAD_TIMEOUT=1")
    request_counts = farsite.counts()["paths"]
    assert request_counts.pop("/reset") >= 3  # Twisted itself asks once more where a kept connection breaks
    assert [request_counts.get(path, 3) for path in paths] == [3, 3, 3, 3, 1, 1, 1, 1, 1]
    reason_rows = dataset.rows(commands.data, "SELECT reason FROM images ORDER BY id")
    assert [reason for (reason,) in reason_rows] == [
        "", "http-temporary", "connection", "timeout", *["http-gone"] * 4, "http-temporary",
    ]  # fmt: skip


def test_retry_intervals_grow(farsite: Farsite, commands: Commands, tmp_path: Path) -> None:
    """The wait doubles, and varies by no more than half."""
    files = dataset.write(tmp_path, dataset.one_user([farsite.url("/status/500")]))
    commands.crawl(files, "-s", "HARVESTER_BACKOFF=0.4", "-s", "RETRY_TIMES=3", code=1)
    at = [entry["at"] for entry in farsite.log() if "status" in entry["path"]]
    waits = [later - earlier for earlier, later in pairwise(at)]
    assert [wait >= minimum for wait, minimum in zip(waits, (0.2, 0.4, 0.8), strict=True)] == [True] * 3
