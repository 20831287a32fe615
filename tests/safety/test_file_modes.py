"""What harvester writes is for its user's eyes only."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import dataset_files as dataset
from tests.conftest import Commands
from tests.farsite.imagefap.client import Imagefap
from tests.farsite.process import Farsite


@pytest.fixture(autouse=True)
def _usual_umask() -> Iterator[None]:
    """As most systems have it: without us everybody could read."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def _find_non_private(*folders: Path) -> dict[str, str]:
    """Everything below, and the folders, that others than the user may read, write or enter."""
    paths = [path for folder in folders for path in (folder, *folder.rglob("*"))]
    assert len(paths) > len(folders)
    return {str(path): oct(path.stat().st_mode) for path in paths if stat.S_IMODE(path.stat().st_mode) & 0o077}


def test_all_files_of_three_sites_are_private(commands: Commands, farsite: Farsite, tmp_path: Path) -> None:
    """Catalogue and its log, blobs, pictures, thumbnails, locks, cache, feeds, log files, an output elsewhere."""
    home, output = farsite.url("")[:-1], tmp_path / "elsewhere"
    files = dataset.write(
        tmp_path / "in", dataset.one_user([farsite.url(f"/photo/{number}.jpg") for number in range(4)])
    )
    feed, log, job = tmp_path / "out/items.jsonl", tmp_path / "log.txt", tmp_path / "job"
    commands.crawl(files, "-O", str(feed), "-s", f"LOG_FILE={log}", "-s", f"JOBDIR={job}")
    commands.crawl(files, "-a", f"output={output}", "-s", 'IMAGES_THUMBS={"small": [8, 8]}')
    commands.harvest("civitai", "max_images=5", options=("-s", f"CIVITAI_BASE_URL={home}"))
    commands.harvest("mastodon", f"instance={farsite.url('/m/mastodon')}", "acct=dave", f"output={tmp_path / 'api'}")
    favourites = Imagefap(farsite, "modes").reset()
    commands.harvest("imagefap", "user=alice", options=("-s", f"IMAGEFAP_BASE_URL={favourites.base}"))
    assert commands.scrapy("status").returncode in (0, 1)
    assert _find_non_private(commands.data, output, tmp_path / "api", tmp_path / "out", job) == {}
    assert stat.S_IMODE(log.stat().st_mode) == 0o600


def test_existing_folders_keep_their_mode(commands: Commands, farsite: Farsite, tmp_path: Path) -> None:
    """A folder that the user has opened to others stays open, and new files in it are private all the same."""
    for folder in (commands.data, tmp_path / "shared"):
        folder.mkdir()
        folder.chmod(0o755)
    files = dataset.write(tmp_path / "in", dataset.one_user([farsite.url("/photo/1.jpg")]))
    commands.crawl(files, "-a", f"output={tmp_path / 'shared'}")
    assert set(_find_non_private(commands.data, tmp_path / "shared")) == {str(commands.data), str(tmp_path / "shared")}


def test_files_are_private_while_a_crawl_runs(commands: Commands, farsite: Farsite, tmp_path: Path) -> None:
    """SQLite's log and its shared memory are gone afterwards, so they are looked at meanwhile."""
    slow = [farsite.url(f"/slow/30/jpeg-rgb.jpg?{number}") for number in range(3)]
    files = dataset.write(tmp_path / "in", dataset.one_user([*slow, farsite.url("/photo/1.jpg")]))
    run = commands.start("crawl", "mastodon", *files.arguments, "-s", "DOWNLOAD_TIMEOUT=60")
    try:
        while not (commands.data / "images/mastodon/0_3_0.jpg").exists():
            assert run.poll() is None
        names = {path.name for path in commands.data.rglob("*")}
        assert names >= {"catalogue.db", "catalogue.db-wal", "catalogue.db-shm", "all.lock"}
        assert _find_non_private(commands.data) == {}
    finally:
        run.kill()
        run.communicate()
