"""tag, stats, show and remove, after real crawls."""

import csv
import io
import json
import sqlite3
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from tests import dataset_files as dataset
from tests.conftest import Commands
from tests.dataset_files import rows
from tests.farsite.imagefap.client import Imagefap
from tests.farsite.imagefap.world import make_world
from tests.farsite.process import Farsite
from tests.spiders.imagefap.old_database import old_databases

DUPLICATE_URLS = 2
"""Of the data set, this many addresses have the bytes of another."""

PATHS = [*(f"/photo/{number}.jpg" for number in range(4)), "/photo/0.jpg?2", "/photo/1.jpg?2", "/status/404"]
ACCTS = ("alice@example.social", "=bob@example.social")


@pytest.fixture(scope="module")
def template(server: Farsite, tmp_path_factory: pytest.TempPathFactory) -> tuple[dataset.DataSet, Path]:
    """A data set of two users, and old favourites, in one collection."""
    folder = tmp_path_factory.mktemp("template")
    urls = [server.url(path) for path in PATHS]
    posts = {**dataset.one_user(urls[:4]), **dataset.one_user(urls[4:], ACCTS[1])}
    files = dataset.write(folder, posts)
    commands = Commands(folder / "data")
    commands.crawl(files, "-s", "DOWNLOAD_TIMEOUT=30")
    assert commands.scrapy("import-favorites", str(old_databases.write(folder / "old", layout="v1"))).returncode == 0
    return files, folder / "data"


@pytest.fixture
def harvested(farsite: Farsite, commands: Commands, template: tuple[dataset.DataSet, Path]) -> dataset.DataSet:
    """A copy of it."""
    files, data = template
    commands.copy_data_from(data)
    return files


def _run_ok(commands: Commands, *words: str, code: int = 0) -> str:
    done = commands.scrapy(*words)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    return done.stdout


def _parse_csv(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def _tag_counts(commands: Commands) -> dict[str, int]:
    return {tag["path"]: tag["images"] for tag in json.loads(_run_ok(commands, "tag", "list", "--json"))}


def test_tags_are_applied_by_rule_and_by_list_and_undone(harvested: dataset.DataSet, commands: Commands) -> None:
    """By site, album and author; by what show prints; each undone as a whole; the history tells all of it."""
    before = _tag_counts(commands)
    _run_ok(commands, "tag", "add", "Seen")
    _run_ok(commands, "tag", "apply", "seen", "--site", "mastodon", "--author", ACCTS[0])
    _run_ok(commands, "tag", "apply", "seen", "--album", "Alice & Co/folder <501>")
    assert _tag_counts(commands)["Seen"] == 4 + 3
    listed = _run_ok(commands, "show", "images", "--csv", "--site", "mastodon")
    words = commands.command("tag", "clear", "Seen", "-")
    cleared = subprocess.run(words, input=listed, **commands.options(), check=False)
    assert cleared.stdout == "Seen (4) is off 4 images.\n"
    assert _tag_counts(commands)["Seen"] == 3
    for _ in range(4):
        _run_ok(commands, "tag", "undo")
    assert _tag_counts(commands) == before
    history = json.loads(_run_ok(commands, "tag", "history", "--json"))
    assert [(change["origin"], change["undone"]) for change in history] == [
        *[("tag", False)] * 4, *[("tag", True)] * 4, ("import-favorites", False),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("delete", "Places"), 2, "Places has tags below it (Lakes); delete or move them first."),
        (("add", "Nowhere/Lakes2"), 2, "There is no tag Nowhere"),
        (("delete", "9" * 5000), 2, "There is no tag 999"),
        (("apply", "Good"), 2, "expected scrapy tag apply TAG -|RULE …"),
        (("apply", "Good", "--all"), 2, "expected scrapy tag apply TAG -|RULE …"),
        (("apply", "Good", "--site", "flickr"), 2, "nothing has been harvested from a site of that name"),
        (("apply", "Good", "--album", "nobody/nothing"), 2, "USER/ALBUM matches no album"),
        (("apply", "Good", "--author", "nobody"), 1, "No image matches."),
    ],
)
def test_tag_refuses_what_it_cannot_do(
    harvested: dataset.DataSet, commands: Commands, words: tuple[str, ...], code: int, says: str
) -> None:
    """One sentence, and nothing is logged."""
    before = rows(commands.data, "SELECT count(*) FROM tag_log")
    done = commands.scrapy("tag", *words)
    assert done.returncode == code
    assert says in done.stderr
    assert rows(commands.data, "SELECT count(*) FROM tag_log") == before


def test_a_list_with_an_invalid_sha256_changes_nothing(harvested: dataset.DataSet, commands: Commands) -> None:
    """The line is named; unknown sha256 are counted, and exit code 1."""
    ((sha,),) = rows(commands.data, "SELECT min(sha256) FROM blobs")
    lists = (
        (f"{sha}\nnonsense\n".encode(), 2, "Line 2"),
        (b"\xff\n", 2, "Line 1 of the list is not a sha256"),
        (f"{sha},J".encode() + b"\xe9r\xf4me\n" + b"0" * 64, 1, "no image for 1 of the given sha256"),
    )
    commands.environment["PYTHONIOENCODING"] = "utf-8:strict"  # as in most people's locales
    for text, code, says in lists:
        before = _tag_counts(commands)["Good"]
        options = commands.options() | {"text": False}
        done = subprocess.run(commands.command("tag", "apply", "Good", "-"), input=text, **options, check=False)
        assert done.returncode == code, done.stderr
        assert says in done.stderr.decode()
        assert b"Traceback" not in done.stderr
        assert _tag_counts(commands)["Good"] - before == (code == 1)


def test_stats_count_everything_once(harvested: dataset.DataSet, commands: Commands) -> None:
    """Sizes, formats, users, albums, duplicates and reasons over both sites add up with what is on disk."""
    stats = json.loads(_run_ok(commands, "stats", "--json"))
    sizes = [path.stat().st_size for path in (commands.data / "blobs").rglob("*.*")]
    assert (stats["sizes"]["number"], stats["sizes"]["total"]) == (len(sizes), sum(sizes))
    assert (stats["sizes"]["least"], stats["sizes"]["most"]) == (min(sizes), max(sizes))
    assert stats["users"] == {"imagefap": 1, "mastodon": 2}
    assert (stats["albums"], stats["albums_pending"]) == (2, 0)
    # the favourites: 5 images done, one of them in both albums, one picture under two numbers
    unique, total = stats["occurrences"]["unique"], stats["occurrences"]["total"]
    assert (unique, total, stats["exact_duplicates"]) == (4 + 4, 4 + DUPLICATE_URLS + 6, DUPLICATE_URLS + 2)
    assert stats["sites"]["mastodon"] == {"done": 6, "failed": 1}
    assert stats["reasons"] == {"http-gone": 1, "gone": 1}
    assert (stats["failed"], stats["gone"]) == (2, 2)
    text = _run_ok(commands, "stats")
    assert "8 unique images (12 total, 4 exact duplicates)" in text
    assert "2 albums (oldest: 2023-03-28T10:40:05+00:00 / newest: 2023-03-28T10:40:05+00:00)" in text
    assert "0 near-duplicates in 0 groups" in text


@pytest.mark.parametrize("subject", ["users", "albums", "tags", "images", "groups", "runs"])
def test_show_lists_the_same_rows_as_csv_and_json(harvested: dataset.DataSet, commands: Commands, subject: str) -> None:
    """As many rows, the same headings, no cell that a spreadsheet would run, and one line each for a person."""
    if subject == "groups":
        _run_ok(commands, "dedupe", "--phash", "10")
    listed: list[dict[str, Any]] = json.loads(_run_ok(commands, "show", subject, "--json"))
    table = _parse_csv(_run_ok(commands, "show", subject, "--csv"))
    assert listed
    assert [list(row) for row in table] == [list(row) for row in listed]
    assert not [cell for row in table for cell in row.values() if cell[:1] in ("=", "+", "-", "@")]
    assert len(_run_ok(commands, "show", subject).splitlines()) == len(listed)
    if subject == "users":
        assert {row["name"]: (row["images"], row["failed"]) for row in listed} == {
            "Alice & Co": (7, 1), ACCTS[0]: (4, 0), ACCTS[1]: (3, 1),
        }  # fmt: skip
        assert f"'{ACCTS[1]}" in {row["name"] for row in table}


def test_show_knows_rules_for_images_only(harvested: dataset.DataSet, commands: Commands) -> None:
    """A rule for anything else, two forms at once and a mistyped option are refused."""
    assert len(json.loads(_run_ok(commands, "show", "images", "--json", "--status", "failed"))) == 2
    assert len(json.loads(_run_ok(commands, "show", "images", "--json", "--tag", "Lakes", "--site", "imagefap"))) == 2
    for words in (("users", "--site", "mastodon"), ("images", "--csv", "--json"), ("images", "--cvs"), ("pictures",)):
        assert commands.scrapy("show", *words).returncode == 2
    assert "must be one of" in commands.scrapy("show", "images", "--status", "lost").stderr


def _files(data: Path) -> set[str]:
    return {
        str(path.relative_to(data)) for name in ("blobs", "images", "thumbs") for path in (data / name).rglob("*.*")
    }


def test_a_removed_user_loses_files_and_is_refetched_on_request(
    farsite: Farsite, harvested: dataset.DataSet, commands: Commands
) -> None:
    """Bytes another user has stay; a dry run changes nothing; the same crawl lists and fetches the user again."""
    before = _files(commands.data)
    dry = _run_ok(commands, "remove", "user", ACCTS[0], "--dry-run")
    assert dry.startswith("Would remove 4 placements of 4 images, with 2 blobs (")
    assert _files(commands.data) == before
    output = _run_ok(commands, "remove", "user", ACCTS[0])
    assert "\nRemoved 6 files.\n" in output
    after = _files(commands.data)
    assert not [name for name in after if name.startswith("images/mastodon/0_")]
    assert len(before - after) == 6
    assert _run_ok(commands, "verify").endswith("no damage.\n")
    assert "0" not in dataset.status(commands.data)
    commands.crawl(harvested, "-s", "DOWNLOAD_TIMEOUT=30")
    assert _files(commands.data) == before
    requested = set(farsite.counts()["paths"]) - {"/robots.txt", "/status/404"}
    assert requested == {f"/photo/{number}.jpg" for number in range(4)}


def _remove_and_die(commands: Commands, *words: str) -> None:
    """A removal that dies at its third file."""
    trap = "import os\n_unlink, _left = os.unlink, [3]\ndef unlink(path, **rest):\n    if 'blobs' in str(path) or " \
           "'images' in str(path):\n        _left[0] -= 1\n        if not _left[0]:\n            os._exit(9)\n" \
           "    return _unlink(path, **rest)\nos.unlink = unlink\n"  # fmt: skip
    folder = commands.data.parent / "trap"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(trap)
    commands.environment["PYTHONPATH"] = str(folder)
    assert commands.scrapy("remove", *words).returncode == 9
    del commands.environment["PYTHONPATH"]


def test_a_killed_removal_is_completed_by_the_next(harvested: dataset.DataSet, commands: Commands) -> None:
    """At whatever file it dies: verify is content in between, and the same command completes it."""
    before = _files(commands.data)
    _remove_and_die(commands, "site", "mastodon")
    between = _files(commands.data)
    assert 0 < len(before - between) < 10
    checked = commands.scrapy("verify")
    assert checked.returncode == 0, checked.stdout
    assert "pending-delete\t" in checked.stdout
    assert _run_ok(commands, "remove", "site", "mastodon").startswith("Completed an interrupted removal: ")
    assert not [name for name in _files(commands.data) if "mastodon" in name]
    assert rows(commands.data, "SELECT count(*) FROM pending_deletes") == [(0,)]
    assert _run_ok(commands, "verify").endswith("no damage.\n")
    assert "nothing has been harvested" in commands.scrapy("remove", "site", "mastodon").stderr


def test_missing_files_only_warn_and_edited_ones_stay(harvested: dataset.DataSet, commands: Commands) -> None:
    """An output file that somebody has edited is not ours to remove, and is reported."""
    folder = commands.data / "images/mastodon"
    (folder / "0_0_0.jpg").unlink()
    (folder / "0_1_0.jpg").unlink()
    (folder / "0_1_0.jpg").write_bytes(b"edited")
    done = commands.scrapy("remove", "site", "mastodon")
    assert done.returncode == 1
    assert f"{folder / '0_0_0.jpg'}: missing." in done.stderr
    assert f"{folder / '0_1_0.jpg'}: left: its bytes have been changed." in done.stderr
    assert [path.name for path in folder.iterdir()] == ["0_1_0.jpg"]


@pytest.mark.parametrize(("words", "code", "says"), [
    (("site", "mastodon"), 1, ""),
    (("album", "Alice & Co/typo"), 2, "Error: "),
])  # fmt: skip
def test_completing_a_stopped_removal_reports_edited_files_and_errors(
    harvested: dataset.DataSet, commands: Commands, words: tuple[str, ...], code: int, says: str
) -> None:
    """An edit that was kept is reported with exit code 1; a wrong argument is still an error."""
    _remove_and_die(commands, "site", "mastodon")
    edited = min((commands.data / "images/mastodon").iterdir())
    edited.unlink()
    edited.write_bytes(b"edited")
    done = commands.scrapy("remove", *words)
    assert (done.returncode, says in done.stderr) == (code, True), done.stderr
    assert done.stdout.startswith("Completed an interrupted removal: ")
    assert f"{edited}: left: its bytes have been changed." in done.stderr
    assert rows(commands.data, "SELECT count(*) FROM pending_deletes") == [(0,)]
    assert edited.read_bytes() == b"edited"


def test_files_named_again_after_a_stopped_removal_stay(farsite: Farsite, commands: Commands) -> None:
    """A picture that was named again, and all that lies beside it."""
    commands.environment["CIVITAI_BASE_URL"] = farsite.url("")
    commands.harvest("civitai", "ids=2", "min_count=-1")
    _remove_and_die(commands, "site", "civitai")
    commands.harvest("civitai", "ids=2", "min_count=-1")
    before = _files(commands.data)
    assert {"images/civitai/2.jpg", "images/civitai/2.json", "images/civitai/2.txt"} < before
    assert commands.scrapy("remove", "album", "nobody/nothing").returncode == 2
    assert rows(commands.data, "SELECT count(*) FROM pending_deletes") == [(0,)]
    assert _files(commands.data) == before


def test_an_output_file_of_64_letters_is_not_a_blob(harvested: dataset.DataSet, commands: Commands) -> None:
    """In a folder of the collection it has a row again by the next removal, so it stays."""
    name = f"model/{'a' * 64}"
    copy = commands.data / f"images/mastodon/{name}.jpg"
    copy.parent.mkdir()
    (commands.data / "images/mastodon/0_0_0.jpg").rename(copy)
    path = copy.relative_to(commands.data)
    with sqlite3.connect(commands.data / "catalogue.db") as catalogue:
        catalogue.executescript(
            f"UPDATE placements SET name = '{name}', file = '{name}.jpg' WHERE name = '0_0_0'; "
            "INSERT INTO pending_deletes (path, folder, command) "
            f"VALUES ('{path}', 'images/mastodon', 'site mastodon');"
        )
    _run_ok(commands, "remove", "site", "imagefap")
    assert copy.exists()


def test_edited_metadata_files_stay(farsite: Farsite, harvested: dataset.DataSet, commands: Commands) -> None:
    """A note of the user stays, an edited caption too and is reported; the item's JSON is deleted."""
    commands.environment["CIVITAI_BASE_URL"] = farsite.url("")
    commands.harvest("civitai", "ids=2", "min_count=-1")
    note, caption = commands.data / "images/mastodon/0_0_0.txt", commands.data / "images/civitai/2.txt"
    for file in (note, caption):
        file.write_text("my own words")
    _run_ok(commands, "remove", "site", "mastodon")
    done = commands.scrapy("remove", "site", "civitai")
    assert (done.returncode, done.stderr) == (1, f"{caption}: left: its bytes have been changed.\n")
    assert [file.read_text() for file in (note, caption)] == ["my own words"] * 2
    assert list(caption.parent.iterdir()) == [caption]


def _has_images(data: Path) -> bool:
    try:
        return (data / "catalogue.db").exists() and bool(rows(data, "SELECT 1 FROM images"))
    except sqlite3.OperationalError:  # its tables are being made
        return False


def test_nothing_is_removed_while_a_crawl_runs(farsite: Farsite, commands: Commands, tmp_path: Path) -> None:
    """One sentence that names the process, exit code 2; a trial is allowed."""
    files = dataset.write(tmp_path, dataset.one_user([farsite.url("/photo/1.jpg"), farsite.url("/slow/90/a.jpg")]))
    crawl = commands.start("crawl", "mastodon", *files.arguments, "-s", "DOWNLOAD_TIMEOUT=100")
    try:
        deadline = time.monotonic() + 60
        while not _has_images(commands.data):
            assert crawl.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.1)
        refused = commands.scrapy("remove", "site", "mastodon")
        assert refused.returncode == 2
        assert "is running in" in refused.stderr
        assert _run_ok(commands, "remove", "site", "mastodon", "--dry-run").startswith("Would remove 2 placements")
    finally:
        crawl.kill()
        crawl.communicate()


def test_a_removed_album_is_read_again_when_its_user_is(farsite: Farsite, commands: Commands) -> None:
    """Its pictures go unless another album has them; the next crawl of the user reads it from its first page."""
    site = Imagefap(farsite, "removing0000").reset()
    commands.environment["IMAGEFAP_BASE_URL"] = site.base
    commands.harvest("imagefap", "user=alice")
    joined = "album_images JOIN albums ON albums.id = album_id JOIN images ON images.id = image_id"
    query = f"SELECT albums.name, images.key, position FROM {joined} ORDER BY 1, 3"
    before, files = rows(commands.data, query), _files(commands.data)
    alice = make_world().users[1001]
    folder = next(folder for folder in alice.folders.values() if folder.name == "Landscapes")
    _run_ok(commands, "remove", "album", f"ALICE/{folder.name.lower()}")
    others = {key for name, key, _ in before if name != folder.name}
    assert {key for (key,) in rows(commands.data, "SELECT key FROM images")} == others
    assert _files(commands.data) < files
    assert _run_ok(commands, "verify").endswith("no damage.\n")
    commands.harvest("imagefap", "user=alice")
    assert rows(commands.data, query) == before
    assert _files(commands.data) == files


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("site", "flickr"), "nothing has been harvested from a site of that name"),
        (("user", "nobody"), "nobody is not a known user; see scrapy show users."),
        (("album", "Alice"), "USER/ALBUM matches no album"),
        (("site",), "expected album USER/ALBUM"),
        (("everything", "now"), "expected album USER/ALBUM"),
        (("user", "--dryrun"), "expected album USER/ALBUM"),
    ],
)
def test_remove_refuses_unknown_arguments(
    harvested: dataset.DataSet, commands: Commands, words: tuple[str, ...], says: str
) -> None:
    """One sentence, exit code 2, nothing goes."""
    done = commands.scrapy("remove", *words)
    assert done.returncode == 2
    assert says in done.stderr
    assert rows(commands.data, "SELECT count(*) FROM images") == [(len(PATHS) + 7,)]
