"""Names that mean harm, and what may lie where a picture goes: nothing leaves the output folder."""

import os
import stat
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harvester.parsing.file_names import fold_name
from tests import dataset_files as dataset
from tests.conftest import Commands
from tests.farsite import civitai
from tests.farsite.imagefap.client import Imagefap
from tests.farsite.imagefap.world import HOSTILE_NAMES
from tests.farsite.process import Farsite

_DEVICES = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))}


def assert_harmless(path: Path, output: Path) -> None:
    """Every part of a path below the output folder means nothing but itself, on every system."""
    assert path.resolve().is_relative_to(output.resolve())
    for part in path.relative_to(output).parts:
        assert not part.startswith((".", "-", " ")), part
        assert not part.endswith((".", " ")), part
        assert len(part.encode()) <= 255
        assert part.partition(".")[0].strip().lower() not in _DEVICES, part
        assert not [char for char in part if unicodedata.category(char) in ("Cc", "Zl", "Zp", "Cs")], part
        assert not [char for char in part if unicodedata.bidirectional(char) in _BIDI_CLASSES], part
        assert not set(part) & set('<>:"\\|?*'), part


_BIDI_CLASSES = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}


def _saved_files(output: Path) -> list[Path]:
    return [path for path in output.rglob("*") if path.is_file() and path.suffix != ".log"]


def test_no_uploader_chooses_where_a_picture_goes(farsite: Farsite, commands: Commands, tmp_path: Path) -> None:
    """Names that differ in capitals or Unicode form only get numbers; none leaves, hides, turns or is a device."""
    site = Imagefap(farsite, "names").reset()
    commands.environment["IMAGEFAP_BASE_URL"] = site.base
    output = tmp_path / "saved"
    commands.harvest("imagefap", "user=mallory", "mode=get", "db=0", f"output={output}", "folder=Traps")
    saved = _saved_files(output)
    assert len(saved) == len(HOSTILE_NAMES)
    for path in saved:
        assert path.parent == output
        assert_harmless(path, output)
    assert len({fold_name(path.name) for path in saved}) == len(saved)
    assert {"mill.jpg", "mill (2).jpg", "mill (3).jpg"} <= {path.name.lower() for path in saved}
    assert {path.name for path in tmp_path.iterdir()} <= {"saved", "data"}


def test_existing_file_names_are_compared_case_insensitively(
    farsite: Farsite, commands: Commands, tmp_path: Path
) -> None:
    """A file called mill.JPG lies there: on a file system that ignores capitals no picture would replace it."""
    site = Imagefap(farsite, "earlier").reset()
    commands.environment["IMAGEFAP_BASE_URL"] = site.base
    output = tmp_path / "saved"
    output.mkdir()
    (output / "mILL.png").write_bytes(b"mine")
    commands.harvest("imagefap", "user=mallory", "mode=get", "db=0", f"output={output}", "folder=Traps")
    assert (output / "mILL.png").read_bytes() == b"mine"
    assert not {"mill.jpg", "Mill.jpg", "MILL.jpg"} & {path.name for path in _saved_files(output)}


def test_no_model_chooses_where_a_picture_goes(farsite: Farsite, commands: Commands, tmp_path: Path) -> None:
    """Folders made of names of models are harmless, also where one is called like a file of ours."""
    commands.environment["CIVITAI_BASE_URL"] = farsite.url("")
    output = tmp_path / "castles"
    commands.harvest("civitai", "post_id=668", "layout=model", f"output={output}")
    assert len([path for path in _saved_files(output) if path.suffix == ".txt"]) == len(civitai.HOSTILE_MODELS)
    for path in _saved_files(output):
        assert_harmless(path, output)
    assert (output / "image_download.log").is_file()
    assert (output / "_image_download.log").is_dir()


Obstacle = Callable[[Path, Path], None]
_OBSTACLES: dict[str, Obstacle] = {
    "link to a file": lambda path, outside: path.symlink_to(outside),
    "dangling link": lambda path, outside: path.symlink_to(outside.with_name("new")),
    "folder": lambda path, outside: path.mkdir(),
    "pipe": lambda path, outside: os.mkfifo(path),
    "empty file": lambda path, outside: path.touch(),
}


@pytest.fixture(params=_OBSTACLES)
def obstacle(request: pytest.FixtureRequest) -> Iterator[Obstacle]:
    """What lies where the picture shall go."""
    yield _OBSTACLES[request.param]


def test_an_existing_path_is_neither_followed_nor_replaced(
    farsite: Farsite, commands: Commands, tmp_path: Path, obstacle: Obstacle
) -> None:
    """The picture is `name-taken`, the next one is done, nothing outside is made or changed."""
    outside = tmp_path / "outside" / "precious.jpg"
    outside.parent.mkdir()
    outside.write_bytes(b"precious")
    output = tmp_path / "out"
    output.mkdir()
    obstacle(output / "0_0_0.jpg", outside)
    before = stat.S_IFMT((output / "0_0_0.jpg").lstat().st_mode)
    urls = [farsite.url("/kind/jpeg-rgb.jpg"), farsite.url("/kind/png-rgb.png")]
    files = dataset.write(tmp_path / "in", dataset.one_user(urls))
    commands.crawl(files, "-a", f"output={output}")
    outcomes = dataset.rows(commands.data, "SELECT status, reason FROM images ORDER BY id")
    assert outcomes == [("failed", "name-taken"), ("done", "")]
    assert stat.S_IFMT((output / "0_0_0.jpg").lstat().st_mode) == before
    assert [path.name for path in outside.parent.iterdir()] == ["precious.jpg"]
    assert outside.read_bytes() == b"precious"
    assert not list(output.glob(".*.part"))


@pytest.mark.parametrize("kind", ["link", "file"])
def test_a_linked_or_blocked_folder_is_not_entered(
    farsite: Farsite, commands: Commands, tmp_path: Path, kind: str
) -> None:
    """A picture whose folder leads elsewhere is `name-taken`, and so is what lies beside it."""
    commands.environment["CIVITAI_BASE_URL"] = farsite.url("")
    outside, output = tmp_path / "outside", tmp_path / "castles"
    outside.mkdir()
    output.mkdir()
    if kind == "link":
        (output / "User_2").symlink_to(outside)
    else:
        (output / "User_2").write_bytes(b"a file")
    commands.harvest("civitai", "ids=2,3", "min_count=-1", "layout=user", f"output={output}")
    assert dict(dataset.rows(commands.data, "SELECT key, reason FROM images")) == {"2": "name-taken", "3": ""}
    assert list(outside.iterdir()) == []
    assert {path.name for path in (output / "User_3").iterdir()} == {"3.png", "3.json"}


def test_remove_does_not_follow_a_link(farsite: Farsite, commands: Commands, tmp_path: Path) -> None:
    """Nothing behind a link in place of a folder is deleted, nor a link in place of a picture: both are reported."""
    commands.environment["CIVITAI_BASE_URL"] = farsite.url("")
    output, outside = commands.data / "images/civitai", tmp_path / "outside"
    commands.harvest("civitai", "ids=2,3", "min_count=-1", "layout=user")
    (output / "User_2").rename(outside)
    (output / "User_2").symlink_to(outside)
    (output / "User_3/3.png").rename(tmp_path / "3.png")
    (output / "User_3/3.png").symlink_to(tmp_path / "3.png")
    before = {path: path.read_bytes() for path in tmp_path.glob("*/2.*")}
    done = commands.scrapy("remove", "site", "civitai")
    assert done.returncode == 1, done.stderr
    assert {path: path.read_bytes() for path in tmp_path.glob("*/2.*")} == before != {}
    for name in ("User_2/2.jpg", "User_2/2.json", "User_2/2.txt", "User_3/3.png"):
        assert f"{output / name}: left: " in done.stderr
    assert sorted(path.name for path in output.rglob("*")) == ["3.png", "User_2", "User_3"]


def test_repair_does_not_follow_a_link(farsite: Farsite, commands: Commands, tmp_path: Path) -> None:
    """A folder of the collection was replaced by a link: verify --delete touches nothing behind it."""
    commands.environment["CIVITAI_BASE_URL"] = farsite.url("")
    output = commands.data / "images/civitai"
    commands.harvest("civitai", "ids=2", "min_count=-1", "layout=user")
    outside = tmp_path / "outside"
    (output / "User_2").rename(tmp_path / "before")
    outside.mkdir()
    (outside / "2.jpg").write_bytes(b"precious")
    (outside / ".2.jpg.0123456789abcdef.part").write_bytes(b"precious")
    (output / "User_2").symlink_to(outside)
    commands.scrapy("verify", "--delete")
    assert {path.name: path.read_bytes() for path in outside.iterdir()} == {
        "2.jpg": b"precious", ".2.jpg.0123456789abcdef.part": b"precious"
    }  # fmt: skip
    (output / "User_2").unlink()
    commands.harvest("civitai", "ids=2", "min_count=-1", "layout=user")
    assert commands.scrapy("verify").returncode == 0


@pytest.mark.parametrize("obstacle", [_OBSTACLES["link to a file"], _OBSTACLES["pipe"]])
def test_the_log_is_not_written_through_a_link(
    farsite: Farsite, commands: Commands, tmp_path: Path, obstacle: Obstacle
) -> None:
    """image_download.log of an output folder leads elsewhere: one sentence, nothing is written there."""
    outside = tmp_path / "precious"
    outside.write_bytes(b"precious")
    output = tmp_path / "out"
    output.mkdir()
    obstacle(output / "image_download.log", outside)
    files = dataset.write(tmp_path / "in", dataset.one_user([farsite.url("/kind/jpeg-rgb.jpg")]))
    done = commands.scrapy("crawl", "mastodon", *files.arguments, "-a", f"output={output}")
    assert done.returncode in (1, 2)
    assert "image_download.log cannot be written" in done.stderr
    assert "Traceback" not in done.stderr
    assert outside.read_bytes() == b"precious"


def test_the_temporary_catalogue_is_not_kept_behind_a_link(
    farsite: Farsite, commands: Commands, tmp_path: Path
) -> None:
    """`.harvester` in the folder of the pictures leads elsewhere: one sentence, nothing is written there."""
    commands.environment["IMAGEFAP_BASE_URL"] = Imagefap(farsite, "passing").reset().base
    outside, output = tmp_path / "outside", tmp_path / "saved"
    outside.mkdir()
    output.mkdir()
    (output / ".harvester").symlink_to(outside)
    done = commands.harvest(
        "imagefap", "user=alice", "mode=get", "db=0", f"output={output}", "folder=landscapes", code=2
    )
    assert "symbolic link" in done.stderr
    assert list(outside.iterdir()) == []
