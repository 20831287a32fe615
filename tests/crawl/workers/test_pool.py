"""The processes that decode: whatever happens to one of them costs at most one picture."""

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from scrapy.utils.test import get_crawler

from harvester.crawl.http.waits import RequeueItem
from harvester.crawl.workers import spawn
from harvester.crawl.workers.pool import Worker, WorkerCrashed, WorkerPool
from harvester.crawl.workers.protocol import DECODE, STORE, OutputDirs, ResourceLimits, TaskName
from harvester.crawl.workers.tasks import WorkerState
from harvester.errors import ImageRejected
from harvester.imaging.types import ConversionOptions, ImageLimits
from harvester.items import ImageItem, PipelineState
from harvester.pipelines import convert
from harvester.pipelines.convert import ConvertPipeline
from harvester.pipelines.store import StorePipeline
from harvester.storage.blobs import digest
from tests import dataset_files as dataset
from tests.conftest import ROOT, Commands
from tests.farsite.process import Farsite
from tests.imaging.pictures import encoded, photo


def size_of_body(state: WorkerState) -> int:
    """A step: how many bytes lie on the bench."""
    return len(state.body)


def die(_state: WorkerState, *_arguments: object) -> None:
    """A step: as a decoder does that writes where it must not."""
    os.kill(os.getpid(), signal.SIGSEGV)


def hang(_state: WorkerState) -> None:
    """A step: as a decoder does that never ends."""
    time.sleep(60)


def allocate_gigabyte(_state: WorkerState) -> int:
    """A step: as a decoder does that believes a damaged header."""
    return len(bytearray(2**30))


HERE = "tests.crawl.workers.test_pool"
SIZE, DIE, HANG, GIGABYTE = (f"{HERE}:{step.__name__}" for step in (size_of_body, die, hang, allocate_gigabyte))


def run_with_workers(
    tmp_path: Path,
    work: Callable[[WorkerPool], Awaitable[None]],
    options: ConversionOptions | None = None,
) -> None:
    """Run the work with a pool of one worker, and close the pool afterwards."""

    async def run() -> None:
        output_dirs = OutputDirs(tmp_path / "blobs", tmp_path / "output", tmp_path / "thumbs")
        workers = WorkerPool(1, options or ConversionOptions(), output_dirs)
        try:
            await work(workers)
        finally:
            workers.close()

    asyncio.run(run())


@pytest.mark.parametrize("size", [0, 1, 70_000, 9_000_000, 10])
def test_a_worker_gets_the_bytes_as_they_are(tmp_path: Path, size: int) -> None:
    """Small and large pictures, also after larger ones."""

    async def work(workers: WorkerPool) -> None:
        worker = await workers.acquire()
        for length in (size, 2 * size, size // 2):
            assert await worker.run(SIZE, body=bytes(length)) == length

    run_with_workers(tmp_path, work)


def test_a_picture_stays_in_the_worker_between_steps(tmp_path: Path) -> None:
    """Its bytes travel once; blob, named copy and hashes come of the same decode."""

    async def work(workers: WorkerPool) -> None:
        worker, data, output = await workers.acquire(), encoded(photo(1, 300, 200), "PNG"), tmp_path / "output"
        report = await worker.run(DECODE, False, body=data)
        stored = await worker.run(STORE, {7: "0_0_0"}, {})
        facts = report.facts
        assert (report.sha256, report.rendition.sha256) == (digest(data), digest((output / "0_0_0.jpg").read_bytes()))
        assert (report.rendition.ext, report.rendition.bytes) == ("jpg", (output / "0_0_0.jpg").stat().st_size)
        assert (facts.format, facts.width, facts.height) == ("PNG", 300, 200)
        assert report.hashes.phash
        assert (tmp_path / stored.blob).read_bytes() == data
        assert stored.files == {7: "0_0_0.jpg"}

    run_with_workers(tmp_path, work)


def test_a_dead_preforked_process_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed while the crawl was loading, by whoever: a new one takes its place."""
    monkeypatch.setattr(spawn, "_preforked", [])
    dead = spawn.spawn()
    dead.process.kill()
    dead.process.wait()
    spawn._preforked.append(dead)
    spawned = spawn.spawn()
    try:
        assert spawned.process.poll() is None
        assert (spawned is dead, dead.wire.fileno()) == (False, -1)
    finally:
        spawned.end()
        spawned.process.wait()


def test_a_rejection_is_raised_in_the_crawl(tmp_path: Path) -> None:
    """What a step raises is raised here, with its reason."""

    async def work(workers: WorkerPool) -> None:
        worker = await workers.acquire()
        with pytest.raises(ImageRejected, match="not-an-image") as rejected:
            await worker.run(DECODE, False, body=b"<html>")
        assert rejected.value.reason == "not-an-image"

    run_with_workers(tmp_path, work)


@pytest.mark.parametrize(("step", "limit", "how"), [(DIE, 60.0, "died"), (HANG, 2.0, "took longer than 2 seconds")])
def test_a_crashed_worker_is_replaced(tmp_path: Path, step: TaskName, limit: float, how: str) -> None:
    """One that dies or hangs is lost with its picture; another one takes the next."""

    async def work(workers: WorkerPool) -> None:
        crashed = await workers.acquire()
        crashed._timeout = limit
        with pytest.raises(WorkerCrashed, match=how):
            await crashed.run(step)
        workers.release(PipelineState(worker=crashed))
        new = await workers.acquire()
        assert new is not crashed
        assert await new.run(SIZE, body=b"12345") == 5

    run_with_workers(tmp_path, work)


def test_a_worker_killed_while_idle_costs_neither_time_nor_a_picture(tmp_path: Path) -> None:
    """Its end is noticed once, not again and again, and no picture is given to it."""

    async def work(workers: WorkerPool) -> None:
        idle = await workers.acquire()
        await idle.run(SIZE, body=b"1")
        workers.release(PipelineState(worker=idle))
        os.kill(idle._process.pid, signal.SIGKILL)
        reports = 0
        read = idle._on_readable

        def readable() -> None:
            nonlocal reports
            reports += 1
            read()

        asyncio.get_running_loop().add_reader(idle._socket, readable)
        idle._process.wait()
        for _ in range(50):
            await asyncio.sleep(0)
        assert reports == 1
        assert await (await workers.acquire()).run(SIZE, body=b"12345") == 5

    run_with_workers(tmp_path, work)


@pytest.mark.parametrize("pixels", [10**18, 10**30])
def test_a_limit_beyond_the_systems_range_is_no_limit(tmp_path: Path, pixels: int) -> None:
    """Workers would die of it, and every picture would be called one that crashes them."""

    async def work(workers: WorkerPool) -> None:
        assert await (await workers.acquire()).run(SIZE, body=b"12345") == 5

    run_with_workers(tmp_path, work, ConversionOptions(limits=ImageLimits(max_pixels=pixels)))


def test_a_worker_cannot_take_all_memory(tmp_path: Path) -> None:
    """What a picture may take follows from HARVESTER_MAX_PIXELS; the worker goes on after a refusal."""

    async def work(workers: WorkerPool) -> None:
        worker = await workers.acquire()
        with pytest.raises(MemoryError):
            await worker.run(GIGABYTE)
        assert await worker.run(SIZE, body=b"12345") == 5

    run_with_workers(tmp_path, work, ConversionOptions(limits=ImageLimits(max_pixels=1000)))


def test_workers_end_with_the_process_that_started_them(tmp_path: Path) -> None:
    """The end of the wire is the end of the work."""
    worker = Worker(ConversionOptions(), OutputDirs(tmp_path, tmp_path, tmp_path), ResourceLimits())
    worker.end()
    worker.wait()
    assert worker._process.returncode == 0


def test_a_picture_that_crashes_two_workers_is_abandoned(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It fails as `crashed`; the run goes on."""
    monkeypatch.setattr(convert, "DECODE", DIE)

    async def work(workers: WorkerPool) -> None:
        item = ImageItem(site="mastodon", key="x", url="x")
        item.state.body = b"x"
        await ConvertPipeline(workers).process_item(item)
        assert (item.status, item.reason, item.detail) == ("failed", "crashed", "the decoder died")
        assert await (await workers.acquire()).run(SIZE, body=b"12") == 2

    run_with_workers(tmp_path, work)


def test_a_worker_killed_between_decode_and_store_costs_no_picture(tmp_path: Path) -> None:
    """The image is put back, as its bytes are gone, not called done without files; the second time it fails."""

    async def work(workers: WorkerPool) -> None:
        pipeline = StorePipeline(workers, get_crawler())
        for is_last in (False, True):
            item = ImageItem(site="mastodon", key="x", url="x")
            item.state.body = encoded(photo(1, 30, 20), "PNG")
            await ConvertPipeline(workers).process_item(item)
            os.kill(item.state.worker._process.pid, signal.SIGKILL)
            while not item.state.worker.has_crashed:
                await asyncio.sleep(0.01)
            if is_last:
                await pipeline.process_item(item)
                assert (item.status, item.reason) == ("failed", "crashed")
            else:
                with pytest.raises(RequeueItem):
                    await pipeline.process_item(item)
                assert item.is_pending
            workers.release(item.state)

    run_with_workers(tmp_path, work)


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


HOSTILE_DECODER = """
import os, sys, time
if "harvester.crawl.workers.tasks" in " ".join(sys.orig_argv):
    import harvester.crawl.workers.tasks as bench

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
    for name in ("decode", "store"):
        setattr(bench, name, spiteful(name, getattr(bench, name)))
    process = bench.process_image

    def processed(body, options):
        spiteful("process", lambda bench: None)(type("Body", (), {"body": body}))
        return process(body, options)
    bench.process_image = processed
"""
"""Makes a worker do what a decoder may do, where a picture asks for it."""


def test_pictures_that_hang_exhaust_or_kill_a_worker_fail_alone(
    farsite: Farsite, commands: Commands, tmp_path: Path
) -> None:
    """In whatever step: each has its reason, none is tried without end, all others are done."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site/sitecustomize.py").write_text(HOSTILE_DECODER)
    commands.environment["PYTHONPATH"] = os.pathsep.join((str(tmp_path / "site"), str(ROOT)))
    expected = {
        "process-hang": "too-expensive",
        "process-eat": "too-expensive",
        "process-die": "crashed",
        "decode-hang": "too-expensive",
        "store-die": "crashed",
    }
    urls = [farsite.url(f"/said/{behaviour}.jpg") for behaviour in expected] + [
        farsite.url(f"/photo/{n}.jpg") for n in range(5)
    ]
    files = dataset.write(tmp_path, dataset.one_user(urls))
    bounds = ("-s", "HARVESTER_PICTURE_SECONDS=15", "-s", "HARVESTER_WORKER_MEMORY=500", "-s", "DOWNLOAD_TIMEOUT=60")
    commands.crawl(files, *bounds)
    outcomes = dict(
        dataset.rows(commands.data, "SELECT key, CASE reason WHEN '' THEN status ELSE reason END FROM images")
    )
    assert {url: outcomes.pop(url) for url in urls[: len(expected)]} == dict(zip(urls, expected.values(), strict=False))
    assert set(outcomes.values()) == {"done"}
    farsite.clear()
    del commands.environment["PYTHONPATH"]
    commands.crawl(files, *bounds, "-a", "retry=all")
    assert dataset.rows(commands.data, "SELECT DISTINCT status FROM images") == [("done",)]
    assert commands.scrapy("verify").returncode == 0
