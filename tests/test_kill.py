"""SIGKILL at any moment loses nothing: a hundred random kills over one crawl, then the books against the server's."""

import random
from pathlib import Path

import pytest

from harvester.blobs import digest
from tests import dataset
from tests.conftest import Commands
from tests.farsite import pictures
from tests.farsite.process import Farsite
from tests.mortal import Mortals

SLOWLY = ("-s", "DOWNLOAD_DELAY=0.05")
"""So that the work lasts for all the lives."""


def _offered(farsite: Farsite, images: int) -> dict[str, str]:
    """URL -> sha256 of the picture the server offers there, or the reason why there is none."""
    png = digest(pictures.KINDS["png-rgba.png"]())
    offered = {f"/numbered/{n}.jpg": digest(pictures.numbered(n)) for n in range(images * 85 // 100)}
    offered |= {f"/kind/png-rgba.png?{n}": png for n in range(images * 10 // 100)}
    offered |= {f"/status/404?{n}": "http-gone" for n in range(images * 3 // 100)}
    offered |= {f"/html-200?{n}": "not-an-image" for n in range(images * 2 // 100)}
    paths = list(offered)
    random.Random(7).shuffle(paths)
    return {farsite.url(path, f"127.0.0.{1 + number % 3}"): offered[path] for number, path in enumerate(paths)}


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
    offered = _offered(farsite, images)
    files = dataset.write(tmp_path, dataset.one_user(list(offered)))
    job = ("-s", f"JOBDIR={tmp_path / 'job'}") if jobdir else ()
    mortals = Mortals(commands.data, (*files.arguments, *SLOWLY, *job))
    chance = random.Random(kills)
    killed = 0
    while killed < kills:
        if killed < kills // 10:  # around the first writes
            killed += mortals.live(changes=1 + killed)
        elif killed % 2:
            killed += mortals.live(changes=chance.randint(1, 150))
        else:
            killed += mortals.live(seconds=chance.uniform(0.3, 1.0))
        assert _owed(commands) > 0, f"done after {killed} kills already: there must be more work"
    left = _owed(commands)
    commands.crawl(files, "-s", "AUTOTHROTTLE_ENABLED=0", *job)
    torn, lost, doubled = _compared(commands, offered)
    with capsys.disabled():
        print(f"\n{kills} kills, {len(offered)} images ({len(offered) - left} before the clean run): "
              f"torn {torn}, lost {lost}, doubled {doubled}")  # fmt: skip
    assert (torn, lost, doubled) == (0, 0, 0)
    assert not list(commands.data.rglob("*.part"))
    sound = commands.scrapy("verify")
    assert sound.returncode == 0, sound.stdout
    assert "unreferenced" not in sound.stdout
    _assert_the_status_file_agrees(commands, offered)


def _owed(commands: Commands) -> int:
    if not (commands.data / "catalogue.db").exists():
        return 1
    if not dataset.rows(commands.data, "SELECT name FROM sqlite_master WHERE name = 'collections'"):
        return 1
    if not dataset.rows(commands.data, "SELECT 1 FROM collections WHERE promised IS NOT NULL"):
        return 1
    ((owed,),) = dataset.rows(commands.data, "SELECT count(*) FROM images WHERE status = 'pending'")
    return int(owed)


def _compared(commands: Commands, offered: dict[str, str]) -> tuple[int, int, int]:
    """Torn, lost and doubled: files, rows and names against what the server offers."""
    blobs = {path.stem: path for path in (commands.data / "blobs").rglob("*") if path.is_file()}
    images = {path.name: path for path in (commands.data / "images/mastodon").iterdir()}
    wanted = {what for what in offered.values() if len(what) == 64}
    query = (
        "SELECT key, status, reason, sha256, name, file, file_sha256 FROM images JOIN sightings ON image_id = images.id"
    )
    rows = dataset.rows(commands.data, query)
    torn = sum(digest(path.read_bytes()) != sha256 for sha256, path in blobs.items())
    lost = len(wanted - blobs.keys()) + len(offered.keys() - {row[0] for row in rows})
    for key, status, reason, sha256, name, file, written in rows:
        if len(offered[key]) == 64:
            lost += (status, sha256, file) != ("done", offered[key], f"{name}.jpg") or file not in images
            torn += file in images and digest(images[file].read_bytes()) != written
        else:
            lost += (status, reason) != ("failed", offered[key])
    recorded = {sha256 for (sha256,) in dataset.rows(commands.data, "SELECT sha256 FROM blobs")}
    doubled = len(rows) - len({row[0] for row in rows}) + len(blobs.keys() ^ recorded)
    doubled += len(images.keys() - {row[5] for row in rows})
    return torn, lost, doubled


def _assert_the_status_file_agrees(commands: Commands, offered: dict[str, str]) -> None:
    entries = [entry for post in dataset.status(commands.data)["0"].values() for entry in post]
    assert len(entries) == len(offered)
    assert {entry["url"]: entry["success"] for entry in entries} == {
        url: len(what) == 64 for url, what in offered.items()
    }
