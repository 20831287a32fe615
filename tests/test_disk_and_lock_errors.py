"""Full or read-only disks, locked catalogues, clocks that jump: a sentence, a stopped run, no damage."""

import os
import resource
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import dataset_files as dataset
from tests.conftest import Commands
from tests.farsite.process import Farsite

MB = 2**20


@dataclass
class SmallDisk:
    """A folder with little room: a tmpfs where we may mount one, else files of this process's children are bounded."""

    commands: Commands
    mounted: bool
    max_file_bytes: int | None = None

    def scrapy(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A command on it."""
        options = self.commands.options() | {"preexec_fn": self._file_size_limit()}
        return subprocess.run(self.commands.command(*arguments), **options, timeout=120, check=False)

    def make_room(self) -> None:
        """The user cleans up."""
        self.max_file_bytes = None
        if self.mounted:
            _mount(self.commands.data, "remount,size=200m")

    def _file_size_limit(self) -> Callable[[], None] | None:
        max_bytes = self.max_file_bytes
        if max_bytes is None:
            return None
        return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (max_bytes, max_bytes))


@contextmanager
def small_disk(commands: Commands, size: int) -> Iterator[SmallDisk]:
    """The data directory lies on a disk of `size` bytes."""
    commands.data.mkdir()
    mounted = _mount(commands.data, f"size={size}")
    try:
        yield SmallDisk(commands, mounted, None if mounted else size // 10)
    finally:
        if mounted:
            subprocess.run(["umount", "-l", str(commands.data)], check=True)


def _mount(folder: Path, options: str) -> bool:
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], check=False, capture_output=True
    )
    return done.returncode == 0


def _photos(farsite: Farsite, number: int) -> list[str]:
    return [farsite.url(f"/photo/{n}.jpg?width=400&height=300") for n in range(number)]


def _assert_no_traceback(done: subprocess.CompletedProcess[str]) -> None:
    assert "Traceback" not in done.stderr, done.stderr
    assert "sqlalche.me" not in done.stderr, done.stderr


def _assert_complete(commands: Commands, images: int) -> None:
    assert dataset.rows(commands.data, "SELECT status, count(*) FROM images GROUP BY status") == [("done", images)]
    verified = commands.scrapy("verify")
    assert verified.returncode == 0, verified.stdout
    assert len(dataset.status(commands.data)["0"]) == images


@pytest.mark.parametrize("megabytes", [0.5, 1.5, 3])
def test_a_full_disk_stops_the_run_and_loses_nothing(
    farsite: Farsite, commands: Commands, tmp_path: Path, megabytes: float
) -> None:
    """Full before the catalogue exists, while listing or while storing: one sentence; with room it goes on."""
    files = dataset.write(tmp_path, dataset.one_user(_photos(farsite, 150)))
    with small_disk(commands, int(megabytes * MB)) as disk:
        full = disk.scrapy("crawl", "mastodon", *files.arguments)
        assert full.returncode in (1, 2), full.stderr
        assert "cannot be written" in full.stderr, full.stderr
        _assert_no_traceback(full)
        disk.make_room()
        commands.crawl(files)
        _assert_complete(commands, 150)


def test_no_room_for_the_write_ahead_log_stops_the_run(farsite: Farsite, commands: Commands, tmp_path: Path) -> None:
    """Pictures still fit, the log of the database does not grow any more: one sentence; with room it goes on."""
    files = dataset.write(tmp_path, dataset.one_user([farsite.url(f"/numbered/{n}.jpg") for n in range(1500)]))
    disk = SmallDisk(commands, mounted=False, max_file_bytes=400_000)
    full = disk.scrapy("crawl", "mastodon", *files.arguments)
    assert full.returncode == 1, full.stderr
    assert "The run stops: The catalogue" in full.stderr, full.stderr
    _assert_no_traceback(full)
    disk.make_room()
    commands.crawl(files, "-s", "AUTOTHROTTLE_ENABLED=0")
    _assert_complete(commands, 1500)


@contextmanager
def _read_only(folder: Path) -> Iterator[None]:
    """A read-only mount for root, who is stopped by nothing else; modes for everybody else."""
    if os.geteuid():
        folder.chmod(0o555)
        yield
        folder.chmod(0o755)
    elif subprocess.run(["mount", "--bind", "-o", "ro", str(folder), str(folder)], check=False).returncode == 0:
        yield
        subprocess.run(["umount", "-l", str(folder)], check=True)
    else:
        pytest.fail("root without the right to mount: a read-only folder cannot be tried here; run as another user")


def test_a_read_only_folder_is_reported(farsite: Farsite, commands: Commands, tmp_path: Path) -> None:
    """A new crawl and a second one are refused with a sentence; looking works all the same."""
    files = dataset.write(tmp_path, dataset.one_user(_photos(farsite, 3)))
    commands.data.mkdir()
    with _read_only(commands.data):
        _assert_refused(commands, files)
    commands.crawl(files)
    with _read_only(commands.data):
        _assert_refused(commands, files)
        for words in (("verify",), ("why", "1")):
            done = commands.scrapy(*words)
            assert done.returncode == 0, done.stderr + done.stdout
            _assert_no_traceback(done)
    _assert_complete(commands, 3)


def _assert_refused(commands: Commands, files: dataset.DataSet) -> None:
    done = commands.scrapy("crawl", "mastodon", *files.arguments)
    assert done.returncode in (1, 2)
    assert "cannot be" in done.stderr
    _assert_no_traceback(done)


def test_a_locked_catalogue_is_waited_for_and_then_reported(
    farsite: Farsite, commands: Commands, tmp_path: Path
) -> None:
    """Another program keeps a write lock: the run waits, then ends with a sentence, and nothing is lost."""
    files = dataset.write(tmp_path, dataset.one_user(_photos(farsite, 3)))
    commands.crawl(files)
    with sqlite3.connect(commands.data / "catalogue.db", isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        commands.environment["HARVESTER_CATALOGUE"] = f"sqlite:///{commands.data / 'catalogue.db'}?timeout=3"
        began = time.monotonic()
        done = commands.scrapy("crawl", "mastodon", *files.arguments)
        assert time.monotonic() - began > 3, "not waited for"
        assert done.returncode == 2
        assert "has been locked by another process for too long" in done.stderr
        _assert_no_traceback(done)
        assert commands.scrapy("status", "--json").returncode == 0
        other.execute("ROLLBACK")
    other.close()
    commands.crawl(files)
    _assert_complete(commands, 3)


@pytest.mark.parametrize("hours", [-30_000, 3])
def test_a_jumping_clock_loses_nothing(farsite: Farsite, commands: Commands, tmp_path: Path, hours: int) -> None:
    """The clock is set back by years, or on, in the middle of a run: every image is done, the next run is content."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site/sitecustomize.py").write_text(
        "import time\n"
        "true, began = time.time, time.monotonic()\n"
        f"time.time = lambda: true() + ({hours * 3600} if time.monotonic() - began > 2 else 0)\n"
    )
    files = dataset.write(tmp_path, dataset.one_user(_photos(farsite, 60)))
    commands.environment["PYTHONPATH"] = str(tmp_path / "site")
    commands.crawl(files, "-s", "DOWNLOAD_DELAY=0.05")
    del commands.environment["PYTHONPATH"]
    farsite.clear()
    commands.crawl(files)
    assert farsite.counts()["requests"] == 0
    _assert_complete(commands, 60)


def test_ctrl_c_during_startup_leaves_no_traceback(commands: Commands) -> None:
    """While spiders are still being loaded: no traceback, no data directory."""
    run = commands.start("crawl", "mastodon", "-a", "posts=/dev/zero")
    status = Path(f"/proc/{run.pid}/status")
    while run.poll() is None and not _is_loading_spiders(status):
        time.sleep(0.005)
    run.send_signal(signal.SIGINT)
    _, stderr = run.communicate(timeout=30)
    assert "Traceback" not in stderr
    assert not commands.data.exists()


def _is_loading_spiders(status: Path) -> bool:
    return "numpy" in Path(status.parent / "maps").read_text()
