"""A run whose every image failed for one reason says so, with what to do, and exits with 1."""

import subprocess
from pathlib import Path

import pytest

from harvester.crawl.run.common_failure import WARN_AFTER
from harvester.reasons import REASONS, advise
from tests import dataset_files as dataset
from tests.conftest import Commands
from tests.dataset_files import DataSet
from tests.farsite.process import Farsite

ADVICE = "set HARVESTER_ALLOW_NETWORKS or HARVESTER_ALLOW_PORTS; the same command tries again with -a retry=all."
AT_ONCE, AT_THE_END = f"The first {WARN_AFTER} images of this run failed: ", "The run ended below expectations: All "


def _crawl(commands: Commands, files: DataSet, *options: str) -> subprocess.CompletedProcess[str]:
    done = commands.scrapy("crawl", "mastodon", *files.arguments, *options)
    assert "Traceback" not in done.stderr, done.stderr
    return done


def _files(farsite: Farsite, folder: Path, *paths: str) -> DataSet:
    return dataset.write(folder, dataset.one_user([farsite.url(path) for path in paths]))


@pytest.mark.parametrize("images", [1, WARN_AFTER + 30])
def test_a_forgotten_setting_is_told_at_once_and_at_the_end(
    farsite: Farsite, commands: Commands, tmp_path: Path, images: int
) -> None:
    """The sentence names the setting and how to try again, which then works; the next run tells it, too."""
    files = _files(farsite, tmp_path, *(f"/numbered/{number}.jpg" for number in range(images)))
    commands.environment["HARVESTER_ALLOW_NETWORKS"] = ""
    done = _crawl(commands, files)
    assert done.returncode == 1
    assert (AT_ONCE in done.stderr) is (images > WARN_AFTER)
    assert done.stderr.count(AT_THE_END) == 1
    assert done.stderr.count(ADVICE) == 1 + (images > WARN_AFTER)
    assert "blocked-address (127.0.0.1 is loopback; HARVESTER_ALLOW_NETWORKS does not name it)" in done.stderr
    if images > WARN_AFTER:
        assert done.stderr.index(AT_ONCE) < done.stderr.index("This run (finished)")
    idle = _crawl(commands, files)
    assert idle.returncode == 1
    assert f"of this collection failed: blocked-address. If you trust these addresses, {ADVICE}" in idle.stderr
    del commands.environment["HARVESTER_ALLOW_NETWORKS"]
    commands.crawl(files, "-a", "retry=all")


def test_images_without_a_usable_address_count(commands: Commands, tmp_path: Path) -> None:
    """No image of this data set is even tried."""
    done = _crawl(commands, dataset.write(tmp_path, dataset.one_user(["/a.jpg", "ftp://files.example.social/b.jpg"])))
    assert done.returncode == 1
    assert f"{AT_THE_END}2 images of this collection failed: bad-url. Correct the input." in done.stderr


@pytest.mark.parametrize("paths", [("/status/404?1", "/html-200?1"), ("/status/404?1", "/photo/1.jpg")])
def test_different_outcomes_are_no_common_failure(
    farsite: Farsite, commands: Commands, tmp_path: Path, paths: tuple[str, ...]
) -> None:
    """Two reasons, or an image that came."""
    done = commands.crawl(_files(farsite, tmp_path, *paths))
    assert AT_THE_END not in done.stderr


def test_only_old_failures_are_no_common_failure(farsite: Farsite, commands: Commands, tmp_path: Path) -> None:
    """A daily run over a collection with one dead address is well; when a new image fails, too, it is not."""
    paths = ("/photo/1.jpg", "/status/503?1")
    for _ in range(2):
        commands.crawl(_files(farsite, tmp_path, *paths))
    assert _crawl(commands, _files(farsite, tmp_path, *paths, "/status/503?2")).returncode == 1


@pytest.mark.parametrize("word", [word for word, reason in REASONS.items() if reason.status == "failed"])
def test_every_failure_has_advice(word: str) -> None:
    """A sentence, short enough for a screen; how to try again is true."""
    advice = advise(word)
    assert len(advice) < 160
    assert advice.endswith(".")
    assert ("tries again." in advice) is REASONS[word].temporary
