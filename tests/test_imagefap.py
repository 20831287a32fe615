"""The imagefap spider against a server that speaks the site's contract, good and bad."""

from collections.abc import Sequence
from subprocess import CompletedProcess

import pytest

from harvester.blobs import digest
from tests.conftest import Commands
from tests.dataset import rows
from tests.farsite import pictures
from tests.farsite.imagefap.client import Imagefap
from tests.farsite.imagefap.world import User, world
from tests.farsite.process import Farsite

WORLD = world()
ALICE, CAROL, DAVE, ERIN = (WORLD.users[number] for number in (1001, 1003, 1004, 1005))


@pytest.fixture
def site(farsite: Farsite, commands: Commands, request: pytest.FixtureRequest) -> Imagefap:
    """A site of the test's own, which the spider takes for imagefap."""
    own = Imagefap(farsite, request.node.name.replace("[", "-").replace("]", "")).begin()
    commands.environment["IMAGEFAP_BASE_URL"] = own.base
    return own


def crawl(commands: Commands, *arguments: str, options: Sequence[str] = (), code: int = 0) -> CompletedProcess[str]:
    """`scrapy crawl imagefap -a …`, with further options of Scrapy's."""
    words = [word for text in arguments for word in ("-a", text)]
    done = commands.scrapy("crawl", "imagefap", "-s", "DOWNLOAD_TIMEOUT=15", *words, *options)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    return done


def albums(commands: Commands, user: User) -> dict[str, list[int]]:
    """Folder name -> image ids in their order, as the catalogue has them."""
    query = (
        "SELECT albums.name, images.key FROM album_images JOIN albums ON albums.id = album_id JOIN images ON "
        "images.id = image_id JOIN owners ON owners.id = owner_id WHERE owners.key = ? ORDER BY album_id, position"
    )
    found: dict[str, list[int]] = {}
    for name, key in rows(commands.data, query.replace("?", f"'{user.id}'")):
        found.setdefault(name, []).append(int(key))
    return found


def test_a_user_is_read_into_albums_in_the_order_of_the_site(site: Imagefap, commands: Commands) -> None:
    """Every picture folder, -1 too, an empty page in the middle; a folder of galleries is left alone and counted."""
    done = crawl(commands, "user=ALICE")
    assert albums(commands, ALICE) == {f.name: f.images for f in ALICE.folders.values() if not f.galleries}
    assert "folders of galleries, left alone" in done.stderr
    assert rows(commands.data, "SELECT DISTINCT status FROM images") == [("done",)]
    wanted = {image for folder in ALICE.folders.values() for image in folder.images}
    bodies = {digest(pictures.numbered(WORLD.photos[image].body)) for image in wanted}
    assert {path.stem for path in (commands.data / "blobs").rglob("*.jpg")} == bodies
