"""Bombs, polyglots, things that are no pictures, and answers that lie: each has its reason, memory is bounded."""

from collections.abc import Sequence
from pathlib import Path

from harvester.reasons import REASONS
from tests import dataset
from tests.conftest import Commands
from tests.farsite import bombs
from tests.farsite.process import Farsite
from tests.watch import Watch

LIMIT = ("-s", f"DOWNLOAD_MAXSIZE={32 * 2**20}", "-s", "DOWNLOAD_TIMEOUT=15", "-s", "RETRY_TIMES=0")


def _crawled(commands: Commands, folder: Path, urls: Sequence[str]) -> tuple[dict[str, str], Watch]:
    """What came of each address, and how much memory that took."""
    files = dataset.write(folder, dataset.one_user(urls))
    commands.environment["PYTHONWARNINGS"] = "default"  # as errors, Pillow's own would refuse pictures with odd EXIF
    run = commands.start("crawl", "mastodon", *LIMIT, *files.arguments)
    with Watch(run.pid) as watch:
        _, said = run.communicate(timeout=240)
    assert run.returncode == 0, said
    assert "Traceback" not in said, said
    query = "SELECT key, CASE reason WHEN '' THEN status ELSE reason END FROM images"
    found = dict(dataset.rows(commands.data, query))
    return {url.rpartition("/")[2]: found[url] for url in urls}, watch


def test_files_that_mean_harm_are_refused_or_are_pictures(farsite: Farsite, commands: Commands, tmp_path: Path) -> None:
    """Bombs are not decoded, what is no picture is not kept, what is kept has the extension of its kind."""
    names = [*bombs.STATED, *bombs.KEPT, *bombs.OTHERS]
    found, watch = _crawled(commands, tmp_path, [farsite.url(f"/bombs/{name}") for name in names])
    assert {name: found[name] for name in bombs.KEPT} == dict.fromkeys(bombs.KEPT, "done")
    assert {found[name] for name in bombs.STATED} <= {"too-many-pixels", "broken", "truncated"}, found
    assert {found[name] for name in bombs.OTHERS} <= {"not-an-image", "format-not-allowed", "truncated", "broken"}, (
        found
    )
    blobs = [path for path in (commands.data / "blobs").rglob("*.*") if path.is_file()]
    assert {path.suffix for path in blobs} <= {".jpg", ".png", ".gif", ".tif", ".webp"}
    assert len(blobs) == len(bombs.KEPT)
    assert watch.own < 400
    assert watch.child < 700


def test_answers_that_lie_have_a_reason(farsite: Farsite, commands: Commands, tmp_path: Path) -> None:
    """Wrong lengths, endless heads, bombs in every encoding: none is kept but what is whole."""
    paths = [*(f"/raw/{name}" for name in bombs.RAW), "/loris", "/endless", "/gzip-bomb", "/drip/jpeg-rgb.jpg"]
    found, watch = _crawled(commands, tmp_path, [farsite.url(path) for path in paths])
    assert set(found.values()) <= REASONS.keys(), found
    assert found["deflate-bomb"] == found["gzip-bomb"] == found["endless"] == "too-many-bytes"
    assert found["nested-gzip"] in ("too-many-bytes", "not-an-image", "bad-answer")
    assert found["loris"] == found["jpeg-rgb.jpg"] == "timeout"
    assert found["short-length"] == "truncated"
    assert found["long-length"] == "connection"
    assert watch.own < 600
