"""`scrapy dedupe` and `scrapy verdict` after real crawls: what was decided stays decided."""

import json
from pathlib import Path
from typing import Any

import pytest

from harvester.duplicates.describe import verdict_label
from harvester.storage.locks import DedupeLock
from harvester.storage.paths import DataPaths
from tests import dataset_files as dataset
from tests.conftest import Commands
from tests.dataset_files import rows
from tests.farsite.process import Farsite
from tests.spiders.imagefap.old_database import old_databases

LARGE, SMALL, SMALLER = "/photo/1.jpg", "/photo/1.jpg?width=400&height=300", "/photo/1.jpg?width=320&height=240"
OTHER, OTHER_SMALL = "/photo/2.jpg", "/photo/2.jpg?width=400&height=300"
SINGLE = "/photo/3.jpg"


def _harvest(commands: Commands, farsite: Farsite, folder: Path, *paths: str) -> list[str]:
    """The sha256 of the pictures at these addresses, in their order."""
    commands.crawl(dataset.write(folder, dataset.one_user([farsite.url(path) for path in paths])))
    sha256_by_url = dict(rows(commands.data, "SELECT key, sha256 FROM images"))
    return [sha256_by_url[farsite.url(path)] for path in paths]


def _run(commands: Commands, *arguments: str, code: int = 0) -> str:
    done = commands.scrapy(*arguments)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout if code == 0 else done.stderr


def _dedupe(commands: Commands, *arguments: str) -> Any:
    return json.loads(_run(commands, "dedupe", "--json", *arguments))


def _verdicts(commands: Commands, group: str) -> dict[str, str]:
    """What `scrapy verdict GROUP` shows: the beginning of each member's sha256 -> its verdict."""
    lines = [line.strip().split("  ") for line in _run(commands, "verdict", group).splitlines()[1:]]
    words = [[word.strip() for word in line if word] for line in lines]
    return {line[1]: line[0] for line in words if line[0] in ("new", "not a duplicate", "keep", "skip")}


def test_decided_groups_stay_decided(farsite: Farsite, commands: Commands, tmp_path: Path) -> None:
    """Crawl, dedupe, decide, crawl again, dedupe: a group re-opens for its new member, and only that one is new."""
    large, small, other, other_small, _ = _harvest(
        commands, farsite, tmp_path, LARGE, SMALL, OTHER, OTHER_SMALL, SINGLE
    )
    report = _dedupe(commands)
    assert report["groups"] == {"new": 2, "re-opened": 0, "decided": 0}
    assert report["compared"] == {"new": 5, "known": 0}
    text = _run(commands, "verdict", small[:8])
    assert f"keep {large[:12]}? most pixels (800 × 600)" in text
    assert "0_1_0.jpg" in text
    assert "phash 0" in text
    _run(commands, "verdict", large[:8], "--keep", large[:12], "--skip", small[:5])
    _run(commands, "verdict", other, "--not-duplicate")
    assert _run(commands, "verdict") == "0 of 2 groups undecided.\n"

    *_, smaller = _harvest(commands, farsite, tmp_path, LARGE, SMALL, OTHER, OTHER_SMALL, SINGLE, SMALLER)
    report = _dedupe(commands)
    assert report["groups"] == {"new": 0, "re-opened": 1, "decided": 1}
    assert report["compared"] == {"new": 1, "known": 5}
    assert _verdicts(commands, large) == {large[:12]: "keep", small[:12]: "skip", smaller[:12]: "new"}
    assert _verdicts(commands, other) == {other[:12]: "not a duplicate", other_small[:12]: "not a duplicate"}
    _run(commands, "verdict", large, "--skip", smaller)
    again = _dedupe(commands)
    assert again["groups"] == {"new": 0, "re-opened": 0, "decided": 2}
    assert (again["compared"]["new"], again["new_pairs"]) == (0, {})
    wide = _dedupe(commands, "--phash", "8", "--animated-phash", "off")
    assert wide["groups"]["decided"] == 2, "wider limits re-opened what was decided"

    assert "Undid decision 3" in _run(commands, "verdict", "--undo")
    assert _verdicts(commands, large) == {large[:12]: "keep", small[:12]: "skip", smaller[:12]: "new"}
    assert len(_run(commands, "verdict", "--history").split("undoes 3")) == 2
    for expected in (0, 0, 1):  # the third decision is undone; there were two more
        done = commands.scrapy("verdict", "--undo")
        assert done.returncode == expected
    assert set(_verdicts(commands, large).values()) == {"new"}
    assert rows(commands.data, "SELECT count(*) FROM decisions") == [(6,)], "the log must only grow"


def test_same_pixels_in_different_files_are_paired(farsite: Farsite, commands: Commands, tmp_path: Path) -> None:
    """They are found though every method is off; each file is decoded for that once; a near one is none of them."""
    paths = ["/numbered/1.jpg", "/numbered/2.jpg", "/kind/jpeg-rgb.jpg", "/kind/jpeg-progressive.jpg"]
    first, second, *_ = _harvest(commands, farsite, tmp_path, *paths)
    off = [word for method in ("phash", "dhash", "average", "whash") for word in (f"--{method}", "off")]
    report = _dedupe(commands, *off)
    assert report["new_pairs"] == {"pixels": 1}
    pair = (*sorted((first, second)), "pixels", "", 0)
    columns = "first, second, method, orientation, score"
    assert rows(commands.data, f"SELECT {columns} FROM pairs") == [pair]
    (commands.data / "blobs" / first[:2] / f"{first}.jpg").unlink()
    *_, third = _harvest(commands, farsite, tmp_path, *paths, "/numbered/3.jpg")
    assert _dedupe(commands, *off)["new_pairs"] == {"pixels": 1}
    assert {third} < {end for ends in rows(commands.data, "SELECT first, second FROM pairs") for end in ends}


def test_old_decisions_hold_for_the_groups_that_are_found(commands: Commands, tmp_path: Path) -> None:
    """A database of the old tool is imported; its near-duplicates are found, and what was decided then is decided."""
    content = old_databases.content()
    _run(commands, "import-favorites", str(old_databases.write(tmp_path / "old", content)))
    report = _dedupe(commands, "--phash", "15", "--dhash", "15", "--average", "15", "--whash", "15")
    assert report["images_in_groups"] > 1
    verdicts: dict[str, str] = {}
    for sha256 in old_databases.SHAS:
        done = commands.scrapy("verdict", sha256)
        if done.returncode == 0:
            verdicts |= _verdicts(commands, sha256)
    expected = {
        sha256[:12]: verdict_label(verdict)
        for sha256, verdict in old_databases.VERDICTS.items()
        if sha256[:12] in verdicts
    }
    assert len(expected) > 1
    assert verdicts | expected == verdicts


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["dedupe", "--phash", "3", "--animated-phash", "4"], "must be at least as strict as --phash, which is 3"),
        (["dedupe", "--whash", "off", "--animated-whash", "0"], "must be at least as strict as --whash, which is off"),
        (["dedupe", "--dhash", "16"], "must be off or a whole number from 0 to 15"),
        (["dedupe", "--dhash", "-1"], "must be off or a whole number from 0 to 15"),
        (["dedupe", "--phash", "off", "--orientations"], "needs phash"),
        (["dedupe", "extra"], "unknown: extra"),
        (["dedupe"], "There is no catalogue"),
        (["verdict"], "There is no catalogue"),
        (["verdict", "--keep", "abc"], "expected [GROUP"),
        (["verdict", "abc", "--undo"], "expected [GROUP"),
    ],
)
def test_a_mistake_is_one_sentence(commands: Commands, arguments: list[str], says: str) -> None:
    """Exit code 2, and nothing is made."""
    done = commands.scrapy(*arguments)
    assert done.returncode == 2
    assert says in done.stderr + done.stdout
    assert "Traceback" not in done.stderr
    assert not commands.data.exists()


def test_invalid_decisions_are_refused_whole(farsite: Farsite, commands: Commands, tmp_path: Path) -> None:
    """Nothing is logged: hiding all copies, a picture of no group, two verdicts at once, too short a beginning."""
    large, small, single = _harvest(commands, farsite, tmp_path, LARGE, SMALL, SINGLE)
    assert "scrapy dedupe finds groups" in _run(commands, "verdict", large, code=2)
    _dedupe(commands)
    refused = {
        (large, "--skip", large): "--skip needs a --keep",
        (large, "--keep", single): f"{single}: no image of the group",
        (large, "--keep", large, "--skip", large, small): "--keep and --skip cannot both be given",
        (single, "--not-duplicate"): "no group has an image",
        (large, "--keep", "xyz"): "no image of the group",
    }
    for arguments, says in refused.items():
        assert says in _run(commands, "verdict", *arguments, code=2)
    assert rows(commands.data, "SELECT * FROM decisions") == []


def test_a_search_may_run_beside_a_crawl_but_not_another_search(
    farsite: Farsite, commands: Commands, tmp_path: Path
) -> None:
    """A second search is refused with the reason; a crawl at the same time is not, and both end in order."""
    urls = [farsite.url(f"/numbered/{number}.jpg") for number in range(40)]
    files = dataset.write(tmp_path, dataset.one_user(urls[:1]))
    commands.crawl(files)
    lock = DedupeLock(DataPaths(commands.data, ""))
    try:
        assert "is already running" in _run(commands, "dedupe", code=2)
        crawl = commands.start("crawl", "mastodon", *dataset.write(tmp_path, dataset.one_user(urls)).arguments)
    finally:
        lock.release()
    searches = 0
    while crawl.poll() is None:
        _dedupe(commands)
        searches += 1
    assert crawl.wait() == 0
    crawl.communicate()
    assert searches
    assert _dedupe(commands)["images_in_groups"] == 40
