"""Databases of the old tool: every layout becomes the same records; what is unknown is named."""

import copy
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harvester.errors import UsageProblem
from harvester.spiders.imagefap.old_database.reader import find_database, read_old_database
from harvester.spiders.imagefap.old_database.records import FailedImage, OldTag, OldUser
from tests.spiders.imagefap.old_database import old_databases
from tests.spiders.imagefap.old_database.old_databases import ORDER, PLACES, SHAS, TIME, VERDICTS

LAKE = {"name": "L", "tags": {}}


@pytest.mark.parametrize("layout", old_databases.LAYOUTS)
@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_every_layout_gives_the_same_records(tmp_path: Path, layout: str, protocol: int) -> None:
    """Users, folders in order, tags with their parents, verdicts, failed images, blobs and where they were seen."""
    base = read_old_database(
        old_databases.write(tmp_path, layout=layout, protocol=protocol, blobs=False) / "imagefap.database"
    )
    assert base.users == (OldUser(1001, "Alice & Co", None if layout == "readme" else TIME, None),)
    assert {folder.id: list(folder.images) for folder in base.folders} == ORDER
    assert [folder.name for folder in base.folders] == ["Folder <501>", "Folder <502>"]
    assert {folder.read_at for folder in base.folders} == {TIME if layout == "v2" else TIME + 5}
    assert base.tags == (OldTag(1, "Places", None), OldTag(3, "Lakes", 1), OldTag(2, "Good", None))
    assert base.groups[0] == VERDICTS
    failed = base.folders[1].failed
    assert failed == (() if layout == "readme" else (FailedImage(117, TIME, ""), FailedImage(117, TIME + 1, "e.jpg")))
    assert {
        blob.sha256: [(p.image, p.file, p.user, p.folder) for p in blob.placements] for blob in base.blobs
    } == PLACES
    assert base.blobs[0].tags == {2, 3}
    assert [p.verdict for p in base.blobs[0].placements] == (["keep", "skip"] if layout == "v2" else ["new", "new"])
    assert base.blobs[1].removed_at == ({113: TIME} if layout == "v2" else {})
    assert (base.blobs[0].width, base.blobs[0].height, base.blobs[0].bytes) == (96, 64, len(old_databases.BODIES[0]))


def test_a_path_is_the_file_or_its_folder(tmp_path: Path) -> None:
    """Both mean the same; anything else is named."""
    folder = old_databases.write(tmp_path, blobs=False)
    assert find_database(folder) == find_database(folder / "imagefap.database")
    with pytest.raises(UsageProblem, match=r"blobs/imagefap\.database: there is no such file"):
        find_database(folder / "blobs" / "imagefap.database")


def test_a_database_with_a_password_is_refused(tmp_path: Path) -> None:
    """Its bytes are no pickle at all."""
    (tmp_path / "imagefap.database").write_bytes(b"gAAAAABk" + b"x" * 100)
    with pytest.raises(UsageProblem, match="protected by a password"):
        read_old_database(tmp_path / "imagefap.database")


def _set(*path: Any) -> Callable[[dict[str, Any]], None]:
    """Puts the last of the values where the others lead."""

    def change(content: dict[str, Any]) -> None:
        *parents, name, value = path
        target: Any = content
        for step in parents:
            target = target[step]
        target[name] = value

    return change


_FOLDER = ("favorites", 1001, 501)
_BLOB = ("blobs", SHAS[0])


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda content: content.pop("users"), "there is no 'users'"),
        (lambda content: content.pop("duplicates_registry"), "there is no 'duplicates_registry'"),
        (_set("more", 1), "contains 'more', which is unknown"),
        (_set("users", []), "users: expected a dictionary, found list"),
        (_set("users", "x", {"name": "y"}), "users: 'x': expected -1 or a whole number from 1, found 'x'"),
        (_set("users", 1001, "name", b"x"), "users: 1001: name: expected text, found bytes"),
        (_set("users", 1001, "date_albums", -1), "date_albums: expected a whole number from 0, found -1"),
        (_set("users", 1001, "date_albums", float("nan")), "date_albums: expected a whole number from 0"),
        (_set("users", 1001, "password", 1), "contains 'password', which is unknown"),
        (_set(*_FOLDER, "images", 5), "folder 501: images: expected a list, found int"),
        (_set(*_FOLDER, "images", [True]), "folder 501: images: expected -1 or a whole number from 1"),
        (_set(*_FOLDER, "images", [2**128]), "folder 501: images: expected -1 or a whole number from 1"),
        (_set(*_FOLDER, "pages", 2**31), "pages: 2147483648 is too large"),
        (_set(*_FOLDER, "failed_images", {(1, 2)}), "failed_images: expected a tuple of 4 values"),
        (_set("tags", 0, LAKE), "tags: 0: expected a whole number from 1, found 0"),
        (_set("tags", 1, "tags", 2, LAKE), "tags: two tags have the same number"),
        (_set("tags", 1, "tags", {3: "x"}), "tags: 3: expected a dictionary, found str"),
        (_set("blobs", "../../etc", {}), "blobs: expected a sha256, found '../../etc'"),
        (_set(*_BLOB, "ext", "/../x"), "ext: expected a file extension, found '/../x'"),
        (_set(*_BLOB, "tags", {9}), "has the tag 9, which is not in the list of tags"),
        (_set(*_BLOB, "percept", "xyz"), "percept: expected a hash of 16 hex digits, found 'xyz'"),
        (_set(*_BLOB, "loc", {(1, 2)}), "loc: expected a tuple of 5 values"),
        (_set(*_BLOB, "loc", {(1, 2, 3): ("x", "maybe")}), "loc: expected one of new, false, keep, skip"),
        (_set(*_BLOB, "width", 0), "size: expected a whole number from 1, found 0"),
        (_set("image_ids_index", 5, "x"), "image_ids_index: image 5: expected a sha256"),
        (_set("duplicates_registry", ("a",), {"verdicts": {SHAS[0]: "keep"}}), "verdicts on other images"),
        (_set("duplicates_registry", (SHAS[0],), {"verdicts": {SHAS[0]: "yes"}}), "expected one of new, false"),
        (_set("duplicates_registry", (SHAS[0],), {}), "there is no 'verdicts'"),
    ],
)  # fmt: skip
def test_unknown_content_is_named(tmp_path: Path, change: Callable[[dict[str, Any]], None], says: str) -> None:
    """One sentence with the place in the database."""
    content = copy.deepcopy(old_databases.content())
    change(content)
    file = old_databases.write(tmp_path, content, blobs=False) / "imagefap.database"
    with pytest.raises(UsageProblem) as caught:
        read_old_database(file)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_cyclic_tags_are_refused(tmp_path: Path) -> None:
    """A tag that holds itself has no end."""
    content = copy.deepcopy(old_databases.content())
    content["tags"][1]["tags"] = content["tags"]
    with pytest.raises(UsageProblem, match="tags: more than 64 levels"):
        read_old_database(old_databases.write(tmp_path, content, blobs=False) / "imagefap.database")


def test_values_that_multiply_are_refused(tmp_path: Path) -> None:
    """A few kilobytes that name the same tags, or the same folders, over and over would be read for ever."""
    tags: dict[int, Any] = {}
    for _ in range(60):
        tags = {1: {"name": "a", "tags": tags}, 2: {"name": "b", "tags": tags}}
    folder = {"name": "f", "pages": 1, "images": [*range(1, 3000)]}
    folders = dict.fromkeys(range(1, 3000), dict.fromkeys(range(1, 3000), folder))
    for change in ({"tags": tags}, {"favorites": folders}):
        file = old_databases.write(tmp_path, old_databases.content() | change, blobs=False) / "imagefap.database"
        with pytest.raises(UsageProblem, match="it repeats its own data again and again"):
            read_old_database(file)


@pytest.mark.parametrize("value", [None, 5, [], "x", {}, {"users": {}}])
def test_another_pickle_is_refused(tmp_path: Path, value: object) -> None:
    """Any value but the right dictionary."""
    (tmp_path / "imagefap.database").write_bytes(pickle.dumps(value))
    with pytest.raises(UsageProblem, match=r"imagefap\.database: "):
        read_old_database(tmp_path / "imagefap.database")
