"""The numbers of a run as Prometheus reads them: a whole file at any moment, and the last ones stay."""

import os
import re
import signal
import stat
import time
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests import dataset_files as dataset
from tests.conftest import ROOT, Commands
from tests.farsite.process import Farsite


@pytest.fixture
def metrics_folder(commands: Commands, tmp_path: Path) -> Path:
    """The folder that node_exporter would read."""
    path = tmp_path / "textfile"
    path.mkdir()
    commands.environment["HARVESTER_METRICS_DIR"] = str(path)
    return path


def _files(metrics_folder: Path) -> list[Path]:
    return sorted(metrics_folder.glob("*.prom"))


def _read_metrics(file: Path) -> dict[tuple[str, str], float]:
    """(metric, the one label that is not the same everywhere) -> value, read by Prometheus' own parser."""
    values = {}
    for family in text_string_to_metric_families(file.read_text(encoding="utf-8")):
        for sample in family.samples:
            assert sample.labels["spider"] == "mastodon"
            values[sample.name, sample.labels.get("status") or sample.labels.get("name", "")] = sample.value
    return values


def _wait_for_metrics(metrics_folder: Path) -> dict[tuple[str, str], float]:
    deadline = time.monotonic() + 30
    while not _files(metrics_folder):
        assert time.monotonic() < deadline, "nothing is written"
        time.sleep(0.05)
    return _read_metrics(_files(metrics_folder)[0])


def test_the_metrics_of_a_run_match_its_summary(
    farsite: Farsite, commands: Commands, tmp_path: Path, metrics_folder: Path
) -> None:
    """Images by status, what is pending, the exit code, both times, and every number of Scrapy's stats."""
    before = time.time()
    urls = [farsite.url("/photo/1.jpg"), farsite.url("/photo/2.jpg"), farsite.url("/status/404")]
    commands.crawl(dataset.write(tmp_path, dataset.one_user(urls)))
    (file,) = _files(metrics_folder)
    assert list(metrics_folder.iterdir()) == [file]
    metrics = _read_metrics(file)
    assert {status: metrics["harvester_run_images", status] for status in ("done", "failed", "skipped")} == {
        "done": 2,
        "failed": 1,
        "skipped": 0,
    }
    assert metrics["harvester_images_pending", ""] == 0
    assert metrics["harvester_run_exit_code", ""] == 0
    start, end = metrics["harvester_run_start_time_seconds", ""], metrics["harvester_run_end_time_seconds", ""]
    assert before < start < end < time.time()
    assert metrics["scrapy_stats", "downloader/response_status_count/404"] == 1
    assert metrics["scrapy_stats", "harvester/failed/http-gone"] == 1
    page = (ROOT / "docs/deploy.md").read_text(encoding="utf-8")
    assert {name for name, _ in metrics} == set(re.findall(r"^\| `((?:harvester|scrapy)_\w+)` \|", page, re.MULTILINE))


@pytest.mark.parametrize("signals", [1, 2])
def test_a_running_crawl_has_metrics_and_a_stopped_one_keeps_its_last(
    farsite: Farsite, commands: Commands, tmp_path: Path, metrics_folder: Path, signals: int
) -> None:
    """No exit code and no end while it runs; both after one SIGTERM, and after a second one too."""
    urls = [farsite.url(f"/slow/60/jpeg-rgb.jpg?{number}") for number in range(4)]
    files = dataset.write(tmp_path, dataset.one_user([farsite.url("/photo/1.jpg"), *urls]))
    run = commands.start("crawl", "mastodon", *files.arguments, "-s", "RETRY_TIMES=0")
    running = _wait_for_metrics(metrics_folder)
    assert ("harvester_run_exit_code", "") not in running
    assert ("harvester_run_end_time_seconds", "") not in running
    for _ in range(signals):
        run.send_signal(signal.SIGTERM)
        time.sleep(1)
    _, stderr = run.communicate(timeout=60)
    assert run.returncode == 0, stderr
    assert _read_metrics(_files(metrics_folder)[0])["harvester_run_exit_code", ""] == 0


def test_metrics_can_be_read_by_another_user(
    farsite: Farsite, commands: Commands, tmp_path: Path, metrics_folder: Path
) -> None:
    """node_exporter is one, and everything else that harvester makes is private."""
    commands.crawl(dataset.write(tmp_path, dataset.one_user([farsite.url("/photo/1.jpg")])))
    (file,) = metrics_folder.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o644


def test_every_collection_has_a_file_of_its_own(
    farsite: Farsite, commands: Commands, tmp_path: Path, metrics_folder: Path
) -> None:
    """The numbers of one output folder never replace those of another."""
    files = dataset.write(tmp_path, dataset.one_user([farsite.url("/photo/1.jpg")]))
    commands.crawl(files)
    commands.crawl(files)
    commands.crawl(files, "-a", f"output={tmp_path / 'elsewhere'}")
    assert len(_files(metrics_folder)) == 2


def test_a_failed_run_is_visible_in_its_metrics(
    farsite: Farsite, commands: Commands, tmp_path: Path, metrics_folder: Path
) -> None:
    """The exit code is that of the command."""
    files = dataset.write(tmp_path, dataset.one_user([farsite.url("/photo/1.jpg")]))
    done = commands.scrapy("crawl", "mastodon", *files.arguments, "-s", "HARVESTER_MIN_IMAGES=2")
    assert done.returncode == 1
    assert _read_metrics(_files(metrics_folder)[0])["harvester_run_exit_code", ""] == 1


def test_a_folder_that_cannot_be_written_to_is_refused(commands: Commands, tmp_path: Path) -> None:
    """One sentence and exit code 2, before anything is touched."""
    files = dataset.write(tmp_path, dataset.one_user(["http://127.0.0.1:9/x.jpg"]))
    missing = f"HARVESTER_METRICS_DIR={tmp_path / 'nowhere'}"
    done = commands.scrapy("crawl", "mastodon", *files.arguments, "-s", missing, "--nolog")
    assert done.returncode == 2
    assert done.stderr == f"Error: {missing}: must be an existing folder that can be written to.\n"
    assert not commands.data.exists()


def test_without_the_setting_there_are_no_metrics(farsite: Farsite, commands: Commands, tmp_path: Path) -> None:
    """Nothing is written anywhere."""
    commands.crawl(dataset.write(tmp_path, dataset.one_user([farsite.url("/photo/1.jpg")])))
    assert [name for _, _, names in os.walk(tmp_path) for name in names if name.endswith(".prom")] == []
