"""`scrapy import-favorites`: an old database becomes part of the catalogue, whole, once; or is refused, untouched."""

import os
import pickle
import sqlite3
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from harvester.imaging.types import FINGERPRINT_VERSION
from tests.conftest import Commands
from tests.spiders.imagefap.old_database import old_databases
from tests.spiders.imagefap.old_database.old_databases import BODIES, ORDER, SHAS, TIME


def _import(commands: Commands, path: Path, code: int = 0) -> tuple[str, str]:
    done = commands.scrapy("import-favorites", str(path))
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout, done.stderr


def _rows(commands: Commands, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(commands.data / "catalogue.db")) as connection:
        return connection.execute(query).fetchall()


def _all_rows(commands: Commands) -> dict[str, list[tuple[Any, ...]]]:
    names = [name for (name,) in _rows(commands, "SELECT name FROM sqlite_master WHERE type = 'table'")]
    return {name: _rows(commands, f"SELECT * FROM {name}") for name in names}


_ORDER = """SELECT albums.key, images.key FROM album_images JOIN albums ON albums.id = album_id
JOIN images ON images.id = image_id ORDER BY albums.key, position"""
_STATUS = "SELECT key, status, reason FROM images ORDER BY key"


@pytest.mark.parametrize("layout", old_databases.LAYOUTS)
def test_an_old_database_is_imported_whole(commands: Commands, tmp_path: Path, layout: str) -> None:
    """Users, folders, order, bytes, tags and verdicts; what was not fetched is pending, what failed is gone."""
    output, complaints = _import(commands, old_databases.write(tmp_path / "old", layout=layout))
    assert complaints == ""
    failed = [] if layout == "readme" else [("117", "failed", "gone")]
    done = [(str(image), "done", "") for image in range(111, 116)]
    assert _rows(commands, _STATUS) == [*done, ("116", "pending", ""), *failed]
    order = [(str(folder), str(image)) for folder in ORDER for image in ORDER[folder]]
    assert _rows(commands, _ORDER) == order + [("502", key) for key, _, _ in failed]
    assert _rows(commands, "SELECT site, key, name FROM site_users") == [("imagefap", "1001", "Alice & Co")]
    read_at = TIME if layout == "v2" else TIME + 5
    assert _rows(commands, "SELECT key, name, kind, pages, read_at, finished_at FROM albums ORDER BY key") == [
        (key, f"Folder <{key}>", "pictures", 2, read_at, TIME) for key in ("501", "502")
    ]
    for sha, body in zip(SHAS, BODIES, strict=True):
        assert (commands.data / "blobs" / sha[:2] / f"{sha}.jpg").read_bytes() == body
    assert {
        sha for (sha,) in _rows(commands, f"SELECT sha256 FROM blobs WHERE fingerprint_version = {FINGERPRINT_VERSION}")
    } == set(SHAS)
    assert set(_rows(commands, "SELECT length(coefficients) FROM blobs")) == {(128,)}
    assert "blobs imported: 4" in output
    assert "phash as in the old database: 4" in output
    assert f"images pending: 1\nimages failed: {len(failed)}" in "\n".join(sorted(output.splitlines(), reverse=True))


@pytest.mark.parametrize("layout", old_databases.LAYOUTS)
def test_tags_and_verdicts_are_logged_with_their_origin(commands: Commands, tmp_path: Path, layout: str) -> None:
    """The tree, what has the tags, and each group in which something was decided; in version 2 each place as well."""
    _import(commands, old_databases.write(tmp_path / "old", layout=layout))
    log = _rows(commands, "SELECT origin, action, tag_id, name, parent_id, sha256 FROM tag_log "
                          "JOIN tag_changes ON tag_changes.id = change_id ORDER BY tag_log.id")  # fmt: skip
    assert {origin for origin, *_ in log} == {"import-favorites"}
    assert [entry[1:] for entry in log] == [
        ("add", 1, "Places", None, None),
        ("add", 3, "Lakes", 1, None),
        ("add", 2, "Good", None, None),
        ("apply", 2, None, None, SHAS[0]),
        ("apply", 3, None, None, SHAS[0]),
    ]
    verdict_rows = _rows(commands, "SELECT sha256, verdict FROM verdicts WHERE album_id IS NULL")
    assert dict(verdict_rows) == old_databases.VERDICTS
    placement_rows = _rows(
        commands,
        "SELECT images.key, albums.key, verdict FROM verdicts JOIN images ON images.id = image_id "
        "JOIN albums ON albums.id = album_id ORDER BY 1",
    )
    assert placement_rows == ([("111", "501", "keep"), ("112", "502", "skip")] if layout == "v2" else [])
    assert _rows(commands, "SELECT DISTINCT origin FROM decisions") == [("import-favorites",)]


def test_images_gone_from_the_site_are_marked(commands: Commands, tmp_path: Path) -> None:
    """The picture stays done; its detail says since when the site does not have it."""
    _import(commands, old_databases.write(tmp_path / "old", layout="v2"))
    (image_row,) = _rows(commands, "SELECT status, detail FROM images WHERE key = '113'")
    assert image_row == ("done", "no longer at the site; noticed 2023-03-28T10:40:00+00:00")


def test_local_files_of_version_two_are_imported(commands: Commands, tmp_path: Path) -> None:
    """Its 128-bit numbers are keys like any other; a local file that is lost is gone, because no site has it."""
    content = old_databases.content("v2")
    present, lost, folder = 2**127 + 1, 2**127 + 2, 2**126
    content["users"][1] = {"name": "LOCAL DISK", "date_albums": 0, "date_finished": 0}
    content["favorites"][1] = {folder: {"name": "Disk", "pages": 1, "date_blobs": 0, "images": [lost, present]}}
    content["blobs"][SHAS[3]]["loc"][1, folder, present] = ("mine.jpg", "new")
    _import(commands, old_databases.write(tmp_path / "old", content))
    statuses = {key: (status, reason) for key, status, reason in _rows(commands, _STATUS)}
    assert statuses[str(present)] == ("done", "")
    assert statuses[str(lost)] == ("failed", "gone")
    assert [key for album, key in _rows(commands, _ORDER) if album == str(folder)] == [str(lost), str(present)]


def test_importing_twice_changes_nothing(commands: Commands, tmp_path: Path) -> None:
    """Not a row is added or altered."""
    old = old_databases.write(tmp_path / "old", layout="v2")
    _import(commands, old)
    before = _all_rows(commands)
    _import(commands, old / "imagefap.database")
    assert _all_rows(commands) == before


def test_late_bytes_are_imported_by_the_next_import(commands: Commands, tmp_path: Path) -> None:
    """A lost and a damaged file are named, exit code 1, their images stay pending; put back, they are imported."""
    old = old_databases.write(tmp_path / "old")
    (old / "blobs" / f"{SHAS[0]}.jpg").unlink()
    (old / "blobs" / f"{SHAS[1]}.jpg").write_bytes(BODIES[1][:-10])
    _, complaints = _import(commands, old, code=1)
    assert f"{SHAS[0]}.jpg: cannot be read (No such file or directory); its images stay pending." in complaints
    assert f"{SHAS[1]}.jpg: its bytes do not match its name; its images stay pending." in complaints
    pending = {key for key, status, _ in _rows(commands, _STATUS) if status == "pending"}
    assert pending == {"111", "112", "113", "116"}
    assert not (commands.data / "blobs" / SHAS[1][:2] / f"{SHAS[1]}.jpg").exists()
    _import(commands, old_databases.write(tmp_path / "old"))
    assert {key for key, status, _ in _rows(commands, _STATUS) if status == "pending"} == {"116"}
    assert [key for album, key in _rows(commands, _ORDER) if album == "501"] == [str(image) for image in ORDER[501]]


def test_a_file_that_is_no_picture_fails_with_its_reason(commands: Commands, tmp_path: Path) -> None:
    """The old tool kept what the site sent; here it is looked at."""
    html = b"<html><body>not a picture</body></html>"
    content = old_databases.content()
    content["blobs"][sha256(html).hexdigest()] = {
        "loc": {(118, "u", "x.jpg", 1001, 501)}, "tags": set(), "sz": len(html), "ext": "jpg",
    }  # fmt: skip
    old = old_databases.write(tmp_path / "old", content)
    (old / "blobs" / f"{sha256(html).hexdigest()}.jpg").write_bytes(html)
    _, complaints = _import(commands, old, code=1)
    assert "not-an-image (HTML)" in complaints
    assert ("118", "failed", "not-an-image") in _rows(commands, _STATUS)


def test_sizes_that_differ_are_named(commands: Commands, tmp_path: Path) -> None:
    """The bytes have the right sha256, so they are imported; what the database said of them is not true."""
    content = old_databases.content()
    content["blobs"][SHAS[0]] |= {"sz": 5, "width": 9, "percept": "0123456789abcdef"}
    output, complaints = _import(commands, old_databases.write(tmp_path / "old", content), code=1)
    assert f"has {len(BODIES[0])} bytes, the database says 5; imported as it is." in complaints
    assert "has 96 × 64 pixels, the database says 9 × 64; imported as it is." in complaints
    assert "phash different: 1" in output


class _RunsCommand:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, ("touch harm",)


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (
            _RunsCommand(),
            "it contains more than plain data (it wants to call 'posix.system'). None of it was executed.",
        ),
        ({"users": _RunsCommand()}, "it contains more than plain data"),
        ({**old_databases.content(), "surprise": 1}, "contains 'surprise', which is unknown"),
        (b"raw", "expected a dictionary, found bytes"),
    ],
)
def test_a_database_that_is_refused_changes_nothing(
    commands: Commands, tmp_path: Path, value: object, says: str
) -> None:
    """One sentence, exit code 2, no data directory, no trace of what the file wanted to run."""
    (tmp_path / "imagefap.database").write_bytes(pickle.dumps(value))
    _, complaints = _import(commands, tmp_path, code=2)
    assert says in complaints
    assert len(complaints.splitlines()) == 1
    assert not commands.data.exists()
    assert not Path("harm").exists()


@pytest.mark.parametrize("arguments", [(), ("a", "b")])
def test_one_path_is_expected(commands: Commands, arguments: tuple[str, ...]) -> None:
    """No path or two are misuse."""
    done = commands.scrapy("import-favorites", *arguments)
    assert done.returncode == 2
    assert "expected one path" in done.stderr + done.stdout


def test_status_counts_imported_images(commands: Commands, tmp_path: Path) -> None:
    """The counts of imagefap add up."""
    _import(commands, old_databases.write(tmp_path / "old"))
    done = commands.scrapy("status", "--json")
    assert '"expected": 7' in done.stdout
    assert '"done": 5' in done.stdout
    assert '"pending": 1' in done.stdout
