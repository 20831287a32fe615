"""A real scrapyd takes the egg and runs it; nothing is lost by a cancel, a stop or an orphan."""

import os
import signal
import urllib.error
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import dataset_files as dataset
from tests.conftest import Commands
from tests.deploy import scrapyd as far
from tests.deploy.scrapyd import Scrapyd, is_alive, wait_until
from tests.farsite.imagefap.client import Imagefap
from tests.farsite.process import Farsite

NUMBER = 150
SLOW = [f"/slow/0.05/jpeg-rgb.jpg?{number}" for number in range(NUMBER)]


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scrapyd]:
    """A scrapyd that has got the project by scrapyd-deploy."""
    folder = tmp_path_factory.mktemp("scrapyd")
    with far.run_scrapyd(folder / "run") as service:
        service.deploy(far.copy_project(folder / "project"))
        yield service


@pytest.fixture
def own_scrapyd(egg: Path, tmp_path: Path) -> Iterator[Scrapyd]:
    """A scrapyd of the test's own, whose environment says where the data lies."""
    with far.run_scrapyd(tmp_path / "scrapyd", egg=egg, HARVESTER_DATA_DIR=str(tmp_path / "data")) as service:
        yield service


@pytest.fixture
def files(farsite: Farsite, tmp_path: Path) -> list[str]:
    """The arguments of a crawl of 150 slow pictures."""
    data_set = dataset.write(tmp_path, dataset.one_user([farsite.url(path) for path in SLOW]))
    return [f"posts={data_set.posts}", f"accounts={data_set.accounts}"]


def _wait_until_running(farsite: Farsite, number: int = 20) -> None:
    wait_until(lambda: farsite.counts()["requests"] >= number)


def _assert_requested_once(farsite: Farsite) -> None:
    request_counts = farsite.counts()["paths"]
    assert {path: request_counts.get(path) for path in SLOW} == dict.fromkeys(SLOW, 1)


def test_scrapyd_accepts_the_egg_and_lists_three_spiders(deployed: Scrapyd) -> None:
    """scrapyd-client says the same, with the credentials of scrapy.cfg; without the right ones nothing is answered."""
    assert deployed.get_json("listspiders", project="harvester")["spiders"] == ["civitai", "imagefap", "mastodon"]
    assert deployed.client("spiders", "--project", "harvester").split() == [
        "harvester:",
        "civitai",
        "imagefap",
        "mastodon",
    ]
    with pytest.raises(urllib.error.HTTPError, match="401"):
        deployed.get("/daemonstatus.json", password="wrong")


def test_two_spiders_at_once_share_one_catalogue(
    farsite: Farsite, deployed: Scrapyd, commands: Commands, files: list[str]
) -> None:
    """Both end in order, every image of both is done, the feeds tell of each, and verify finds nothing."""
    site = Imagefap(farsite, "scrapyd").reset()
    settings = {"HARVESTER_DATA_DIR": str(commands.data), "IMAGEFAP_BASE_URL": site.base}
    pictures = deployed.schedule("mastodon", *files, **settings)
    favourites = deployed.schedule("imagefap", "user=ALICE", **settings)
    wait_until(lambda: {deployed.state(pictures), deployed.state(favourites)} == {"running"})
    for spider, job in (
        ("mastodon", deployed.wait_until_ended(pictures)),
        ("imagefap", deployed.wait_until_ended(favourites)),
    ):
        assert "This run (finished)" in deployed.log(spider, job)
        assert "Traceback" not in deployed.log(spider, job)
    assert {item["status"] for item in deployed.items("mastodon", pictures)} == {"done"}
    assert len(deployed.items("mastodon", pictures)) == NUMBER
    assert dataset.rows(commands.data, "SELECT DISTINCT status FROM images") == [("done",)]
    (together,) = dataset.rows(
        commands.data, "SELECT max(started_at) <= min(finished_at), count(*) FROM runs WHERE outcome = 'finished'"
    )
    assert together == (1, 2)
    assert len(list((commands.data / "images/mastodon").iterdir())) == NUMBER
    assert commands.scrapy("verify").returncode == 0


def test_civitai_runs_and_its_log_is_on_the_web_page(farsite: Farsite, deployed: Scrapyd, tmp_path: Path) -> None:
    """The list of jobs says where the log and the items are; those addresses answer with them."""
    data = tmp_path / "data"
    at_home = {"HARVESTER_DATA_DIR": str(data), "CIVITAI_BASE_URL": farsite.url("")}
    job = deployed.crawl("civitai", "max_images=30", **at_home)
    entry = deployed.job_entry(job)
    assert "This run (" in deployed.get(entry["log_url"]).decode()
    assert len(deployed.get(entry["items_url"]).splitlines()) == 30
    assert len(list((data / "images/civitai").glob("*.json"))) >= 28


@pytest.mark.parametrize("how", ["TERM", "INT"])
def test_a_cancelled_job_ends_cleanly_and_the_next_completes_it(
    farsite: Farsite, deployed: Scrapyd, tmp_path: Path, files: list[str], how: str
) -> None:
    """Images in progress are done; the same job again fetches the rest, and nothing is requested twice."""
    data = tmp_path / "data"
    job = deployed.schedule("mastodon", *files, job=f"cancelled-{how}", HARVESTER_DATA_DIR=str(data))
    _wait_until_running(farsite)
    assert deployed.post_json("cancel", ("job", job), signal=how)["prevstate"] == "running"
    deployed.wait_until_ended(job)
    assert "the same command continues" in deployed.log("mastodon", job)
    counts = dict(dataset.rows(data, "SELECT status, count(*) FROM images GROUP BY status"))
    assert set(counts) == {"done", "pending"}
    assert len(deployed.items("mastodon", job)) == counts["done"]
    again = deployed.crawl("mastodon", *files, HARVESTER_DATA_DIR=str(data))
    assert len(deployed.items("mastodon", again)) == counts["pending"]
    assert dataset.rows(data, "SELECT status, count(*) FROM images GROUP BY status") == [("done", NUMBER)]
    _assert_requested_once(farsite)


def test_bad_input_stands_in_the_log_of_the_job(deployed: Scrapyd, tmp_path: Path) -> None:
    """One sentence, as on a terminal; scrapyd keeps what is said on stderr elsewhere."""
    job = deployed.crawl("mastodon", "accounts=/nowhere.csv", HARVESTER_DATA_DIR=str(tmp_path / "data"))
    log = deployed.log("mastodon", job)
    assert "CRITICAL" in log
    assert "/nowhere.csv" in log
    assert not (tmp_path / "data").exists()


def test_an_orphaned_and_a_restarted_job_do_no_harm(
    farsite: Farsite, own_scrapyd: Scrapyd, tmp_path: Path, commands: Commands, files: list[str]
) -> None:
    """scrapyd's SIGTERM leaves its job behind: the twin is refused with its number, the orphan does the work."""
    job = own_scrapyd.schedule("mastodon", *files)
    _wait_until_running(farsite)
    orphan = own_scrapyd.job_entry(job)["pid"]
    own_scrapyd.stop()
    os.kill(orphan, signal.SIGSTOP)  # or it might have ended before the twin begins
    own_scrapyd.start()
    second = own_scrapyd.crawl("mastodon", *files)
    assert f"(process {orphan}) is already running" in own_scrapyd.log("mastodon", second)
    os.kill(orphan, signal.SIGCONT)
    wait_until(lambda: not is_alive(orphan))
    assert "This run (finished)" in own_scrapyd.log("mastodon", job)
    assert len(own_scrapyd.items("mastodon", job)) == NUMBER
    last = own_scrapyd.crawl("mastodon", *files)
    assert own_scrapyd.items("mastodon", last) == []
    assert dataset.rows(tmp_path / "data", "SELECT status, count(*) FROM images GROUP BY status") == [("done", NUMBER)]
    _assert_requested_once(farsite)
    assert commands.scrapy("verify").returncode == 0


def test_a_stopped_service_loses_nothing(
    farsite: Farsite, own_scrapyd: Scrapyd, tmp_path: Path, files: list[str]
) -> None:
    """SIGTERM to all processes at once, as systemd sends it: jobs write their summary, and can be resumed."""
    job = own_scrapyd.schedule("mastodon", *files)
    _wait_until_running(farsite)
    crawl = own_scrapyd.job_entry(job)["pid"]
    for process in far.processes_below(own_scrapyd.process.pid):
        os.kill(process, signal.SIGTERM)
    own_scrapyd.process.wait(30)
    wait_until(lambda: not is_alive(crawl))
    log = own_scrapyd.log("mastodon", job)
    assert "This run (shutdown)" in log
    assert "crashed" not in log
    assert set(dict(dataset.rows(tmp_path / "data", "SELECT status, reason FROM images"))) == {"done", "pending"}
    own_scrapyd.start()
    own_scrapyd.crawl("mastodon", *files)
    assert dataset.rows(tmp_path / "data", "SELECT status, count(*) FROM images GROUP BY status") == [("done", NUMBER)]
    _assert_requested_once(farsite)
