"""The catalogue is deleted, moved or replaced while a crawl runs: one sentence, exit code 1, and soon."""

import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import dataset_files as dataset
from tests.conftest import Commands
from tests.farsite.process import Farsite

IMAGES = 300
SENTENCE = "was deleted, moved or replaced while it was in use"


def _delete_catalogue(data: Path) -> None:
    (data / "catalogue.db").unlink()


def _delete_data(data: Path) -> None:
    shutil.rmtree(data, ignore_errors=True)


def _move_data(data: Path) -> None:
    data.rename(data.with_name("elsewhere"))


def _replace_catalogue(data: Path) -> None:
    shutil.copy(data / "catalogue.db", data / "copy.db")
    (data / "copy.db").rename(data / "catalogue.db")


def _wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "the crawl does not get going"
        time.sleep(0.05)


def _assert_one_sentence(run: subprocess.Popen[str]) -> None:
    _, stderr = run.communicate(timeout=60)
    assert run.returncode == 1, stderr
    assert stderr.count(SENTENCE) == 1, stderr
    assert "Traceback" not in stderr
    assert "(finished)" not in stderr


@pytest.mark.parametrize("change", [_delete_catalogue, _delete_data, _move_data, _replace_catalogue])
def test_a_catalogue_that_goes_away_stops_the_run(
    farsite: Farsite, commands: Commands, tmp_path: Path, change: Callable[[Path], None]
) -> None:
    """The run stops at the next image, not at its end."""
    urls = [farsite.url(f"/slow/0.1/jpeg-rgb.jpg?{number}") for number in range(IMAGES)]
    files = dataset.write(tmp_path / "input", dataset.one_user(urls))
    run = commands.start("crawl", "mastodon", *files.arguments)
    _wait_for(lambda: farsite.counts()["requests"] > 20)
    change(commands.data)
    _assert_one_sentence(run)
    assert farsite.counts()["requests"] < IMAGES / 2


def test_a_moved_catalogue_stops_a_run_that_waits(farsite: Farsite, commands: Commands, tmp_path: Path) -> None:
    """Nothing is recorded while every host is slow; the progress line finds out."""
    urls = [farsite.url(f"/slow/60/jpeg-rgb.jpg?{number}") for number in range(40)]
    files = dataset.write(tmp_path / "input", dataset.one_user(urls))
    run = commands.start("crawl", "mastodon", *files.arguments, "-s", "DOWNLOAD_TIMEOUT=5")
    _wait_for(lambda: farsite.counts()["requests"] > 4)
    _move_data(commands.data)
    _assert_one_sentence(run)
    assert farsite.counts()["requests"] < len(urls)


def test_a_moved_data_directory_continues_at_its_new_place(
    farsite: Farsite, commands: Commands, tmp_path: Path
) -> None:
    """What was recorded until then is in the moved catalogue, and nothing is fetched twice that is recorded there."""
    urls = [farsite.url(f"/slow/0.1/jpeg-rgb.jpg?{number}") for number in range(60)]
    files = dataset.write(tmp_path / "input", dataset.one_user(urls))
    run = commands.start("crawl", "mastodon", *files.arguments)
    _wait_for(lambda: farsite.counts()["requests"] > 20)
    _move_data(commands.data)
    run.communicate(timeout=60)
    commands.data = commands.data.with_name("elsewhere")
    done = dataset.rows(commands.data, "SELECT key FROM images WHERE status = 'done'")
    farsite.clear()
    commands.crawl(files)
    assert done
    assert dataset.rows(commands.data, "SELECT count(*) FROM images WHERE status = 'done'") == [(60,)]
    paths = farsite.counts()["paths"]
    assert [key for (key,) in done if any(key.endswith(path) for path in paths)] == []
