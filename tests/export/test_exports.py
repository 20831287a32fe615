"""scrapy export: every format holds what the catalogue holds, again and again, and nothing of a stranger's is lost."""

import csv
import json
import os
import re
import signal
import sqlite3
import time
from contextlib import closing
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from harvester.catalogue.schema import images
from harvester.catalogue.store import open_existing
from harvester.commands.export import _print_totals
from harvester.export.export import Export
from harvester.export.layouts import NumberPrefix
from harvester.export.manifest_db import ExportManifest
from harvester.export.options import FORMATS, ExportOptions
from harvester.export.output_folder import OutputFolder
from harvester.export.result import ExportTotals
from harvester.export.rows import COLUMNS
from harvester.export.selection import RULES
from harvester.export.table_files import json_line, open_table
from harvester.imaging.types import ConversionOptions
from harvester.parsing.file_names import folder_name
from harvester.storage.blobs import BlobStore
from harvester.storage.locks import Lock
from harvester.text import csv_unescape
from tests.conftest import ROOT, Commands
from tests.dataset_files import rows
from tests.export.exports import add_long_text, export, pictures, read_lines, sha256
from tests.export.killed_exports import export_and_kill

DONE = "SELECT count(*) FROM images WHERE status = 'done'"


def _add_tags(commands: Commands) -> None:
    for words in (("add", "places"), ("add", "places/water"), ("apply", "places", "--site", "imagefap"),
                  ("apply", "water", "--album", "alice/landscapes")):  # fmt: skip
        done = commands.scrapy("tag", *words)
        assert done.returncode == 0, done.stderr


def _skip_picture(commands: Commands, sha: str) -> None:
    """A verdict on one picture, as a decision of somebody's."""
    with sqlite3.connect(commands.data / "catalogue.db") as connection:
        row = connection.execute("INSERT INTO decisions (at, origin) VALUES (0, 'test')").lastrowid
        connection.execute("INSERT INTO verdicts (decision_id, sha256, verdict) VALUES (?, ?, 'skip')", (row, sha))


def test_files_are_albums_and_names_that_people_gave(harvested: Commands) -> None:
    """Albums are folders, names are those at the site; every picture once, bytes as they came, linked to the blob."""
    exported = export(harvested, "files")
    named = {path for path in exported.files if path.startswith("imagefap/")}
    landscapes = {
        "lake dawn 02",
        "pier & gulls",
        "old_mill",
        "no extension",
        "lake dawn 05",
        "lake dawn 07",
        "lake dawn 09",
    }
    assert {f"imagefap/alice/Landscapes/{name}.jpg" for name in landscapes} < named
    assert not any("same again" in path for path in named), "its bytes are those of the pier"
    assert {"mastodon/0_0_0.jpg", "mastodon/0_3_0.png", "civitai/2.jpg"} < set(exported.files)
    assert {sha256(data) for path, data in exported.files.items() if path != "manifest.jsonl"} == pictures(harvested)
    assert (exported.folder / "mastodon/0_0_0.jpg").stat().st_nlink > 1
    assert exported.number("exported") == len(pictures(harvested)) == len(exported.files) - 1


def test_all_has_every_placement_of_every_image(harvested: Commands) -> None:
    """With --dedupe all a picture lies in each of its albums, and bytes that two images share lie there twice."""
    exported = export(harvested, "files", "--dedupe", "all")
    assert {"imagefap/alice/Landscapes/old_mill.jpg", "imagefap/alice/Uncategorized/old_mill.jpg",
            "imagefap/alice/Rock & Roll Posters/same again.jpg",
            "mastodon/0_2_0.jpg"} < set(exported.files)  # fmt: skip
    assert exported.number("exported") == rows(harvested.data, DONE)[0][0]


def test_numbers_keep_the_order_of_an_album(harvested: Commands) -> None:
    """--number puts the place in the album before the name."""
    exported = export(harvested, "files", "--album", "alice/landscapes", "--number")
    folder = "imagefap/alice/Landscapes/"
    names = sorted(path.removeprefix(folder) for path in exported.files if path.startswith(folder))
    assert [name[:5] for name in names] == [f"{number:05}" for number in range(1, 9)]
    assert names[:4] == ["00001-lake dawn 02.jpg", "00002-pier & gulls.jpg", "00003-old_mill.jpg",
                         "00004-no extension.jpg"]  # fmt: skip


def test_tags_are_folders_in_the_tree(harvested: Commands) -> None:
    """One copy for each tag; names that clash begin with digits of the sha256; --tag exports no tag below it."""
    _add_tags(harvested)
    exported = export(harvested, "tags")
    assert {"places/lake dawn 02.jpg", "places/water/lake dawn 02.jpg", "places/pier & gulls.jpg"} < set(exported.files)
    clashing = [path for path in exported.files if path.startswith("places/") and path.endswith("-lake dawn 02.jpg")]
    (other,) = clashing
    assert other == f"places/{sha256(exported.files[other])[:10]}-lake dawn 02.jpg"
    only = export(harvested, "tags", "--tag", "places", to="one")
    assert set(only.files) == {path for path in exported.files if "/water/" not in path}
    again = export(harvested, "tags", "--tag", "water", "--number")
    assert "places/water/00001-lake dawn 02.jpg" in again.files
    assert all("/water/0000" in path or path == "manifest.jsonl" for path in again.files)


def test_captions_lie_beside_copies_that_may_be_edited(harvested: Commands) -> None:
    """<sha256>.jpg and .txt; an edited caption survives the next export, the blob is not linked."""
    exported = export(harvested, "captions", "--site", "civitai")
    (prompt,) = rows(
        harvested.data, "SELECT sha256, prompt FROM images JOIN generation ON image_id = id WHERE key = '2'"
    )
    assert exported.files[f"{prompt[0]}.txt"].decode() == " ".join(prompt[1].split()) + "\n", "one line"
    assert all((exported.folder / path).stat().st_nlink == 1 for path in exported.files)
    text = exported.folder / f"{prompt[0]}.txt"
    text.write_text("a castle, by hand\n")
    again = export(harvested, "captions", "--site", "civitai")
    assert text.read_text() == "a castle, by hand\n"
    assert "1 left alone" in again.done.stdout


@pytest.mark.parametrize("format", FORMATS)
def test_a_second_export_writes_nothing(harvested: Commands, format: str) -> None:
    """Nothing has changed: not one file is touched."""
    _add_tags(harvested)
    first = export(harvested, format)
    before = {path: (first.folder / path).stat().st_mtime_ns for path in first.files}
    again = export(harvested, format)
    assert (again.number("written"), again.number("removed"), again.number("unchanged")) == (0, 0, len(before))
    assert {path: (again.folder / path).stat().st_mtime_ns for path in again.files} == before


@pytest.mark.parametrize("format", ["files", "imagefolder", "captions", "webdataset", "parquet"])
def test_what_no_longer_belongs_is_removed(harvested: Commands, format: str) -> None:
    """A picture that a verdict skips later: its file is deleted, the others stay; the skip is reported."""
    sha = sha256((harvested.data / "images/mastodon/0_0_0.jpg").read_bytes())
    first = export(harvested, format)
    _skip_picture(harvested, sha)
    again = export(harvested, format)
    assert again.number("exported") == first.number("exported") - 1
    assert "skipped: verdict skip: 1" in again.done.stdout
    assert sha not in {line["sha256"] for line in again.manifest}
    assert set(again.files) <= set(first.files)
    if format not in ("webdataset", "parquet"):
        assert again.number("removed") >= 1
        assert sha not in {sha256(data) for data in again.files.values()}


def test_the_best_near_duplicate_is_exported(harvested: Commands) -> None:
    """--dedupe best: of each group that nobody has decided on, the copy that scrapy dedupe proposes."""
    proposed = re.findall(r"keep ([0-9a-f]{12})\?", harvested.scrapy("dedupe").stdout)
    assert proposed
    exported = export(harvested, "files", "--dedupe", "best")
    shas = {line["sha256"] for line in exported.manifest}
    assert all(any(sha.startswith(start) for sha in shas) for start in proposed)
    pair_query = "SELECT first, second FROM pairs"
    assert not [pair for pair in rows(harvested.data, pair_query) if set(pair) <= shas], "two of one group"
    skipped = {sha for pair in rows(harvested.data, pair_query) for sha in pair} - shas
    assert f"skipped: a near-duplicate is better: {len(skipped)}" in exported.done.stdout


@pytest.mark.parametrize(("image", "kinds"), [("rgb", {"JPEG", "PNG"}), ("jpeg", {"JPEG"})])
def test_pictures_are_converted_and_made_smaller(harvested: Commands, image: str, kinds: set[str]) -> None:
    """Every one can be opened, is RGB, as long as asked for at most, and never enlarged."""
    exported = export(harvested, "imagefolder", "--image", image, "--resize", "48", "--site", "mastodon")
    sizes = {
        line["file_name"]: (line["width"], line["height"])
        for line in read_lines(exported.folder / "train/metadata.jsonl")
    }
    assert len(sizes) == exported.number("exported") > 5
    formats = set()
    for name, size in sizes.items():
        with Image.open(exported.folder / "train" / name) as picture:
            picture.load()
            formats.add(picture.format)
            assert picture.mode == "RGB" or (image == "jpeg" and picture.mode == "L")
            assert max(picture.size) == min(48, max(size))
    assert formats == kinds


def test_csv_has_a_row_for_every_image_and_no_formula(harvested: Commands) -> None:
    """Whatever became of it; lists are JSON; a text that a spreadsheet would run begins with an apostrophe."""
    alt = '=HYPERLINK("http://bad.example";"x")\nline two, "quoted"'
    with sqlite3.connect(harvested.data / "catalogue.db") as connection:
        connection.execute("UPDATE images SET alt = ? WHERE id = 1", (alt,))
    exported = export(harvested, "csv")
    with (exported.folder / "images.csv").open(encoding="utf-8", newline="") as file:
        csv_rows = list(csv.DictReader(file))
    assert list(csv_rows[0]) == list(COLUMNS)
    query = "SELECT key, status, reason, coalesce(sha256, '') FROM images"
    assert sorted((row["key"], row["status"], row["reason"], row["sha256"]) for row in csv_rows) == sorted(
        rows(harvested.data, query)
    )
    (alt_cell,) = (row["alt"] for row in csv_rows if row["alt"])
    assert alt_cell.startswith("'=")
    assert csv_unescape(alt_cell) == alt
    albums = {row["key"]: json.loads(row["albums"]) for row in csv_rows}
    assert albums["765304600"] == ["alice/Landscapes", "alice/Uncategorized"]


def test_jsonl_reads_back_what_the_catalogue_holds(harvested: Commands) -> None:
    """Each image with prompt, tags and size; --where narrows it down."""
    rows_by_key = {row["key"]: row for row in read_lines(export(harvested, "jsonl").folder / "images.jsonl")}
    assert len(rows_by_key) == rows(harvested.data, "SELECT count(*) FROM images")[0][0]
    query = (
        "SELECT key, prompt, hearts, width, phash FROM images JOIN generation ON image_id = id "
        "JOIN blobs USING (sha256)"
    )
    for key, *values in rows(harvested.data, query):
        assert [rows_by_key[key][name] for name in ("prompt", "hearts", "width", "phash")] == values
    bob = export(harvested, "jsonl", "--where", "author=bob", "--where", "status=done", to="bob")
    assert {row["author"] for row in read_lines(bob.folder / "images.jsonl")} == {"bob"}


def test_the_status_file_is_that_of_the_data_set(harvested: Commands) -> None:
    """Byte for byte the file that a crawl leaves; images of other sites are skipped."""
    exported = export(harvested, "status")
    harvested.scrapy("status")
    assert exported.files == {"mastodon/download_status.json": (harvested.data / "download_status.json").read_bytes()}
    assert "not from a data set" in exported.done.stdout


def test_the_manifest_says_where_each_picture_is_from(harvested: Commands) -> None:
    """Files, sha256, every address of the same bytes, author, licence where stated, verdict, tags, albums."""
    with sqlite3.connect(harvested.data / "catalogue.db") as connection:
        connection.execute('UPDATE images SET metadata = \'{"license": "CC BY 4.0"}\' WHERE id = 1')
    _add_tags(harvested)
    exported = export(harvested, "files")
    lines_by_path = {path: line for line in exported.manifest for path in line["files"]}
    assert {path: line["sha256"] for path, line in lines_by_path.items()} == {
        path: sha256(data) for path, data in exported.files.items() if path != "manifest.jsonl"
    }
    assert [source["key"].partition("photo")[2] for source in lines_by_path["mastodon/0_1_0.jpg"]["sources"]] == [
        "/1.jpg", "/1.jpg?again"
    ]  # fmt: skip
    assert lines_by_path["mastodon/0_0_0.jpg"]["licence"] == "CC BY 4.0"
    assert lines_by_path["mastodon/0_1_0.jpg"]["licence"] is None
    pier = lines_by_path["imagefap/alice/Landscapes/pier & gulls.jpg"]
    assert (pier["author"], pier["tags"], pier["verdict"]) == ("bob", ["places", "places/water"], "new")
    assert pier["albums"] == ["alice/Landscapes", "alice/Rock & Roll Posters"]


@pytest.mark.parametrize("format", ["files", "imagefolder", "webdataset"])
def test_a_lost_blob_fails_and_is_reported(harvested: Commands, format: str) -> None:
    """Exit code 1, a count and a reason; all others are exported; when the blob is back, so is its picture."""
    sha = sha256((harvested.data / "images/mastodon/0_0_0.jpg").read_bytes())
    blob = harvested.data / "blobs" / sha[:2] / f"{sha}.jpg"
    away = blob.rename(harvested.data.parent / "away")
    exported = export(harvested, format, code=1)
    assert "failed: blob missing: 1" in exported.done.stdout
    assert "1 image could not be exported" in exported.done.stderr
    assert {line["sha256"] for line in exported.manifest} == pictures(harvested) - {sha}
    away.rename(blob)
    assert {line["sha256"] for line in export(harvested, format).manifest} == pictures(harvested)


def test_a_foreign_file_is_never_replaced(harvested: Commands) -> None:
    """A name that is taken gives way to another; where there is none, the picture fails; bytes of others stay."""
    folder = harvested.data.parent / "out"
    foreign = folder / "mastodon/0_0_0.jpg"
    foreign.parent.mkdir(parents=True)
    foreign.write_bytes(b"mine")
    exported = export(harvested, "files")
    assert foreign.read_bytes() == b"mine"
    assert any(path.startswith("mastodon/") and path.endswith("-0_0_0.jpg") for path in exported.files)
    sha = sha256((harvested.data / "images/mastodon/0_0_0.jpg").read_bytes())
    foreign_image = harvested.data.parent / "set" / f"train/{sha[:2]}/{sha}.jpg"
    foreign_image.parent.mkdir(parents=True)
    foreign_image.write_bytes(b"theirs")
    exported = export(harvested, "imagefolder", to="set", code=1)
    assert "failed: name taken by another file: 1" in exported.done.stdout
    assert foreign_image.read_bytes() == b"theirs"
    elsewhere = harvested.data.parent / "elsewhere"
    elsewhere.mkdir()
    linked = harvested.data.parent / "linked"
    linked.mkdir()
    (linked / "civitai").symlink_to(elsewhere)
    assert (
        "failed: name taken by another file: 3"
        in export(harvested, "files", "--site", "civitai", to="linked", code=1).done.stdout
    )
    assert not list(elsewhere.iterdir())


def test_a_dry_run_changes_nothing_and_reports_what_it_would_do(harvested: Commands) -> None:
    """The numbers are those of the export that follows."""
    planned = export(harvested, "files", "--dry-run")
    assert not planned.folder.exists()
    exported = export(harvested, "files")
    assert planned.number("to export") == exported.number("exported")
    assert planned.number("to write") == exported.number("written") - 1  # and the manifest
    before = exported.files
    assert export(harvested, "files", "--site", "civitai", "--dry-run").number("to remove") > 0
    assert exported.files == before


def test_a_killed_export_leaves_no_partial_file_and_is_resumed(harvested: Commands) -> None:
    """SIGKILL in the middle: every file there is whole; the same command completes it, calls nothing a stranger's."""
    folder = harvested.data.parent / "out"
    words = ("export", "files", "--image", "jpeg", "--to", str(folder))
    run = harvested.start(*words)
    while run.poll() is None and sum(path.suffix == ".jpg" for path in folder.rglob("*")) < 3:
        time.sleep(0.002)
    run.send_signal(signal.SIGKILL)
    run.communicate()
    paths = [path for path in folder.rglob("*.jpg") if ".tmp" not in str(path)]
    for path in paths:
        Image.open(BytesIO(path.read_bytes())).load()
    exported = export(harvested, "files", "--image", "jpeg")
    assert len(exported.manifest) == len(pictures(harvested))
    assert len(exported.files) == len(pictures(harvested)) + 1
    assert not (folder / ".harvester-export.tmp").exists()


@pytest.mark.parametrize("format", ["files", "webdataset"])
def test_an_export_that_replaces_may_be_killed_at_any_change(harvested: Commands, format: str) -> None:
    """SIGKILL between any two changes: the same command completes it, all of it is ours, a person's files are not."""
    folder = harvested.data.parent / "out"
    foreign = {folder / "civitai/2.jpg": b"a person's", folder / "train/notes.txt": b"as well"}
    for path, data in foreign.items():
        path.parent.mkdir(parents=True)
        path.write_bytes(data)
    sizes = [("--site", "civitai", "--resize", str(pixels)) for pixels in (40, 48)]
    expected = [export(harvested, format, *words, to=f"clean{words[-1]}").files for words in sizes]
    export(harvested, format, *sizes[0])
    kills, changes = 0, 1
    while export_and_kill(harvested, (format, *sizes[1 - kills % 2]), folder, changes):
        kills += 1
        changes += 1 if changes < 8 else 2
        exported = export(harvested, format, *sizes[kills % 2])
        assert exported.number("failed") == 0
        assert "left alone" not in exported.done.stdout
        own_files = {path: data for path, data in exported.files.items() if folder / path not in foreign}
        assert len(exported.manifest) == exported.number("exported") == 3
        assert sorted(map(_comparable, own_files.items())) == sorted(map(_comparable, expected[kills % 2].items()))
        assert {path: path.read_bytes() for path in foreign} == foreign
    assert kills > 8


def _comparable(file: tuple[str, bytes]) -> tuple[str, bytes]:
    """Names may differ where a person has one, and so the manifest."""
    return Path(file[0]).suffix, b"" if file[0].endswith(".jsonl") else file[1]


def test_own_files_are_recognised_after_a_kill_but_no_other(tmp_path: Path) -> None:
    """Killed before or after the new file has its name: both are ours; what somebody put there meanwhile is theirs."""
    for name, (content, is_own) in {"old": (b"old", True), "new": (b"new!", True), "hers": (b"hers!", False)}.items():
        root = tmp_path / name
        with closing(ExportManifest(_new_folder(root), dry=False)) as ledger:
            folder = OutputFolder(root, ledger, dry=False)
            folder.plan_and_publish("a", "1", folder.write_part("a", lambda part: part.write_bytes(b"old")))
        with closing(ExportManifest(root, dry=False)) as ledger:
            folder = OutputFolder(root, ledger, dry=False)
            folder.plan_file("a", "2")
            part = folder.write_part("a", lambda part: part.write_bytes(b"new!"))
            ledger.mark_ready("a", part.lstat())
            if name == "new":
                part.replace(root / "a")
            elif name == "hers":
                (root / "a").write_bytes(content)
        with closing(ExportManifest(root, dry=False)) as ledger:
            folder = OutputFolder(root, ledger, dry=False)
            folder.remove_stale()
            assert (root / "a").exists() != is_own
            assert folder.files == {"removed" if is_own else "yours": 1}


def _new_folder(folder: Path) -> Path:
    folder.mkdir()
    return folder


def test_numbers_that_do_not_add_up_are_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    """An image that ended in no way at all: a sentence and exit code 1, not silence."""
    assert _print_totals(ExportTotals(selected=2, exported=1), dry=False) == 1
    assert "do not add up" in capsys.readouterr().err
    assert _print_totals(ExportTotals(selected=1, exported=1), dry=False) == 0


def test_a_shard_with_an_occupied_name_fails_all_its_pictures(harvested: Commands) -> None:
    """A stranger's tar stays, and none of the pictures that belong there is passed over in silence."""
    foreign = harvested.data.parent / "out/train/data-00000.tar"
    foreign.parent.mkdir(parents=True)
    foreign.write_bytes(b"theirs")
    exported = export(harvested, "webdataset", code=1)
    assert f"failed: name taken by another file: {len(pictures(harvested))}" in exported.done.stdout
    assert foreign.read_bytes() == b"theirs"


@pytest.mark.parametrize("number", [(), ("--number",)])
def test_long_names_that_collide_are_shortened(harvested: Commands, number: tuple[str, ...]) -> None:
    """The longest name there may be, taken by a person's file: the picture's is cut, and nothing ends."""
    long_name = "漢" * 90
    with sqlite3.connect(harvested.data / "catalogue.db") as connection:
        image_query = "SELECT id FROM images WHERE key LIKE '%/kind/webp.webp'"
        connection.execute(f"UPDATE placements SET name = ? WHERE image_id = ({image_query})", (long_name,))
    first = export(harvested, "files", "--where", "site=mastodon", *number, to="first")
    (name,) = (path for path in first.files if path.endswith(".webp"))
    foreign = harvested.data.parent / "out" / name
    foreign.parent.mkdir(parents=True)
    foreign.write_bytes(b"mine")
    exported = export(harvested, "files", "--where", "site=mastodon", *number)
    (other,) = (path for path in exported.files if path.endswith(".webp") and path != name)
    assert exported.files[other] == first.files[name]
    assert 250 < len(Path(other).name.encode()) <= 255


@given(st.text(min_size=1, max_size=20), st.integers(0, 10**7))
def test_no_name_is_longer_than_file_systems_take(stem: str, number: int) -> None:
    """Whatever the name, the number before it and the extension."""
    numbers = NumberPrefix(enabled=bool(number))
    numbers._counts["folder"] = number
    for name in numbers.build_file("folder", folder_name(stem * 90, "_"), "a" * 64, "webp").names:
        assert len(name.removeprefix("folder/").encode()) <= 255


def test_an_error_while_writing_a_table_is_not_attributed_to_it(tmp_path: Path) -> None:
    """An error while its rows are made is reported as what it is."""
    with closing(ExportManifest(tmp_path, dry=False)) as ledger:
        manifest = open_table(OutputFolder(tmp_path, ledger, dry=False), "manifest.jsonl", json_line)
        with pytest.raises(OSError, match="elsewhere"), manifest:
            raise OSError("elsewhere")
    assert not (tmp_path / "manifest.jsonl").exists()


def test_a_picture_with_long_texts_in_it_is_converted(harvested: Commands) -> None:
    """2 MiB of compressed text in a PNG, which a crawl takes, are no reason for an export to refuse it."""
    sha = add_long_text(harvested)
    exported = export(harvested, "imagefolder", "--image", "jpeg")
    assert sha in {line["sha256"] for line in exported.manifest}


def test_two_placements_of_one_name_fail_together(harvested: Commands) -> None:
    """--dedupe all, two collections with folders of one name, the same bytes, which are lost: both fail."""
    sha = sha256((harvested.data / "images/mastodon/0_0_0.jpg").read_bytes())
    with sqlite3.connect(harvested.data / "catalogue.db") as connection:
        connection.execute("UPDATE collections SET directory = 'elsewhere/mastodon' WHERE site = 'civitai'")
        connection.execute("UPDATE images SET sha256 = ? WHERE key = '2'", (sha,))
        image_query = "SELECT id FROM images WHERE key = '2' OR key LIKE '%/photo/0.jpg'"
        connection.execute(f"UPDATE placements SET name = 'same' WHERE image_id IN ({image_query})")
    (harvested.data / "blobs" / sha[:2] / f"{sha}.jpg").unlink()
    for words in (("--dry-run",), ()):
        exported = export(harvested, "files", "--dedupe", "all", *words, code=1)
        assert "failed: blob missing: 2" in exported.done.stdout
    assert all((exported.folder / path).exists() for line in exported.manifest for path in line["files"])


def test_placements_that_differ_in_case_only_have_their_own_files(harvested: Commands) -> None:
    """Every path of the manifest is there, also where two albums of one picture are called Rock and ROCK."""
    with sqlite3.connect(harvested.data / "catalogue.db") as connection:
        connection.execute("UPDATE albums SET name = 'LANDSCAPES' WHERE name LIKE 'Rock%'")
        connection.execute("UPDATE album_images SET name = 'same.jpg'")
    exported = export(harvested, "files", "--dedupe", "all", "--site", "imagefap")
    assert all((exported.folder / path).exists() for line in exported.manifest for path in line["files"])


@pytest.mark.parametrize("damage", ["not a database", "a page of it"])
@pytest.mark.parametrize("dry", [(), ("--dry-run",)])
def test_a_damaged_export_manifest_is_one_sentence(harvested: Commands, damage: str, dry: tuple[str, ...]) -> None:
    """Exit code 2, and nothing in the folder is touched."""
    exported = export(harvested, "files")
    manifest_db = exported.folder / ".harvester-export.db"
    whole = manifest_db.read_bytes()
    manifest_db.write_bytes(
        b"nonsense" * 999 if damage == "not a database" else whole[:4096] + b"\xff" * len(whole[4096:])
    )
    refused = export(harvested, "files", *dry, code=2)
    assert f"The export manifest {manifest_db} cannot be used" in refused.done.stderr
    assert len(refused.done.stderr.strip().splitlines()) == 1
    assert refused.files == exported.files


@pytest.mark.parametrize("is_undone", [True, False])
def test_the_latest_verdict_on_a_placement_counts(harvested: Commands, is_undone: bool) -> None:
    """A picture is exported where a verdict keeps it, no longer when that was undone or followed by a skip."""
    query = """
        SELECT sha256, album_id, image_id FROM images JOIN album_images ON image_id = images.id
        JOIN albums ON albums.id = album_id WHERE albums.name = 'Uncategorized' AND album_images.name LIKE 'old_mill%'
    """
    (placement,) = rows(harvested.data, query)
    _decide(harvested, placement, "keep")
    assert "imagefap/alice/Uncategorized/old_mill.jpg" in export(harvested, "files").files
    _decide(harvested, None if is_undone else placement, "skip")
    files = export(harvested, "files").files
    assert "imagefap/alice/Uncategorized/old_mill.jpg" not in files
    assert "imagefap/alice/Landscapes/old_mill.jpg" in files


def _decide(commands: Commands, placement: tuple[str, int, int] | None, verdict: str) -> None:
    """On one placement of a picture; None: undo the decision before."""
    with sqlite3.connect(commands.data / "catalogue.db") as connection:
        undoes = None if placement else connection.execute("SELECT max(id) FROM decisions").fetchone()[0]
        row = connection.execute(
            "INSERT INTO decisions (at, origin, undoes) VALUES (0, 'test', ?)", (undoes,)
        ).lastrowid
        if placement:
            values = (row, *placement, verdict)
            connection.execute("INSERT INTO verdicts (decision_id, sha256, album_id, image_id, verdict) "
                               "VALUES (?, ?, ?, ?, ?)", values)  # fmt: skip


def test_images_removed_during_an_export_are_reported(harvested: Commands, tmp_path: Path) -> None:
    """Between the two readings of a shard: skipped as removed meanwhile, the sum holds, the shard is without them."""
    engine = open_existing(f"sqlite:///{harvested.data / 'catalogue.db'}")
    assert engine is not None
    options = ExportOptions("webdataset").with_defaults()

    def remove(done: int, _selected: int) -> None:
        if done == 1:
            with sqlite3.connect(harvested.data / "catalogue.db") as connection:
                connection.execute("DELETE FROM images WHERE key = '13'")

    with sqlite3.connect(harvested.data / "catalogue.db") as connection:
        connection.execute("UPDATE images SET sha256 = 'none' WHERE key = '2'")  # reported first
    totals = Export(options, tmp_path / "out", None, (), BlobStore(harvested.data / "blobs"), ConversionOptions()).run(
        engine, remove
    )
    engine.dispose()
    assert totals.is_consistent
    assert totals.skipped["removed during the export"] == 1


def test_the_last_shard_is_filled_up_to_its_size_and_no_further(
    harvested: Commands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second export counts what the first has put there."""
    size_query = "SELECT sum(bytes) FROM blobs WHERE sha256 IN (SELECT sha256 FROM images WHERE key IN ('2', '3'))"
    monkeypatch.setattr("harvester.export.shards.MAX_SHARD_BYTES", rows(harvested.data, size_query)[0][0] - 1)
    engine = open_existing(f"sqlite:///{harvested.data / 'catalogue.db'}")
    assert engine is not None
    for keys in (["2"], ["2", "3"]):
        filters = (images.c.key.in_(keys),)
        exporter = Export(ExportOptions("webdataset").with_defaults(), tmp_path / "out", None, filters,
                          BlobStore(harvested.data / "blobs"), ConversionOptions())  # fmt: skip
        assert exporter.run(engine, lambda *_: None).exported == len(keys)
    engine.dispose()
    assert len(list((tmp_path / "out/train").glob("*.tar"))) == 2


def test_a_folder_that_cannot_be_created_is_named(harvested: Commands) -> None:
    """One sentence about --to, not about the data directory."""
    done = harvested.scrapy("export", "files", "--to", "/proc/nowhere/out")
    assert done.returncode == 2
    assert (
        done.stderr.strip() == "Error: --to: the folder /proc/nowhere/out cannot be created: No such file or directory."
    )


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("pictures",), "pictures: must be one of files"),
        (("files", "--dedupe", "some"), "--dedupe some: must be one of keep, best, all"),
        (("files", "--image", "png"), "--image png: must be one of original, rgb, jpeg"),
        (("files", "--image", "original", "--resize", "9"), "--resize changes images"),
        (("files", "--resize", "-1"), "--resize -1: must be a whole number from 1"),
        (("files", "--resize", "big"), "--resize big: must be a whole number from 1"),
        (("csv", "--image", "jpeg"), "csv contains no images"),
        (("captions", "--number"), "--number: only for files and tags"),
        (("status", "--dedupe", "keep"), "--dedupe: the status file always has every image"),
        (("status", "--album", "alice/landscapes"), "status: a status file covers a whole data set"),
        (("files", "--site", "flickr"), "--site flickr: nothing has been harvested"),
        (("files", "--tag", "nothing"), "There is no tag nothing"),
        (("files", "--album", "alice/nothing"), "matches no album"),
        (("files", "--where", "colour=red"), "--where colour=red: must be RULE=VALUE, with one of site"),
        (("files", "--site", "civitai", "--where", "site=civitai"), "site is given twice"),
    ],
)
def test_invalid_options_are_refused(harvested: Commands, words: tuple[str, ...], says: str) -> None:
    """One sentence, exit code 2, no folder made."""
    refused = export(harvested, *words, code=2)
    assert says in refused.done.stderr
    assert len(refused.done.stderr.strip().splitlines()) == 1
    assert not refused.folder.exists()


@pytest.mark.parametrize("to", ["data", "data/export", "data/images/mastodon/more", "."])
def test_the_collection_itself_is_no_place_for_an_export(harvested: Commands, to: str) -> None:
    """Neither the data directory, nor what is in it, nor what it is in."""
    before = sorted(harvested.data.iterdir())
    assert "export to a separate folder" in export(harvested, "files", to=to, code=2).done.stderr
    assert sorted(harvested.data.iterdir()) == before


def test_a_folder_keeps_its_format(harvested: Commands) -> None:
    """One format into the folder of another would remove it."""
    before = export(harvested, "csv").files
    assert "holds an export as csv" in export(harvested, "files", code=2).done.stderr
    assert export(harvested, "csv", "--dry-run").files == before


def test_one_export_at_a_time_works_in_a_folder(harvested: Commands) -> None:
    """The second names the process at work, and touches nothing."""
    exported = export(harvested, "csv")
    lock = Lock(exported.folder / ".harvester-export.db.lock", "scrapy export")
    refused = export(harvested, "csv", code=2)
    lock.release()
    assert f"scrapy export (process {os.getpid()}) is running in {exported.folder}" in refused.done.stderr
    assert export(harvested, "csv").number("unchanged") == 1


def test_parquet_without_its_library_is_one_sentence(harvested: Commands) -> None:
    """It says what to install; nothing is made."""
    hidden = harvested.data.parent / "hidden"
    hidden.mkdir()
    (hidden / "pyarrow.py").write_text("raise ImportError")
    command = Commands(harvested.data, {"PYTHONPATH": str(hidden)})
    refused = export(command, "parquet", code=2)
    assert "parquet needs pyarrow, which is not installed: pip install" in refused.done.stderr
    assert not refused.folder.exists()


def test_there_is_nothing_to_export_before_the_first_harvest(commands: Commands) -> None:
    """One sentence, and no folder is made."""
    refused = export(commands, "files", code=2)
    assert "nothing has been harvested there yet" in refused.done.stderr
    assert not commands.data.exists()


def test_a_path_as_long_as_names_get_is_written(harvested: Commands) -> None:
    """The name of nearly 400 characters at the site is cut, and its picture is there."""
    exported = export(harvested, "files", "--album", "alice/landscapes")
    (file_name,) = (Path(path).name for path in exported.files if "unusually" in path)
    assert len(file_name.encode()) < 256


def test_the_page_on_exports_lists_every_format_and_rule() -> None:
    """docs/export.md says what the code does."""
    page = (ROOT / "docs/export.md").read_text(encoding="utf-8")
    format_rows = page.split("## Formats")[1].split("\n\n")[1].splitlines()[2:]
    assert {name for row in format_rows for name in re.findall("`([a-z]+)`", row.split("|")[1])} == set(FORMATS)
    (where,) = (row for row in page.splitlines() if "--where RULE=VALUE" in row)
    assert re.findall("`([a-z_]+)`", where.split("|")[2]) == list(RULES)
