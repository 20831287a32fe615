"""SIGKILL at any moment loses nothing: a hundred random kills over one crawl, then its counts against the server's."""

import random
from pathlib import Path

import pytest

from harvester.storage.blobs import digest
from tests import dataset_files as dataset
from tests.conftest import Commands
from tests.farsite import pictures
from tests.farsite.process import Farsite
from tests.killed_crawls import KilledCrawls

SLOW_CRAWL = ("-s", "DOWNLOAD_DELAY=0.05")
"""So that the work lasts for all the lives."""


def _expected_outcomes(farsite: Farsite, images: int) -> dict[str, str]:
    """URL -> sha256 of the picture the server offers there, or the reason why there is none."""
    png = digest(pictures.KINDS["png-rgba.png"]())
    expected = {f"/numbered/{n}.jpg": digest(pictures.numbered(n)) for n in range(images * 85 // 100)}
    expected |= {f"/kind/png-rgba.png?{n}": png for n in range(images * 10 // 100)}
    expected |= {f"/status/404?{n}": "http-gone" for n in range(images * 3 // 100)}
    expected |= {f"/html-200?{n}": "not-an-image" for n in range(images * 2 // 100)}
    paths = list(expected)
    random.Random(7).shuffle(paths)
    return {farsite.url(path, f"127.0.0.{1 + number % 3}"): expected[path] for number, path in enumerate(paths)}


@pytest.mark.parametrize(("kills", "images", "jobdir"), [(100, 3000, False), (20, 600, True)])
def test_a_hundred_kills_lose_nothing(
    farsite: Farsite,
    commands: Commands,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    kills: int,
    images: int,
    jobdir: bool,
) -> None:
    """Killed at random moments and at random changes of files, with and without JOBDIR: all is there, whole, once."""
    expected = _expected_outcomes(farsite, images)
    files = dataset.write(tmp_path, dataset.one_user(list(expected)))
    job = ("-s", f"JOBDIR={tmp_path / 'job'}") if jobdir else ()
    crawls = KilledCrawls(commands.data, (*files.arguments, *SLOW_CRAWL, *job))
    rng = random.Random(kills)
    killed = 0
    while killed < kills:
        if killed < kills // 10:  # around the first writes
            killed += crawls.run_once(changes=1 + killed)
        elif killed % 2:
            killed += crawls.run_once(changes=rng.randint(1, 150))
        else:
            killed += crawls.run_once(seconds=rng.uniform(0.3, 1.0))
        assert _count_pending(commands) > 0, f"done after {killed} kills already: there must be more work"
    pending = _count_pending(commands)
    commands.crawl(files, "-s", "AUTOTHROTTLE_ENABLED=0", *job)
    corrupt, lost, duplicated = _count_differences(commands, expected)
    with capsys.disabled():
        print(f"\n{kills} kills, {len(expected)} images ({len(expected) - pending} before the clean run): "
              f"corrupt {corrupt}, lost {lost}, duplicates {duplicated}")  # fmt: skip
    assert (corrupt, lost, duplicated) == (0, 0, 0)
    assert not list(commands.data.rglob("*.part"))
    verified = commands.scrapy("verify")
    assert verified.returncode == 0, verified.stdout
    assert "unreferenced" not in verified.stdout
    _assert_the_status_file_agrees(commands, expected)
    _assert_the_log_has_every_image_once(commands, expected)


def _count_pending(commands: Commands) -> int:
    if not (commands.data / "catalogue.db").exists():
        return 1
    if not dataset.rows(commands.data, "SELECT name FROM sqlite_master WHERE name = 'collections'"):
        return 1
    if not dataset.rows(commands.data, "SELECT 1 FROM collections WHERE discovered_from IS NOT NULL"):
        return 1
    ((count,),) = dataset.rows(commands.data, "SELECT count(*) FROM images WHERE status = 'pending'")
    return int(count)


def _count_differences(commands: Commands, expected: dict[str, str]) -> tuple[int, int, int]:
    """Torn, lost and doubled: files, rows and names against what the server offers."""
    blobs = {path.stem: path for path in (commands.data / "blobs").rglob("*") if path.is_file()}
    images = {path.name: path for path in (commands.data / "images/mastodon").iterdir()}
    sha256s = {outcome for outcome in expected.values() if len(outcome) == 64}
    columns = "key, status, reason, sha256, name, file, file_sha256"
    query = f"SELECT {columns} FROM images JOIN placements ON image_id = images.id"
    rows = dataset.rows(commands.data, query)
    corrupt = sum(digest(path.read_bytes()) != sha256 for sha256, path in blobs.items())
    lost = len(sha256s - blobs.keys()) + len(expected.keys() - {row[0] for row in rows})
    for key, status, reason, sha256, name, file, file_sha256 in rows:
        if len(expected[key]) == 64:
            lost += (status, sha256, file) != ("done", expected[key], f"{name}.jpg") or file not in images
            corrupt += file in images and digest(images[file].read_bytes()) != file_sha256
        else:
            lost += (status, reason) != ("failed", expected[key])
    recorded = {sha256 for (sha256,) in dataset.rows(commands.data, "SELECT sha256 FROM blobs")}
    duplicated = len(rows) - len({row[0] for row in rows}) + len(blobs.keys() ^ recorded)
    duplicated += len(images.keys() - {row[5] for row in rows})
    return corrupt, lost, duplicated


def _assert_the_status_file_agrees(commands: Commands, expected: dict[str, str]) -> None:
    entries = [entry for post in dataset.status(commands.data)["0"].values() for entry in post]
    assert len(entries) == len(expected)
    assert {entry["url"]: entry["success"] for entry in entries} == {
        url: len(outcome) == 64 for url, outcome in expected.items()
    }


def _assert_the_log_has_every_image_once(commands: Commands, expected: dict[str, str]) -> None:
    lines = (commands.data / "image_download.log").read_text(encoding="utf-8").splitlines()
    columns = [line.split("\t") for line in lines]
    outcomes = sorted((line[3], line[4]) for line in columns if line[1] != "summary")  # sha256 or reason
    assert outcomes == sorted(expected.items())
