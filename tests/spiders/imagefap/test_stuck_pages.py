"""An imagefap that shows the first page of a list or a folder, whichever is asked for."""

from tests.conftest import Commands
from tests.dataset_files import rows
from tests.farsite.imagefap.client import Imagefap
from tests.farsite.process import Farsite
from tests.spiders.imagefap.test_crawl import ALICE, album_images, crawl


def test_pages_behind_an_ignored_page_number_stay_open(farsite: Farsite, commands: Commands) -> None:
    """The list and each folder are incomplete, exit code 1; when the site is mended, everything comes."""
    # pixelfed/pixelfed#5969
    site = Imagefap(farsite, "stuck").reset(page_ignored=True)
    commands.environment["IMAGEFAP_BASE_URL"] = site.base
    stderr = crawl(commands, "user=alice", code=1).stderr
    assert "the source gave the same page again" in stderr
    galleries = [("folder 503 of user 1001",)]
    assert rows(commands.data, "SELECT query FROM listings WHERE state = 'ended'") == galleries
    shown = album_images(commands, ALICE)
    assert shown == {folder.name: list(folder.pages[0]) for folder in ALICE.lists[0] if not folder.galleries}
    site.change(page_ignored=False)
    crawl(commands, "user=alice")
    assert {state for (state,) in rows(commands.data, "SELECT state FROM listings")} == {"ended"}
    assert album_images(commands, ALICE) == {f.name: f.images for f in ALICE.folders.values() if not f.galleries}
    assert rows(commands.data, "SELECT DISTINCT status FROM images") == [("done",)]
