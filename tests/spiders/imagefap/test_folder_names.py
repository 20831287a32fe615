"""Folders whose names differ in capitals only: the exact name decides, and nothing else is guessed."""

from pathlib import Path

import pytest

from harvester.storage.blobs import digest
from tests.conftest import Commands
from tests.dataset_files import rows
from tests.farsite.imagefap.client import Imagefap
from tests.farsite.process import Farsite


@pytest.fixture
def site(farsite: Farsite, commands: Commands, request: pytest.FixtureRequest) -> Imagefap:
    """A site of the test's own, which the spider takes for imagefap."""
    imagefap_site = Imagefap(farsite, digest(request.node.name.encode())[:12]).reset()
    commands.environment["IMAGEFAP_BASE_URL"] = imagefap_site.base
    return imagefap_site


@pytest.mark.parametrize("name", ["Dominique", "dominique"])
@pytest.mark.parametrize("db", ["0", "1"])
def test_get_saves_the_folder_of_exactly_that_name(
    site: Imagefap, commands: Commands, tmp_path: Path, name: str, db: str
) -> None:
    """Whichever of the two the list shows first."""
    # the folder of the other capitals was saved: issue 17, item 6
    output = tmp_path / "saved"
    commands.harvest("imagefap", "user=frank", "mode=get", f"folder={name}", f"output={output}", f"db={db}")
    assert [path.name for path in output.glob("*.jpg")] == [f"{name}.jpg"]


def test_a_name_that_several_folders_have_is_asked_about(site: Imagefap, commands: Commands) -> None:
    """Only capitals differ, on two pages of the list, and none is exact: one sentence with the numbers, exit code 2."""
    done = commands.harvest("imagefap", "user=frank", "folder=harbour", code=2)
    expected = "-a folder=harbour: user frank has several: HARBOUR (folder_id=1102), Harbour (folder_id=1104). "
    assert expected + "Give the exact name, or -a folder_id=NUMBER." in done.stderr
    assert rows(commands.data, "SELECT count(*) FROM images") == [(0,)]


def test_a_list_that_breaks_off_chooses_no_folder(site: Imagefap, commands: Commands) -> None:
    """The first page has the name in other capitals, the second, which may have the exact one, cannot be read."""
    site.change(broken=["userid=1007&page=1"])
    hurry = ("-s", "HARVESTER_BACKOFF=0.1")
    commands.harvest("imagefap", "user=frank", "folder=dominique", options=hurry)
    assert rows(commands.data, "SELECT count(*) FROM images") == [(0,)]
    site.change(broken=[])
    commands.harvest("imagefap", "user=frank", "folder=dominique", options=hurry)
    assert rows(commands.data, "SELECT key FROM images") == [("610000002",)]


def test_commands_prefer_the_exact_name_of_an_album(site: Imagefap, commands: Commands) -> None:
    """USER/ALBUM in the exact capitals is no question; in others it is."""
    commands.harvest("imagefap", "user=frank")
    asked = commands.scrapy("remove", "album", "frank/DOMINIQUE", "--dry-run")
    assert (asked.returncode, "matches more than one album" in asked.stderr) == (2, True)
    exact = commands.scrapy("remove", "album", "FRANK/dominique", "--dry-run")
    assert exact.returncode == 0, exact.stderr
