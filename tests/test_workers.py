"""The processes that decode: whatever happens to one of them costs at most one picture."""

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from harvester import processes
from harvester.errors import Refused
from harvester.extensions.workers import Worker, WorkerLost, Workers
from harvester.imaging.values import Limits, Options
from harvester.items import ImageItem, Work
from harvester.orders import EXAMINE, STORE, Bounds, Shelves, Step
from harvester.pipelines import convert
from harvester.pipelines.convert import ConvertPipeline
from harvester.workbench import Bench
from tests import dataset
from tests.conftest import ROOT, Commands
from tests.farsite.process import Farsite
from tests.imaging.pictures import encoded, photo


def size_of_body(bench: Bench) -> int:
    """A step: how many bytes lie on the bench."""
    return len(bench.body)


def die(_bench: Bench) -> None:
    """A step: as a decoder does that writes where it must not."""
    os.kill(os.getpid(), signal.SIGSEGV)


def hang(_bench: Bench) -> None:
    """A step: as a decoder does that never ends."""
    time.sleep(60)


def take_a_gigabyte(_bench: Bench) -> int:
    """A step: as a decoder does that believes a damaged header."""
    return len(bytearray(2**30))


HERE = "tests.test_workers"
SIZE, DIE, HANG, GIGABYTE = (f"{HERE}:{step.__name__}" for step in (size_of_body, die, hang, take_a_gigabyte))


def _with_workers(
    tmp_path: Path,
    work: Callable[[Workers], Awaitable[None]],
    options: Options | None = None,
) -> None:
    async def run() -> None:
        shelves = Shelves(tmp_path / "blobs", tmp_path / "output", tmp_path / "thumbs")
        crew = Workers(1, options or Options(), shelves)
        try:
            await work(crew)
        finally:
            crew.close()

    asyncio.run(run())


@pytest.mark.parametrize("size", [0, 1, 70_000, 9_000_000, 10])
def test_a_worker_gets_the_bytes_as_they_are(tmp_path: Path, size: int) -> None:
    """Small and large pictures, also after larger ones."""

    async def work(crew: Workers) -> None:
        worker = await crew.take()
        for length in (size, 2 * size, size // 2):
            assert await worker.do(SIZE, body=bytes(length)) == length

    _with_workers(tmp_path, work)


def test_a_picture_stays_on_the_bench_from_step_to_step(tmp_path: Path) -> None:
    """Its bytes travel once; blob, named copy and hashes come of the same decode."""

    async def work(crew: Workers) -> None:
        worker, data = await crew.take(), encoded(photo(1, 300, 200), "PNG")
        examined = await worker.do(EXAMINE, body=data)
        stored = await worker.do(STORE, {7: "0_0_0"}, {})
        facts = examined.facts
        assert (facts.format, facts.width, facts.height) == ("PNG", 300, 200)
        assert examined.hashes.phash
        assert (tmp_path / stored.blob).read_bytes() == data
        assert stored.files == {7: "0_0_0.jpg"}

    _with_workers(tmp_path, work)


def test_one_begun_early_that_has_ended_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed while the crawl was loading, by whoever: a new one takes its place."""
    monkeypatch.setattr(processes, "_early", [])
    dead = processes.begin()
    dead.process.kill()
    dead.process.wait()
    processes._early.append(dead)
    begun = processes.begin()
    try:
        assert begun.process.poll() is None
        assert (begun is dead, dead.wire.fileno()) == (False, -1)
    finally:
        begun.end()
        begun.process.wait()


def test_a_refusal_comes_back_as_one(tmp_path: Path) -> None:
    """What a step raises is raised here, with its reason."""

    async def work(crew: Workers) -> None:
        worker = await crew.take()
        with pytest.raises(Refused, match="not-an-image") as refused:
            await worker.do(EXAMINE, body=b"<html>")
        assert refused.value.reason == "not-an-image"

    _with_workers(tmp_path, work)


@pytest.mark.parametrize(("step", "limit", "how"), [(DIE, 60.0, "died"), (HANG, 2.0, "took longer than 2 seconds")])
def test_a_lost_worker_is_replaced(tmp_path: Path, step: Step, limit: float, how: str) -> None:
    """One that dies or hangs is lost with its picture; another one takes the next."""

    async def work(crew: Workers) -> None:
        lost = await crew.take()
        lost._seconds = limit
        with pytest.raises(WorkerLost, match=how):
            await lost.do(step)
        crew.give_back(Work(worker=lost))
        new = await crew.take()
        assert new is not lost
        assert await new.do(SIZE, body=b"12345") == 5

    _with_workers(tmp_path, work)


def test_a_worker_killed_while_idle_costs_neither_time_nor_a_picture(tmp_path: Path) -> None:
    """Its end is noticed once, not again and again, and no picture is given to it."""

    async def work(crew: Workers) -> None:
        idle = await crew.take()
        await idle.do(SIZE, body=b"1")
        crew.give_back(Work(worker=idle))
        os.kill(idle._process.pid, signal.SIGKILL)
        reports = 0
        read = idle._readable

        def readable() -> None:
            nonlocal reports
            reports += 1
            read()

        asyncio.get_running_loop().add_reader(idle._wire, readable)
        idle._process.wait()
        for _ in range(50):
            await asyncio.sleep(0)
        assert reports == 1
        assert await (await crew.take()).do(SIZE, body=b"12345") == 5

    _with_workers(tmp_path, work)


@pytest.mark.parametrize("pixels", [10**18, 10**30])
def test_a_limit_beyond_what_the_system_counts_is_none(tmp_path: Path, pixels: int) -> None:
    """Workers would die of it, and every picture would be called one that crashes them."""

    async def work(crew: Workers) -> None:
        assert await (await crew.take()).do(SIZE, body=b"12345") == 5

    _with_workers(tmp_path, work, Options(limits=Limits(max_pixels=pixels)))


def test_a_worker_cannot_take_all_memory(tmp_path: Path) -> None:
    """What a picture may take follows from HARVESTER_MAX_PIXELS; the worker goes on after a refusal."""

    async def work(crew: Workers) -> None:
        worker = await crew.take()
        with pytest.raises(MemoryError):
            await worker.do(GIGABYTE)
        assert await worker.do(SIZE, body=b"12345") == 5

    _with_workers(tmp_path, work, Options(limits=Limits(max_pixels=1000)))


def test_workers_end_with_the_process_that_started_them(tmp_path: Path) -> None:
    """The end of the wire is the end of the work."""
    worker = Worker(Options(), Shelves(tmp_path, tmp_path, tmp_path), Bounds())
    worker.end()
    worker.wait()
    assert worker._process.returncode == 0


def test_a_picture_that_crashes_two_workers_is_given_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It fails as `crashed`; the run goes on."""
    monkeypatch.setattr(convert, "EXAMINE", DIE)

    async def work(crew: Workers) -> None:
        item = ImageItem(site="mastodon", key="x", url="x")
        item.work.body = b"x"
        await ConvertPipeline(crew).process_item(item)
        assert (item.status, item.reason, item.detail) == ("failed", "crashed", "the decoder died")
        assert await (await crew.take()).do(SIZE, body=b"12") == 2

    _with_workers(tmp_path, work)


def test_killing_workers_does_not_harm_the_crawl(farsite: Farsite, commands: Commands, tmp_path: Path) -> None:
    """Every worker killed once, in the middle of it: nothing is lost but time."""
    urls = [farsite.url(f"/slow/0.02/jpeg-rgb.jpg?{number}") for number in range(120)]
    files = dataset.write(tmp_path, dataset.one_user(urls))
    run = commands.start("crawl", "mastodon", *files.arguments)
    while farsite.counts()["requests"] < 30:
        time.sleep(0.05)
    for child in Path(f"/proc/{run.pid}/task/{run.pid}/children").read_text().split():
        os.kill(int(child), signal.SIGKILL)
    _, stderr = run.communicate(timeout=60)
    assert "Traceback" not in stderr, stderr
    commands.crawl(files)
    assert dataset.rows(commands.data, "SELECT status, count(*) FROM images GROUP BY status") == [("done", 120)], stderr


SPITEFUL = """
import os, sys, time
if "harvester.workbench" in " ".join(sys.orig_argv):
    import harvester.workbench as bench

    def spiteful(name, step):
        def work(bench, *arguments):
            for word, act in ACTS.items():
                if f"{name}-{word}".encode() in bench.body:
                    act()
            return step(bench, *arguments)
        return work

    def eat():
        eaten = [bytearray(2**24) for _ in range(2**10)]

    ACTS = {"hang": lambda: time.sleep(600), "eat": eat, "die": lambda: os.kill(os.getpid(), 9)}
    for name in ("examine", "store"):
        setattr(bench, name, spiteful(name, getattr(bench, name)))
    process = bench.process

    def processed(body, options):
        spiteful("process", lambda bench: None)(type("Body", (), {"body": body}))
        return process(body, options)
    bench.process = processed
"""
"""Makes a worker do what a decoder may do, where a picture asks for it."""


def test_pictures_that_hang_eat_or_kill_a_worker_cost_themselves_only(
    farsite: Farsite, commands: Commands, tmp_path: Path
) -> None:
    """In whatever step: each has its reason, none is tried without end, all others are done."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site/sitecustomize.py").write_text(SPITEFUL)
    commands.environment["PYTHONPATH"] = os.pathsep.join((str(tmp_path / "site"), str(ROOT)))
    expected = {
        "process-hang": "too-expensive",
        "process-eat": "too-expensive",
        "process-die": "crashed",
        "examine-hang": "too-expensive",
        "store-die": "crashed",
    }
    urls = [farsite.url(f"/said/{what}.jpg") for what in expected] + [farsite.url(f"/photo/{n}.jpg") for n in range(5)]
    files = dataset.write(tmp_path, dataset.one_user(urls))
    bounds = ("-s", "HARVESTER_PICTURE_SECONDS=15", "-s", "HARVESTER_WORKER_MEMORY=500", "-s", "DOWNLOAD_TIMEOUT=60")
    commands.crawl(files, *bounds)
    found = dict(dataset.rows(commands.data, "SELECT key, CASE reason WHEN '' THEN status ELSE reason END FROM images"))
    assert {url: found.pop(url) for url in urls[: len(expected)]} == dict(zip(urls, expected.values(), strict=False))
    assert set(found.values()) == {"done"}
    farsite.clear()
    del commands.environment["PYTHONPATH"]
    commands.crawl(files, *bounds, "-a", "retry=all")
    assert dataset.rows(commands.data, "SELECT DISTINCT status FROM images") == [("done",)]
    assert commands.scrapy("verify").returncode == 0
