"""The imagefap spider against a server that speaks the site's contract, good and bad."""

import os
import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from harvester.storage.blobs import digest
from tests.conftest import Commands
from tests.dataset_files import rows
from tests.farsite import pictures
from tests.farsite.imagefap.client import Imagefap
from tests.farsite.imagefap.world import User, make_world
from tests.farsite.process import Farsite

WORLD = make_world()
ALICE, CAROL, DAVE, ERIN = (WORLD.users[number] for number in (1001, 1003, 1004, 1005))


@pytest.fixture
def site(farsite: Farsite, commands: Commands, request: pytest.FixtureRequest) -> Imagefap:
    """A site of the test's own, which the spider takes for imagefap."""
    imagefap_site = Imagefap(farsite, digest(request.node.name.encode())[:12]).reset()
    commands.environment["IMAGEFAP_BASE_URL"] = imagefap_site.base
    return imagefap_site


def crawl(commands: Commands, *arguments: str, options: Sequence[str] = (), code: int = 0) -> CompletedProcess[str]:
    """`scrapy crawl imagefap -a …`, with further options of Scrapy's."""
    return commands.harvest("imagefap", *arguments, options=options, code=code)


def album_images(commands: Commands, user: User) -> dict[str, list[int]]:
    """Folder name -> image ids in their order, as the catalogue has them."""
    query = (
        "SELECT albums.name, images.key FROM album_images JOIN albums ON albums.id = album_id JOIN images ON "
        "images.id = image_id JOIN site_users ON site_users.id = owner_id "
        "WHERE site_users.key = ? ORDER BY album_id, position"
    )
    images_by_album: dict[str, list[int]] = {}
    for name, key in rows(commands.data, query.replace("?", f"'{user.id}'")):
        images_by_album.setdefault(name, []).append(int(key))
    return images_by_album


def test_a_user_is_read_into_albums_in_the_order_of_the_site(site: Imagefap, commands: Commands) -> None:
    """Every picture folder, -1 too, an empty page in the middle; a folder of galleries is left alone and counted."""
    done = crawl(commands, "user=ALICE")
    assert album_images(commands, ALICE) == {f.name: f.images for f in ALICE.folders.values() if not f.galleries}
    assert "folders of galleries, skipped" in done.stderr
    assert rows(commands.data, "SELECT DISTINCT status FROM images") == [("done",)]
    image_ids = {image for folder in ALICE.folders.values() for image in folder.images}
    bodies = {digest(pictures.numbered(WORLD.photos[image].body)) for image in image_ids}
    assert {path.stem for path in (commands.data / "blobs").rglob("*.jpg")} == bodies


def _hashes_by_name(folder: Path) -> dict[str, str]:
    """Everything in a folder, hidden or not -> its sha256, empty for a folder."""
    return {path.name: digest(path.read_bytes()) if path.is_file() else "" for path in folder.iterdir()}


def _sha256_of_image(image: int) -> str:
    return digest(pictures.numbered(WORLD.photos[image].body))


def _outcomes(commands: Commands) -> dict[int, str]:
    return {int(key): reason or status for key, status, reason in rows(
        commands.data, "SELECT key, status, reason FROM images")}  # fmt: skip


def test_two_blocks_and_a_kill_cost_no_page_twice(
    site: Imagefap, commands: Commands, capsys: pytest.CaptureFixture[str]
) -> None:
    """Three folders read by four runs: as many pages as one run needs, and at most the one that the kill cut off."""
    minimum = 1 + 3 + 3 * 6 + len({WORLD.photos[image].gallery for f in ERIN.folders.values() for image in f.images})
    stop = ("-s", "HARVESTER_ON_BLOCK=stop")
    for _ in range(2):
        site.change(block_after=9)
        blocked = crawl(commands, "user=erin", options=stop, code=1)
        assert "127.0.0.1 blocks this crawl" in blocked.stderr
        assert "to continue, run: scrapy crawl imagefap" in blocked.stderr
        assert not rows(commands.data, "SELECT 1 FROM images WHERE status = 'failed'")
    site.change(block_after=None)
    process = commands.start("crawl", "imagefap", "-a", "user=erin")
    while sum(site.counts()["files"].values()) < 5:
        assert process.poll() is None
        time.sleep(0.05)
    process.kill()
    process.communicate()
    crawl(commands, "user=erin")
    assert album_images(commands, ERIN) == {folder.name: folder.images for folder in ERIN.folders.values()}
    assert set(_outcomes(commands).values()) == {"done"}
    page_count = site.counts()["pages"]
    with capsys.disabled():
        print(
            f"\nerin: {page_count} pages asked for by four runs, {minimum} are needed; "
            f"{site.counts()['blocked']} blocks"
        )
    assert minimum <= page_count <= minimum + 1
    assert rows(commands.data, "SELECT count(*) FROM site_users WHERE finished_at IS NOT NULL") == [(1,)]


def test_get_saves_under_the_uploaders_names_and_leaves_nothing_else(
    site: Imagefap, commands: Commands, tmp_path: Path
) -> None:
    """Sanitised, extension from the bytes, same bytes once, other bytes of one name both; db=0 leaves no trace."""
    output = tmp_path / "saved"
    arguments = ("user=alice", "mode=get", "db=0", f"output={output}")
    crawl(commands, *arguments, "folder=landscapes")
    crawl(commands, *arguments, "folder_id=502")
    long = ("an " + "unusually " * 30)[:239].rstrip()
    assert _hashes_by_name(output) == {
        "lake dawn 02.jpg": _sha256_of_image(196290002),
        "lake dawn 02 (2).jpg": _sha256_of_image(277847563),
        "lake dawn 05.jpg": _sha256_of_image(196290005),
        "lake dawn 07.jpg": _sha256_of_image(196290007),
        "lake dawn 09.jpg": _sha256_of_image(196290009),
        "pier & gulls.jpg": _sha256_of_image(305551212),
        "old-mill.jpg": _sha256_of_image(765304600),
        "no extension.jpg": _sha256_of_image(658192360),
        f"{long}.jpg": _sha256_of_image(449563388),
    }
    assert not commands.data.exists()
    crawl(commands, *arguments, "folder_id=502")
    crawl(commands, *arguments, "folder=nowhere", code=2)
    assert len(_hashes_by_name(output)) == 9


def test_an_existing_picture_under_another_name_is_not_saved_again(
    site: Imagefap, commands: Commands, tmp_path: Path
) -> None:
    """Also where the run does not know how it came there; a file of as many other bytes is not taken for it."""
    output = tmp_path / "saved"
    output.mkdir()
    pier = pictures.numbered(305551212)
    (output / "my own.jpg").write_bytes(pier)
    (output / "another.jpg").write_bytes(bytes(len(pier)))
    arguments = ("user=alice", "mode=get", "db=0", f"output={output}")
    crawl(commands, *arguments, "folder_id=502")
    assert set(_hashes_by_name(output)) == {"my own.jpg", "another.jpg", "lake dawn 02.jpg"}


def test_a_name_of_anything_else_is_not_taken(site: Imagefap, commands: Commands, tmp_path: Path) -> None:
    """Whatever has a picture's name in the folder stays as it is, and the picture gets a number."""
    output = tmp_path / "saved"
    (output / "lake dawn 02.jpg").mkdir(parents=True)
    (output / "no extension.jpg").write_bytes(b"notes")
    (tmp_path / "pier.jpg").write_bytes(pictures.numbered(305551212))
    (output / "pier & gulls.jpg").symlink_to(tmp_path / "pier.jpg")
    os.mkfifo(output / "old-mill.jpg")
    before = _hashes_by_name(output)
    arguments = ("user=alice", "mode=get", "db=0", f"output={output}")
    for folder in ("landscapes", "rock & roll posters"):
        crawl(commands, *arguments, f"folder={folder}")
    saved = _hashes_by_name(output)
    assert {name: saved.get(name) for name in before} == before
    assert saved["pier & gulls (2).jpg"] == _sha256_of_image(305551212)
    assert saved["no extension (2).jpg"] == _sha256_of_image(658192360)
    assert {"lake dawn 02 (2).jpg", "lake dawn 02 (3).jpg", "old-mill (2).jpg"} <= set(saved)


def test_get_with_a_catalogue_requests_nothing_twice(site: Imagefap, commands: Commands, tmp_path: Path) -> None:
    """A second get within three days makes no request at all; the strip resolves what has its name in the list."""
    output = tmp_path / "saved"
    arguments = ("user_id=1005", "mode=get", "folder=rivers", f"output={output}")
    crawl(commands, *arguments)
    assert {name for name in _hashes_by_name(output) if name.endswith(".jpg")} == {f"Rivers {n}.jpg" for n in range(40)}
    first_counts = site.counts()
    assert first_counts["pages"] == 3 + 6 + 2  # the list, the folder, a photo page for each gallery
    assert set(first_counts["files"].values()) == {1}
    crawl(commands, *arguments)
    assert (site.counts()["files"], site.counts()["pages"]) == (first_counts["files"], first_counts["pages"])


def test_missing_images_fail_after_one_request(site: Imagefap, commands: Commands) -> None:
    """Every way of being gone is `gone` after one request; other troubles have their words, some are retried."""
    crawl(commands, "user=carol")
    outcomes = _outcomes(commands)
    missing, odd = (folder.images for folder in CAROL.folders.values())
    assert {outcomes[image] for image in missing} == {"gone"}
    expected = ["gone", "gone", "not-an-image", "thumbnail", "unresolved", "done", "unresolved"]
    assert [outcomes[image] for image in odd] == expected
    paths = site.counts()["paths"]
    assert {paths[f"/photo/{image}/"] for image in missing} == {1}
    crawl(commands, "user=carol")
    assert _outcomes(commands)[420000000] == "done"
    assert album_images(commands, CAROL)["Odd"] == odd  # the place is kept
    again = site.counts()["paths"]
    assert {path for path in again if again[path] != paths.get(path)} == {"/photo/420000000/", "/photo/420000003/"}


def test_a_long_folder_is_read_again_from_its_end(site: Imagefap, commands: Commands) -> None:
    """Lists are left alone for three days; force=1 asks from the last page on, and new images come at the end."""
    hills = DAVE.folders[801]
    first = crawl(commands, "user_id=1004", "folder_id=801")
    assert "dave" not in first.stderr
    before = site.counts()["pages"]
    new = [196290011, 196290013]
    site.change(added={"801": new})
    second = crawl(commands, "user=dave of the hills", "folder=Hills")
    assert "not read again within three days" in second.stderr
    assert site.counts()["pages"] == before
    crawl(commands, "user_id=1004", "folder_id=801", "force=1")
    assert album_images(commands, DAVE) == {"Hills": [*hills.images, *new]}
    assert site.counts()["pages"] == before + 4 + 1  # page 7, three empty ones, one photo page
    assert rows(commands.data, "SELECT pages, finished_at >= read_at FROM albums") == [(8, 1)]


@pytest.mark.parametrize(("form", "lifetime"), [("2020", 3600), ("2022", 5), ("2026", -60)])
def test_expired_urls_are_renewed_once(site: Imagefap, commands: Commands, form: str, lifetime: int) -> None:
    """Good ones need one page per gallery; short ones are used at once; dead ones are renewed once, then left."""
    site.change(form=form, lifetime=lifetime)
    crawl(commands, "user_id=1004", "folder_id=801", code=int(lifetime < 0))
    photos = {path: n for path, n in site.counts()["paths"].items() if path.startswith("/photo/")}
    outcomes = set(_outcomes(commands).values())
    if lifetime > 60:
        assert (len(photos), outcomes) == (8, {"done"})
    elif lifetime > 0:
        assert outcomes == {"done"}
        assert max(photos.values()) <= 2
    else:
        assert outcomes == {"http-temporary"}
        assert set(photos.values()) <= {1, 2}
        site.change(lifetime=3600)
        crawl(commands, "user_id=1004", "folder_id=801")
        assert set(_outcomes(commands).values()) == {"done"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "either -a user=NAME or -a user_id=NUMBER"),
        (("user=a", "user_id=1"), "either -a user=NAME or -a user_id=NUMBER"),
        (("user=a", "folder=b", "folder_id=1"), "not both"),
        (("user=a", "mode=get"), "name it with -a folder=NAME"),
        (("user=a", "db=0"), "db=0 is for mode=get"),
        (("user=a", "output=x"), "output= is for mode=get"),
        (("user=a", "format=jpeg"), "format= is for mode=get"),
        (("user=a", "mode=fetch"), "must be one of read, get"),
        (("user_id=bob",), "must be a number"),
        (("user=a", "folder_id=-2"), "must be a number"),
        (("user= ",), "must be a name"),
        (("user=a", "force=yes"), "must be one of 0, 1"),
        (("name=a",), "no such argument"),
    ],
)
def test_a_wrong_argument_is_one_sentence(commands: Commands, arguments: Sequence[str], message: str) -> None:
    """Exit code 2, and nothing is touched."""
    done = crawl(commands, *arguments, options=("--nolog",), code=2)
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert not commands.data.exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("user=nobody",), "-a user=nobody: the site knows no such user."),
        (("user_id=77",), "The site has no user 77."),
        (("user=alice", "folder=Meadows"), "-a folder=Meadows: user alice has no such folder."),
        (("user=alice", "folder_id=999"), "Folder 999 of user alice does not exist."),
        (("user=alice", "folder=saved sets"), "Folder Saved Sets of user alice contains galleries, not images."),
    ],
)
def test_missing_users_and_folders_are_one_sentence(
    site: Imagefap, commands: Commands, arguments: Sequence[str], message: str
) -> None:
    """Exit code 2 and a sentence, for users and folders that are not there."""
    assert message in crawl(commands, *arguments, code=2).stderr
    assert rows(commands.data, "SELECT DISTINCT state FROM listings") in ([("ended",)], [])


def test_the_progress_line_shows_the_budgets_eta(site: Imagefap, commands: Commands) -> None:
    """The time left follows from the pages still needed and from the budget, and says so."""
    budget = ("-s", 'HARVESTER_BUDGETS={"127.0.0.1": "3/2s"}')
    done = crawl(commands, "user_id=1004", "folder_id=801", options=budget)
    assert "pages of 127.0.0.1, requested at 3/2s" in done.stderr
    assert "about 0:00:" in done.stderr


def test_a_block_among_the_photos_is_waited_for(site: Imagefap, commands: Commands) -> None:
    """By default the run pauses, asks for nothing meanwhile, and ends complete with the fewest pages."""
    site.change(block_after=24, block_length=1)
    done = crawl(commands, "user=erin", options=("-s", "HARVESTER_MAX_WAIT=2"))
    assert "Until then the run sends this host no requests" in done.stderr, done.stderr
    assert set(_outcomes(commands).values()) == {"done"}
    counts = site.counts()
    assert (counts["pages"], counts["blocked"]) == (28, 1)
    requests = [entry for entry in site.farsite.log() if site.name in entry["path"] and "/images/" not in entry["path"]]
    blocked, after = next(pair for pair in pairwise(requests) if pair[0]["path"].endswith("/human-verification"))
    assert after["at"] - blocked["at"] >= 2


def test_a_failing_page_costs_no_other_page(site: Imagefap, commands: Commands) -> None:
    """The folder is incomplete, the picture failed; all others are read, and the next run has the rest."""
    hurry = ("-s", "HARVESTER_BACKOFF=0.1")
    site.change(broken=["folderid=502", "/photo/658192360/"])
    done = crawl(commands, "user=alice", options=hurry)
    assert "incomplete after 0 pages with 0 items: HTTP 500" in done.stderr
    assert set(album_images(commands, ALICE)) == {"Landscapes", "Lighthouses", "Uncategorized"}
    assert {image: word for image, word in _outcomes(commands).items() if word != "done"} == {
        658192360: "http-temporary"
    }
    site.change(broken=[])
    crawl(commands, "user=alice", options=hurry)
    assert album_images(commands, ALICE) == {f.name: f.images for f in ALICE.folders.values() if not f.galleries}
    assert set(_outcomes(commands).values()) == {"done"}


def test_a_photo_page_that_makes_no_sense_fails_its_image_only(site: Imagefap, commands: Commands) -> None:
    """A failure that no library of ours has a name for is no verdict about the image: the next run asks again."""
    site.change(misdirected=["/photo/658192360/"])
    done = crawl(commands, "user=alice")
    assert "Traceback" not in done.stderr
    others = {image: word for image, word in _outcomes(commands).items() if word != "done"}
    assert others == {658192360: "unresolved"}
    site.change(misdirected=[])
    crawl(commands, "user=alice")
    assert set(_outcomes(commands).values()) == {"done"}


def test_an_unavailable_user_page_is_reported(site: Imagefap, commands: Commands) -> None:
    """The server fails at the first page already: one sentence, exit code 1, and nothing is called complete."""
    site.change(broken=["/profile/"])
    done = crawl(commands, "user=alice", options=("-s", "HARVESTER_BACKOFF=0.1"), code=1)
    assert "The page of user alice cannot be read: HTTP 500. Try again later." in done.stderr
    assert "Traceback" not in done.stderr
    assert rows(commands.data, "SELECT count(*) FROM site_users") == [(0,)]


def test_a_site_failing_on_page_after_page_is_backed_off(site: Imagefap, commands: Commands) -> None:
    """After the third block page in a row the host counts as closed; what was not requested stays pending."""
    site.change(broken=["/photo/"])
    stop = ("-s", "HARVESTER_ON_BLOCK=stop", "-s", "HARVESTER_BACKOFF=0.1")
    assert "blocks this crawl" in crawl(commands, "user=erin", options=stop, code=1).stderr
    assert sorted(_outcomes(commands).values()) == ["http-temporary"] * 2 + ["pending"] * 118
    assert sum(count for path, count in site.counts()["paths"].items() if "/photo/" in path) == 3 * 3


def test_a_get_without_a_catalogue_continues_where_it_was_stopped(
    site: Imagefap, commands: Commands, tmp_path: Path
) -> None:
    """What it has to know stays hidden in the folder until all is saved; no page is asked for twice."""
    output = tmp_path / "saved"
    arguments = ("user=alice", "folder=landscapes", "mode=get", "db=0", f"output={output}")
    site.change(block_after=10)
    crawl(commands, *arguments, options=("-s", "HARVESTER_ON_BLOCK=stop"), code=1)
    assert ".harvester" in _hashes_by_name(output)
    site.change(block_after=None)
    crawl(commands, *arguments)
    assert len(_hashes_by_name(output)) == 8
    assert all(name.endswith(".jpg") for name in _hashes_by_name(output))
    assert set(site.counts()["paths"].values()) == {1}
    assert not commands.data.exists()
