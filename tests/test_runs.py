"""Runs that are stopped, killed, watched or asked about."""

import contextlib
import json
import os
import pty
import shutil
import signal
import sqlite3
import subprocess
import time
from pathlib import Path

from tests import dataset_files as dataset
from tests.conftest import Commands
from tests.farsite.process import Farsite


def _wait_for_requests(farsite: Farsite, number: int) -> None:
    deadline = time.monotonic() + 30
    while farsite.counts()["requests"] < number:
        assert time.monotonic() < deadline, "the crawl does not get going"
        time.sleep(0.05)


def test_ctrl_c_stops_cleanly_and_the_same_command_continues(
    farsite: Farsite, commands: Commands, tmp_path: Path
) -> None:
    """One SIGINT: the status file is written, the rest is pending; the next run does the rest and nothing twice."""
    urls = [farsite.url(f"/slow/0.05/jpeg-rgb.jpg?{number}") for number in range(300)]
    files = dataset.write(tmp_path, dataset.one_user(urls))
    run = commands.start("crawl", "mastodon", *files.arguments)
    _wait_for_requests(farsite, 20)
    run.send_signal(signal.SIGINT)
    _, stderr = run.communicate(timeout=60)
    assert run.returncode == 0, stderr
    assert "the same command continues" in stderr
    entries = [entry for post in dataset.status(commands.data)["0"].values() for entry in post]
    done = sum(entry["success"] for entry in entries)
    assert len(entries) == len(urls)
    assert 0 < done < len(urls)
    assert {entry["error"] for entry in entries if not entry["success"]} == {"pending"}
    commands.crawl(files)
    request_counts = farsite.counts()["paths"]
    assert all(request_counts[f"/slow/0.05/jpeg-rgb.jpg?{number}"] == 1 for number in range(300))
    assert dataset.rows(commands.data, "SELECT DISTINCT status FROM images") == [("done",)]


def test_a_second_ctrl_c_stops_at_once_and_still_writes_the_status(
    farsite: Farsite, commands: Commands, tmp_path: Path
) -> None:
    """Two SIGINTs do not wait for a slow host; the status file and the run record are written all the same."""
    urls = [farsite.url(f"/slow/60/jpeg-rgb.jpg?{number}") for number in range(8)]
    files = dataset.write(tmp_path, dataset.one_user([farsite.url("/photo/1.jpg"), *urls]))
    run = commands.start("crawl", "mastodon", *files.arguments, "-s", "DOWNLOAD_TIMEOUT=120")
    _wait_for_requests(farsite, 6)
    run.send_signal(signal.SIGINT)
    time.sleep(1)
    run.send_signal(signal.SIGINT)
    _, stderr = run.communicate(timeout=30)
    assert "Traceback" not in stderr
    assert len(dataset.status(commands.data)["0"]) == 9
    assert dataset.rows(commands.data, "SELECT outcome FROM runs") == [("forced",)]


def test_one_concurrent_request_is_enough(farsite: Farsite, commands: Commands, tmp_path: Path) -> None:
    """With CONCURRENT_REQUESTS=1 a dead host holds up nothing for ever."""
    urls = ["http://127.0.0.1:9/x.jpg", "http://127.0.0.1:9/y.jpg", farsite.url("/photo/1.jpg")]
    commands.crawl(dataset.write(tmp_path, dataset.one_user(urls)), "-s", "CONCURRENT_REQUESTS=1")
    assert dataset.rows(commands.data, "SELECT status, reason FROM images ORDER BY id") == [
        ("failed", "connection"),
        ("failed", "connection"),
        ("done", ""),
    ]


def test_crawls_of_two_collections_may_begin_at_once(farsite: Farsite, commands: Commands, tmp_path: Path) -> None:
    """Two crawls that make the same new catalogue at the same moment both end well, and nothing is lost."""
    files = dataset.write(tmp_path, dataset.one_user([farsite.url(f"/numbered/{number}.jpg") for number in range(60)]))
    both = [
        commands.start("crawl", "mastodon", *files.arguments, "-a", f"output={tmp_path / name}") for name in ("a", "b")
    ]
    for run in both:
        _, stderr = run.communicate(timeout=60)
        assert run.returncode == 0, stderr
    assert dataset.rows(commands.data, "SELECT status, count(*) FROM images GROUP BY status") == [("done", 120)]
    assert commands.scrapy("verify").returncode == 0


def test_the_same_collection_is_not_crawled_twice_at_once(farsite: Farsite, commands: Commands, tmp_path: Path) -> None:
    """The second is refused with exit code 2 and the process of the first; status, why and verify run beside it."""
    urls = [farsite.url(f"/slow/0.1/jpeg-rgb.jpg?{number}") for number in range(1000)]
    files = dataset.write(tmp_path, dataset.one_user(urls))
    first = commands.start("crawl", "mastodon", *files.arguments)
    _wait_for_requests(farsite, 20)
    second = commands.scrapy("crawl", "mastodon", *files.arguments, "--nolog")
    assert second.returncode == 2
    assert f"(process {first.pid}) is already running" in second.stderr
    assert commands.scrapy("verify", "--repair").returncode == 2
    assert commands.scrapy("forget", urls[0]).returncode == 2
    assert commands.scrapy("status").returncode == 1
    assert commands.scrapy("why", urls[0]).returncode == 0
    beside = commands.scrapy("verify")
    assert beside.returncode == 0, beside.stdout
    assert first.poll() is None, "the first crawl ended too early to show anything"
    first.kill()
    first.communicate()
    assert commands.scrapy("verify", "--repair").returncode == 0


def test_partly_recorded_discoveries_are_not_forgotten(farsite: Farsite, commands: Commands, tmp_path: Path) -> None:
    """A run killed while it still reads its input: status says so with exit code 1, and the next run reads on."""
    files = dataset.write(tmp_path, dataset.one_user([farsite.url(f"/numbered/{number}.jpg") for number in range(30)]))
    commands.crawl(files)
    with sqlite3.connect(commands.data / "catalogue.db") as connection:
        connection.execute("UPDATE collections SET discovered_from = NULL")
        connection.execute("DELETE FROM placements WHERE id > 20")
        connection.execute("DELETE FROM images WHERE id > 20")
    status = commands.scrapy("status")
    assert status.returncode == 1
    assert "Not all images for" in status.stderr
    commands.crawl(files)
    assert commands.scrapy("status").returncode == 0
    assert dataset.rows(commands.data, "SELECT status, count(*) FROM images GROUP BY status") == [("done", 30)]


def test_a_missing_output_does_not_hide_the_summary(farsite: Farsite, commands: Commands, tmp_path: Path) -> None:
    """Where a status file cannot be written, status prints the summary all the same, says so, and exits with 1."""
    output = tmp_path / "out"
    files = dataset.write(tmp_path, dataset.one_user([farsite.url("/photo/1.jpg")]))
    commands.crawl(files, "-a", f"output={output}")
    shutil.rmtree(output)
    output.write_bytes(b"")
    status = commands.scrapy("status")
    assert status.returncode == 1
    assert "expected" in status.stdout
    assert "download_status.json cannot be written" in status.stderr


def test_a_killed_run_is_completed_by_the_next(farsite: Farsite, commands: Commands, tmp_path: Path) -> None:
    """After SIGKILL the same command does what is pending; nothing is lost, no part of a file has a final name."""
    urls = [farsite.url(f"/slow/0.02/jpeg-rgb.jpg?{number}") for number in range(200)]
    files = dataset.write(tmp_path, dataset.one_user(urls))
    run = commands.start("crawl", "mastodon", *files.arguments)
    _wait_for_requests(farsite, 50)
    run.kill()
    run.communicate()
    commands.crawl(files)
    assert dataset.rows(commands.data, "SELECT status, count(*) FROM images GROUP BY status") == [("done", 200)]
    assert len(list((commands.data / "images/mastodon").glob("0_*.jpg"))) == 200


def test_jobdir_neither_loses_nor_repeats_an_image(farsite: Farsite, commands: Commands, tmp_path: Path) -> None:
    """With JOBDIR, tickets kept on disk by a stopped run are empty in the next one; every image is fetched once."""
    urls = [farsite.url(f"/slow/0.05/jpeg-rgb.jpg?{number}") for number in range(120)]
    files = dataset.write(tmp_path, dataset.one_user(urls))
    jobdir = ("-s", f"JOBDIR={tmp_path / 'job'}")
    run = commands.start("crawl", "mastodon", *files.arguments, *jobdir)
    _wait_for_requests(farsite, 20)
    run.send_signal(signal.SIGINT)
    run.communicate(timeout=60)
    commands.crawl(files, *jobdir)
    request_counts = farsite.counts()["paths"]
    assert all(request_counts[f"/slow/0.05/jpeg-rgb.jpg?{number}"] == 1 for number in range(120))


def test_concurrent_requests_per_host_are_bounded(farsite: Farsite, commands: Commands, tmp_path: Path) -> None:
    """At the server: never more than CONCURRENT_REQUESTS_PER_DOMAIN requests of one host at a time, on three hosts."""
    urls = [
        farsite.url(f"/slow/0.1/jpeg-rgb.jpg?{number}", f"127.0.0.{1 + host}")
        for host in range(3)
        for number in range(40)
    ]
    files = dataset.write(tmp_path, dataset.one_user(urls))
    commands.crawl(files, "-s", "CONCURRENT_REQUESTS_PER_DOMAIN=3", "-s", "AUTOTHROTTLE_TARGET_CONCURRENCY=50")
    peaks = farsite.counts()["peak_concurrency"]
    assert len(peaks) == 3
    assert 1 < max(peaks.values()) <= 3


def test_a_silent_host_does_not_hold_up_the_others(farsite: Farsite, commands: Commands, tmp_path: Path) -> None:
    """The URLs of a host that never answers come first in the file; the others are done while it times out."""
    silent = [farsite.url(f"/slow/60/jpeg-rgb.jpg?{number}", "127.0.0.2") for number in range(14)]
    good = [farsite.url(f"/numbered/{number}.jpg") for number in range(100)]
    files = dataset.write(tmp_path, dataset.one_user(silent + good))
    commands.crawl(files, "-s", "RETRY_TIMES=0", "-s", "DOWNLOAD_TIMEOUT=1.5", "-s", "CONCURRENT_REQUESTS=10")
    log = [entry for entry in farsite.log() if entry["path"] != "/robots.txt"]
    last_good = max(entry["n"] for entry in log if "numbered" in entry["path"])
    assert sum(entry["n"] < last_good for entry in log if "/slow/" in entry["path"]) <= 12
    assert dataset.rows(commands.data, "SELECT status, reason, count(*) FROM images GROUP BY status ORDER BY 1") == [
        ("done", "", 100),
        ("failed", "timeout", 14),
    ]


def test_status_prints_a_summary_that_adds_up(farsite: Farsite, commands: Commands, tmp_path: Path) -> None:
    """expected = done + failed + skipped + pending; exit code 1 while something failed, 0 when nothing did."""
    urls = [farsite.url("/photo/1.jpg"), farsite.url("/status/404"), farsite.url("/kind/bomb.png")]
    commands.crawl(dataset.write(tmp_path, dataset.one_user(urls)))
    (commands.data / "download_status.json").unlink()
    status = commands.scrapy("status", "--json")
    (summary,) = json.loads(status.stdout)
    assert status.returncode == 1
    assert summary == {
        "site": "mastodon",
        "expected": 3,
        "done": 1,
        "failed": {"http-gone": 1},
        "skipped": {"too-many-pixels": 1},
        "pending": 0,
        "listings": [],
    }
    assert len(dataset.status(commands.data)["0"]) == 3
    table = commands.scrapy("status")
    assert table.returncode == 1
    assert "too-many-pixels" in table.stdout


def test_status_exits_with_0_when_all_is_settled(farsite: Farsite, commands: Commands, tmp_path: Path) -> None:
    """Exit code 0 when every image is done or skipped."""
    urls = [farsite.url("/photo/1.jpg"), farsite.url("/kind/bomb.png")]
    commands.crawl(dataset.write(tmp_path, dataset.one_user(urls)))
    assert commands.scrapy("status").returncode == 0


def test_nolog_is_quiet(farsite: Farsite, commands: Commands, tmp_path: Path) -> None:
    """With --nolog a crawl says nothing at all."""
    done = commands.crawl(dataset.write(tmp_path, dataset.one_user([farsite.url("/photo/1.jpg")])), "--nolog")
    assert done.stdout == done.stderr == ""


def test_on_a_terminal_the_progress_line_is_redrawn(farsite: Farsite, commands: Commands, tmp_path: Path) -> None:
    """On a terminal the state is redrawn in place, log lines stand above it, and the summary follows at the end."""
    urls = [farsite.url(f"/slow/0.4/jpeg-rgb.jpg?{number}") for number in range(30)]
    files = dataset.write(tmp_path, dataset.one_user([*urls, farsite.url("/status/404")]))
    leader, follower = pty.openpty()
    os.set_blocking(leader, False)
    options = commands.options() | {"stdout": follower, "stderr": follower}
    with subprocess.Popen(commands.command("crawl", "mastodon", *files.arguments), **options) as run:
        os.close(follower)
        output = b""
        while run.poll() is None:
            time.sleep(0.1)
            with contextlib.suppress(OSError):
                output += os.read(leader, 1 << 16)
    with contextlib.suppress(OSError):
        output += os.read(leader, 1 << 16)
    os.close(leader)
    text = output.decode()
    assert "\x1b[2K" in text
    assert "waiting for" in text
    assert "[harvester.crawl.progress]" not in text
    assert "│   http-gone │      1 │" in text


def test_progress_without_a_terminal_is_plain_lines(farsite: Farsite, commands: Commands, tmp_path: Path) -> None:
    """Every LOGSTATS_INTERVAL seconds one line: done, failed, skipped, pending, speed, host waited for."""
    urls = [farsite.url(f"/slow/0.4/jpeg-rgb.jpg?{number}") for number in range(40)]
    done = commands.crawl(dataset.write(tmp_path, dataset.one_user(urls)))
    lines = [line for line in done.stderr.splitlines() if "[harvester.crawl.progress] INFO" in line]
    assert len(lines) >= 2
    assert "0 failed, 0 skipped of 40" in lines[-1]
    assert "images/s" in lines[-1]
    first = lines[0]  # in the last one everything may have come already
    assert "waiting for" in first
    assert "127.0.0.1" in first
