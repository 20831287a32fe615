"""A run that ends by itself, but below expectations, says why and exits with 1."""

import signal
import time
from pathlib import Path

import pytest

from tests import dataset_files as dataset
from tests.conftest import Commands
from tests.crawl.crawling import crawl_command
from tests.farsite.process import Farsite


@pytest.mark.parametrize(
    ("setting", "code", "says"),
    [
        ("HARVESTER_MIN_IMAGES=2", 0, ""),
        ("HARVESTER_MIN_IMAGES=3", 1, "Only 2 images were done, and HARVESTER_MIN_IMAGES is 3."),
        ("HARVESTER_MAX_FAILED=0.5", 0, ""),
        ("HARVESTER_MAX_FAILED=0.49", 1, "2 of 4 images failed (50%), and HARVESTER_MAX_FAILED is 0.49."),
        ("HARVESTER_MIN_IMAGES=-1", 2, "HARVESTER_MIN_IMAGES=-1: must be a whole number from 0."),
        ("HARVESTER_MAX_FAILED=half", 2, "HARVESTER_MAX_FAILED=half: must be a number from 0."),
    ],
)
def test_a_short_or_a_failing_run_exits_with_1(
    farsite: Farsite, commands: Commands, tmp_path: Path, setting: str, code: int, says: str
) -> None:
    """Two of four images come; the bar itself is still good."""
    paths = ("/photo/1.jpg", "/photo/2.jpg", "/status/404?1", "/status/404?2")
    files = dataset.write(tmp_path, dataset.one_user([farsite.url(path) for path in paths]))
    done = commands.scrapy("crawl", "mastodon", *files.arguments, "-s", setting)
    assert done.returncode == code, done.stderr
    assert says in done.stderr
    assert ("The run ended below expectations" in done.stderr) is (code == 1)
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("seconds", "code"), [("60", 0), ("2", 1)])
def test_a_run_that_ends_while_blocked_exits_with_1(
    farsite: Farsite, commands: Commands, seconds: str, code: int
) -> None:
    """A block that passed is none of it; one that lasts when the time is over is reported."""
    window = 0.5 if code == 0 else 30
    done = commands.scrapy(
        *crawl_command([farsite.url("/block/1/page.html")], "-s", f"CLOSESPIDER_TIMEOUT={seconds}",
               manners={"block_window": window})
    )  # fmt: skip
    assert done.returncode == code, done.stderr
    assert ("1 host sent a block page and no real page since" in done.stderr) is (code == 1)


def test_an_interrupted_run_is_not_checked(farsite: Farsite, commands: Commands, tmp_path: Path) -> None:
    """It is short because it was asked to be."""
    urls = [farsite.url(f"/slow/0.1/jpeg-rgb.jpg?{number}") for number in range(500)]
    files = dataset.write(tmp_path, dataset.one_user(urls))
    run = commands.start("crawl", "mastodon", *files.arguments, "-s", "HARVESTER_MIN_IMAGES=500")
    deadline = time.monotonic() + 30
    while farsite.counts()["requests"] < 10:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    run.send_signal(signal.SIGINT)
    _, stderr = run.communicate(timeout=60)
    assert run.returncode == 0, stderr
