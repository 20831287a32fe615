"""verify, why and forget: damage is found, reported, and repaired without a loss."""

import io
import shutil
import sqlite3
from pathlib import Path

import pytest
from PIL import Image, PngImagePlugin

from harvester.maintenance.findings import KINDS
from harvester.storage.blobs import digest
from harvester.storage.locks import DedupeLock, lock_verdicts
from harvester.storage.paths import DataPaths
from tests import dataset_files as dataset
from tests.conftest import Commands
from tests.farsite.process import Farsite

PATHS = [*(f"/photo/{number}.jpg" for number in range(len(KINDS))), "/kind/png-rgb.png", "/status/404"]
"""Pictures kept as they are, one for each kind of damage; one with a rendition; an address that is gone."""

FILES = 2 * (len(PATHS) - 1)
"""Blobs and output files."""


@pytest.fixture(scope="module")
def template(server: Farsite, tmp_path_factory: pytest.TempPathFactory) -> tuple[dataset.DataSet, Path]:
    """A sound collection and its data set."""
    folder = tmp_path_factory.mktemp("template")
    files = dataset.write(folder, dataset.one_user([server.url(path) for path in PATHS]))
    Commands(folder / "data").crawl(files)
    return files, folder / "data"


@pytest.fixture
def harvested(farsite: Farsite, commands: Commands, template: tuple[dataset.DataSet, Path]) -> dataset.DataSet:
    """A copy of it."""
    files, data = template
    commands.copy_data_from(data)
    return files


def _output_file(commands: Commands, number: int) -> Path:
    return commands.data / "images/mastodon" / f"0_{number}_0.jpg"


def _blob(commands: Commands, number: int) -> Path:
    query = f"SELECT sha256, ext FROM images JOIN blobs USING (sha256) WHERE images.id = {number + 1}"
    ((sha256, ext),) = dataset.rows(commands.data, query)
    return commands.data / "blobs" / sha256[:2] / f"{sha256}.{ext}"


def _requested_paths(farsite: Farsite) -> set[str]:
    return set(farsite.counts()["paths"]) - {"/robots.txt"}


def _files(commands: Commands) -> dict[str, bytes]:
    paths = [path for name in ("blobs", "images") for path in (commands.data / name).rglob("*") if path.is_file()]
    return {str(path.relative_to(commands.data)): path.read_bytes() for path in paths}


def _change(commands: Commands, script: str) -> None:
    with sqlite3.connect(commands.data / "catalogue.db") as connection:
        connection.executescript(script)


def _damage(commands: Commands, kind: str, number: int) -> None:
    """Bring about what a word of verify means, to a picture where it is about one."""
    blob, copy, row = _blob(commands, number), _output_file(commands, number), number + 1
    unknown = f"UPDATE images SET status = 'pending', sha256 = NULL WHERE id = {row}; " \
              f"UPDATE placements SET file = NULL WHERE image_id = {row};"  # fmt: skip
    path = blob.relative_to(commands.data)
    pending_delete = f"INSERT INTO pending_deletes (path, folder, command) VALUES ('{path}', 'blobs', '');"
    no_row = f"DELETE FROM blobs WHERE sha256 = '{blob.stem}';"
    if kind in ("corrupt", "missing", "missing-output", "altered"):
        copy.unlink()
    if kind == "corrupt":
        blob.write_bytes(blob.read_bytes()[:100])
    elif kind == "missing":
        blob.unlink()
    elif kind == "altered":
        copy.write_bytes(b"other bytes")
    elif kind == "foreign":
        (commands.data / "blobs/notes.txt").write_text("mine")
    elif kind == "leftover":
        (blob.parent / f".{blob.name}.0123abcd.{'0' * 16}.part").write_bytes(b"half")
    else:
        scripts = {"unrecorded": no_row, "orphaned": unknown + no_row, "unreferenced": unknown,
                   "pending-delete": unknown + no_row + pending_delete,
                   "outdated": f"UPDATE blobs SET coefficients = NULL WHERE sha256 = '{blob.stem}'",
                   "done-without-file": f"UPDATE images SET sha256 = NULL WHERE id = {row}",
                   "missing-output": ""}  # fmt: skip
        _change(commands, scripts[kind])


def test_an_undamaged_store_has_no_findings(harvested: dataset.DataSet, commands: Commands) -> None:
    """Nothing is listed, exit code 0, and nothing is changed by any form of the command."""
    before = _files(commands)
    for options in ((), ("--repair",), ("--repair", "--delete")):
        done = commands.scrapy("verify", *options)
        assert (done.returncode, done.stdout) == (0, f"{FILES} files: no damage.\n"), done.stderr
    assert _files(commands) == before


def test_every_kind_of_damage_is_found_and_repaired(
    farsite: Farsite, harvested: dataset.DataSet, commands: Commands
) -> None:
    """Looking changes nothing; repair and one crawl bring back the very same files; in between no bytes are lost."""
    before = _files(commands)
    for number, kind in enumerate(KINDS):
        _damage(commands, kind, number)
    broken = _files(commands)
    checked = commands.scrapy("verify")
    assert checked.returncode == 1, checked.stderr
    kinds = [line.partition("\t")[0] for line in checked.stdout.splitlines()[:-1]]
    assert set(kinds) == set(KINDS), checked.stdout
    assert _files(commands) == broken
    commands.scrapy("verify", "--repair")
    aside = {digest(path.read_bytes()) for path in commands.data.joinpath("set-aside").iterdir()}
    digests = {digest(data) for data in _files(commands).values()} | aside
    assert {digest(data) for data in broken.values()} <= digests, "bytes were thrown away without --delete"
    repaired = commands.scrapy("verify", "--delete")
    assert repaired.returncode == 0, repaired.stdout
    commands.crawl(harvested)
    assert _files(commands) == before
    assert commands.scrapy("verify").stdout.endswith(f"{FILES} files: no damage.\n")
    refetched = {"corrupt", "missing", "orphaned", "done-without-file", "unreferenced", "pending-delete"}
    assert _requested_paths(farsite) == {
        f"/photo/{number}.jpg" for number, kind in enumerate(KINDS) if kind in refetched
    }


def test_a_blob_is_restored_from_its_output_file(
    farsite: Farsite, harvested: dataset.DataSet, commands: Commands
) -> None:
    """Where the picture in the output folder has the very bytes, nothing is fetched."""
    before = _files(commands)
    _blob(commands, 0).unlink()
    assert "restored from" in commands.scrapy("verify", "--repair").stdout
    assert _files(commands) == before
    commands.crawl(harvested)
    assert _requested_paths(farsite) == set()


def test_a_picture_edited_in_place_is_set_aside_and_refetched(
    farsite: Farsite, harvested: dataset.DataSet, commands: Commands
) -> None:
    """An edit of a hard link is an edit of the blob: both are found corrupt, set aside, fetched again."""
    before = _files(commands)
    with _output_file(commands, 0).open("r+b") as picture:
        picture.write(b"edited")
    edited = _output_file(commands, 0).read_bytes()
    assert commands.scrapy("verify").stdout.startswith("corrupt\t")
    assert commands.scrapy("verify", "--repair").returncode == 0
    commands.crawl(harvested)
    assert _files(commands) == before
    assert edited in [path.read_bytes() for path in (commands.data / "set-aside").iterdir()]


def test_the_rows_of_blobs_are_rebuilt_from_their_bytes(harvested: dataset.DataSet, commands: Commands) -> None:
    """With the table of blobs lost, repair makes every row again as it was, fingerprints and all."""
    columns = "sha256, ext, format, mode, width, height, bytes, frames, phash, whash, fingerprint_version"
    query = f"SELECT {columns} FROM blobs ORDER BY 1"
    before = dataset.rows(commands.data, query)
    _change(commands, "DELETE FROM blobs")
    assert commands.scrapy("verify", "--repair").returncode == 0
    assert dataset.rows(commands.data, query) == before


def test_old_fingerprint_versions_are_measured_again(harvested: dataset.DataSet, commands: Commands) -> None:
    """Blobs of another fingerprint version or without coefficients are measured again, and stay as old as they are."""
    query = "SELECT sha256, phash, fingerprint_version, coefficients, stored_at FROM blobs ORDER BY 1"
    _change(commands, "UPDATE blobs SET stored_at = 1700000000")
    before = dataset.rows(commands.data, query)
    assert {len(coefficients) for *_, coefficients, _ in before} == {128}
    _change(
        commands,
        "UPDATE blobs SET coefficients = NULL; UPDATE blobs SET fingerprint_version = 1, phash = '' WHERE rowid = 2",
    )
    assert commands.scrapy("verify").returncode == 1
    repaired = commands.scrapy("verify", "--repair")
    assert repaired.returncode == 0, repaired.stdout
    assert repaired.stdout.count("fingerprints computed again") == len(before)
    assert dataset.rows(commands.data, query) == before
    assert commands.scrapy("verify").stdout == f"{FILES} files: no damage.\n"


def test_a_strange_file_among_the_pictures_is_found(harvested: dataset.DataSet, commands: Commands) -> None:
    """A file that no placement names: listed, never touched by repair, removed by --delete."""
    stranger = commands.data / "images/mastodon/holiday.jpg"
    stranger.write_bytes(b"mine")
    for options in ((), ("--repair",)):
        done = commands.scrapy("verify", *options)
        assert done.returncode == 1
        assert f"foreign\t{stranger}" in done.stdout
    assert stranger.exists()
    assert commands.scrapy("verify", "--delete").returncode == 0
    assert not stranger.exists()


def test_only_running_crawls_excuse_unknown_files(harvested: dataset.DataSet, commands: Commands) -> None:
    """Beside a search for near-duplicates, or a decision, a new file that nobody names is found all the same."""
    places = DataPaths(commands.data, "")
    search, decision = DedupeLock(places), lock_verdicts(places)
    try:
        (commands.data / "images/mastodon/holiday.jpg").write_text("mine")
        done = commands.scrapy("verify")
        busy = commands.scrapy("verify", "--repair")
    finally:
        search.release()
        decision.release()
    assert (done.returncode, "holiday.jpg" in done.stdout) == (1, True), done.stdout
    assert (busy.returncode, "Error: scrapy dedupe (process" in busy.stderr) == (2, True), busy.stderr


def test_repair_records_whatever_a_crawl_stores(harvested: dataset.DataSet, commands: Commands) -> None:
    """Also of a PNG with more than a megabyte of compressed text."""
    text = PngImagePlugin.PngInfo()
    text.add_text("workflow", "node " * 300_000, zip=True)
    file = io.BytesIO()
    Image.new("RGB", (40, 30), "navy").save(file, "PNG", pnginfo=text)
    sha = digest(file.getvalue())
    path = commands.data / "blobs" / sha[:2] / f"{sha}.png"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(file.getvalue())
    assert f"{path}\trecorded from its bytes" in commands.scrapy("verify", "--repair").stdout


def test_a_damaged_catalogue_is_reported_by_every_command(harvested: dataset.DataSet, commands: Commands) -> None:
    """A page overwritten: one sentence that says what to do, no traceback, no word of the library's."""
    path = commands.data / "catalogue.db"
    _change(commands, "PRAGMA wal_checkpoint(TRUNCATE)")
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xde\xad" * (path.stat().st_size // 2 - 4096))
    before = path.read_bytes()
    calls = (("verify",), ("why", "1"), ("forget", "1"), ("status",), ("crawl", "mastodon", *harvested.arguments))
    for words in calls:
        done = commands.scrapy(*words)
        assert done.returncode in (1, 2), words
        assert "catalogue.db is damaged" in done.stderr, done.stderr
        assert "Traceback" not in done.stderr, done.stderr
        assert "sqlalche.me" not in done.stderr, done.stderr
    assert path.read_bytes() == before


def test_why_explains_an_image_by_every_name(farsite: Farsite, harvested: dataset.DataSet, commands: Commands) -> None:
    """Whatever names an image finds it: URL, row, sha256 or its prefix, name, output file, blob, a copy elsewhere."""
    url, blob, copy = farsite.url("/photo/0.jpg"), _blob(commands, 0), _output_file(commands, 0)
    elsewhere = shutil.copy(copy, commands.data.parent / "elsewhere.jpg")
    names = (url, "1", blob.stem, blob.stem[:8], "0_0_0", "0_0_0.jpg", str(copy), str(blob), str(elsewhere))
    done = commands.scrapy("why", *names)
    assert done.returncode == 0, done.stderr
    stories = done.stdout.split("image       ")[1:]
    assert len(stories) == len(names)
    for name, story in zip(names, stories, strict=True):
        for text in (f"address     {url}", "name        0_0_0 (user 0, post 0, URL 0)", "alice@example.social",
                     "requested   in 1 run, last at 20", "status      done at 20", f"stored      {blob}\n",
                     f"output      {copy}\n"):  # fmt: skip
            assert text in story, (name, text)
    missing = commands.scrapy("why", farsite.url("/status/404")).stdout
    assert "failed at 20" in missing
    assert "http-gone · HTTP 404 · 404, 410, 451 or another" in missing
    assert "not requested again" in missing


def test_why_reports_unknown_images(harvested: dataset.DataSet, commands: Commands) -> None:
    """Exit code 1 and a sentence for a stranger; 2 where nothing was asked; files that are gone are said to be."""
    unknown = commands.scrapy("why", "http://nowhere.example/a.jpg")
    assert (unknown.returncode, unknown.stdout) == (1, "")
    assert "no such image in the catalogue" in unknown.stderr
    assert commands.scrapy("why").returncode == 2
    _output_file(commands, 0).unlink()
    assert "0_0_0.jpg (missing: run scrapy verify --repair)" in commands.scrapy("why", "0_0_0").stdout


def test_why_lists_every_match(farsite: Farsite, commands: Commands, tmp_path: Path) -> None:
    """One picture at two addresses: its sha256 names both images."""
    urls = [farsite.url(f"/photo/1.jpg?{number}") for number in range(2)]
    commands.crawl(dataset.write(tmp_path, dataset.one_user(urls)))
    done = commands.scrapy("why", _blob(commands, 0).stem)
    assert "2 images" in done.stdout
    assert all(url in done.stdout for url in urls)
    assert "same bytes  1 other image:" in done.stdout


@pytest.mark.parametrize(
    ("words", "requested"),
    [
        (("0_0_0",), {"/photo/0.jpg"}),
        (("--reason", "http-gone"), {"/status/404"}),
        (("--site", "mastodon"), set(PATHS)),
        (("--site", "mastodon", "1", str(len(PATHS)), "--reason", "http-gone"), {"/status/404"}),
        (("--dry-run", "1"), set()),
    ],
)
def test_forget_has_images_fetched_again(
    farsite: Farsite, harvested: dataset.DataSet, commands: Commands, words: tuple[str, ...], requested: set[str]
) -> None:
    """Exactly those that fit all that was given; the files end as they were."""
    before = _files(commands)
    assert commands.scrapy("forget", *words).returncode == 0
    assert _files(commands) == before
    commands.crawl(harvested, code=int(requested == {"/status/404"}))  # every image of the run fails for one reason
    assert _requested_paths(farsite) == requested
    assert _files(commands) == before
    assert commands.scrapy("verify").returncode == 0


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        ((), 2, "expected the images to forget"),
        (("--reason", "bored"), 2, "--reason bored: must be one of"),
        (("--site", "flickr"), 2, "nothing has been harvested from a site of that name"),
        (("--all",), 2, "unknown: --all"),
        (("nobody",), 1, "nobody: no such image in the catalogue"),
        (("\udcff",), 1, ": no such image in the catalogue"),
    ],
)
def test_forget_refuses_unknown_arguments(
    harvested: dataset.DataSet, commands: Commands, words: tuple[str, ...], code: int, says: str
) -> None:
    """One sentence, and nothing is forgotten."""
    done = commands.scrapy("forget", *words)
    assert done.returncode == code
    assert says in done.stderr
    assert dataset.rows(commands.data, "SELECT DISTINCT status FROM images ORDER BY 1") == [("done",), ("failed",)]


def test_a_forgotten_picture_that_has_changed_replaces_its_copy(
    farsite: Farsite, harvested: dataset.DataSet, commands: Commands
) -> None:
    """Other bytes come from the same address: the copy that we made is replaced, one that is not ours never is."""
    _change(commands, f"UPDATE images SET key = '{farsite.url('/photo/30.jpg')}' WHERE id = 1; "
                      f"UPDATE images SET key = '{farsite.url('/photo/40.jpg')}' WHERE id = 2; "
                      "UPDATE collections SET discovering = discovered_from")  # fmt: skip
    _output_file(commands, 1).unlink()
    _output_file(commands, 1).write_bytes(b"mine")
    before = _output_file(commands, 0).read_bytes()
    assert commands.scrapy("forget", "1", "2").returncode == 0
    commands.crawl(harvested)
    assert _output_file(commands, 0).read_bytes() == _blob(commands, 0).read_bytes() != before
    assert _output_file(commands, 1).read_bytes() == b"mine"
    assert dataset.rows(commands.data, "SELECT status, reason FROM images WHERE id < 3") == [
        ("done", ""), ("failed", "name-taken"),
    ]  # fmt: skip
    assert "unreferenced" in commands.scrapy("verify").stdout
