"""Bombs, polyglots, things that are no pictures, and answers that lie: each has its reason, memory is bounded."""

from collections.abc import Sequence
from pathlib import Path

from harvester.reasons import REASONS
from tests import dataset_files as dataset
from tests.conftest import Commands
from tests.farsite import bombs
from tests.farsite.process import Farsite
from tests.memory_watch import MemoryWatch

LIMIT = ("-s", f"DOWNLOAD_MAXSIZE={32 * 2**20}", "-s", "DOWNLOAD_TIMEOUT=15", "-s", "RETRY_TIMES=0")


def _crawl_outcomes(commands: Commands, folder: Path, urls: Sequence[str]) -> tuple[dict[str, str], MemoryWatch]:
    """What came of each address, and how much memory that took."""
    files = dataset.write(folder, dataset.one_user(urls))
    commands.environment["PYTHONWARNINGS"] = "default"  # as errors, Pillow's own would refuse pictures with odd EXIF
    run = commands.start("crawl", "mastodon", *LIMIT, *files.arguments)
    with MemoryWatch(run.pid) as watch:
        _, stderr = run.communicate(timeout=240)
    assert run.returncode == 0, stderr
    assert "Traceback" not in stderr, stderr
    query = "SELECT key, CASE reason WHEN '' THEN status ELSE reason END FROM images"
    outcomes = dict(dataset.rows(commands.data, query))
    return {url.rpartition("/")[2]: outcomes[url] for url in urls}, watch


def test_harmful_files_are_refused_or_valid_pictures(farsite: Farsite, commands: Commands, tmp_path: Path) -> None:
    """Bombs are not decoded, what is no picture is not kept, what is kept has the extension of its kind."""
    names = [*bombs.BOMBS, *bombs.VALID, *bombs.NOT_IMAGES]
    outcomes, watch = _crawl_outcomes(commands, tmp_path, [farsite.url(f"/bombs/{name}") for name in names])
    assert {name: outcomes[name] for name in bombs.VALID} == dict.fromkeys(bombs.VALID, "done")
    assert {outcomes[name] for name in bombs.BOMBS} <= {"too-many-pixels", "broken", "truncated"}, outcomes
    assert {outcomes[name] for name in bombs.NOT_IMAGES} <= {
        "not-an-image",
        "format-not-allowed",
        "truncated",
        "broken",
    }, outcomes
    blobs = [path for path in (commands.data / "blobs").rglob("*.*") if path.is_file()]
    assert {path.suffix for path in blobs} <= {".jpg", ".png", ".gif", ".tif", ".webp"}
    assert len(blobs) == len(bombs.VALID)
    assert watch.process_peak < 400
    assert watch.child_peak < 700


def test_lying_responses_have_a_reason(farsite: Farsite, commands: Commands, tmp_path: Path) -> None:
    """Wrong lengths, endless heads, bombs in every encoding: none is kept but what is whole."""
    paths = [*(f"/raw/{name}" for name in bombs.RAW), "/loris", "/endless", "/gzip-bomb", "/drip/jpeg-rgb.jpg"]
    outcomes, watch = _crawl_outcomes(commands, tmp_path, [farsite.url(path) for path in paths])
    assert set(outcomes.values()) <= REASONS.keys(), outcomes
    assert outcomes["deflate-bomb"] == outcomes["gzip-bomb"] == outcomes["endless"] == "too-many-bytes"
    assert outcomes["nested-gzip"] in ("too-many-bytes", "not-an-image", "bad-answer")
    assert outcomes["loris"] == outcomes["jpeg-rgb.jpg"] == "timeout"
    assert outcomes["short-length"] == "truncated"
    assert outcomes["long-length"] == "connection"
    assert watch.process_peak < 600
