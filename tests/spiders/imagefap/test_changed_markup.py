"""A site that has changed its pages: nothing is taken for gone or for empty, and the run says what happened."""

import re

import pytest

from harvester.parsing.responses import SiteResponse
from harvester.spiders.imagefap.page_kind import PageKind, kind_of_page
from harvester.spiders.imagefap.urls import ImagefapUrls
from harvester.storage.blobs import digest
from tests.conftest import Commands
from tests.dataset_files import rows
from tests.farsite.imagefap import pages
from tests.farsite.imagefap.client import Imagefap
from tests.farsite.imagefap.signing import Signer
from tests.farsite.imagefap.world import make_world
from tests.farsite.process import Farsite

WORLD = make_world()
ERIN = WORLD.users[1005]
URLS = ImagefapUrls("http://site.test")

PHOTO_CHANGES = {
    "another path": {"/images/full/": "/media/original/"},
    "renamed attributes": {
        "original=": "data-full=",
        "imageid=": "data-id=",
        ' href="([^"]*/images/full)': r' data-h="\1',
    },
    "no extension": {r"(/images/full/[/\d]+)\.jpg": r"\1"},
    "a slug in the name": {r"(/images/full/[/\d]*)/(\d+)\.jpg": r"\1/lake-\2-dawn.jpg"},
    "no strip": {"_navi_cavi": "strip", "(?s)<ul.*</ul>": "<script>load()</script>"},
    "another input": {"imageid_input": "image_id"},
}
FOLDER_CHANGES = {
    "renamed cells": {'id="img-': 'data-image="', 'name="': 'data-name="'},
    "another path, too": {
        'id="img-': 'data-image="',
        '(name="\\d+" )?href="([^"]*)/photo/(\\d+)/': r'href="\2/lake-dawn-\3',
    },
    "other ids": {'id="img-': 'id="img-x', 'name="': 'data-name="'},
}


@pytest.fixture
def site(farsite: Farsite, commands: Commands, request: pytest.FixtureRequest) -> Imagefap:
    """A site of the test's own, which the spider takes for imagefap."""
    imagefap_site = Imagefap(farsite, digest(request.node.name.encode())[:12]).reset()
    commands.environment["IMAGEFAP_BASE_URL"] = imagefap_site.base
    return imagefap_site


@pytest.mark.parametrize("change", PHOTO_CHANGES)
def test_changed_photo_pages_end_the_run_and_nothing_is_gone(site: Imagefap, commands: Commands, change: str) -> None:
    """Three pages are requested and their images are unresolved; after the change back, the same command has all."""
    # regosen/gallery_get#2, regosen/gallery_get#94
    site.change(rewrites=PHOTO_CHANGES[change])
    done = commands.harvest("imagefap", "user=erin", code=1)
    assert "127.0.0.1 has changed: 3 pages in a row, the last one" in done.stderr
    outcomes = rows(commands.data, "SELECT status, reason, count(*) FROM images GROUP BY 1, 2 ORDER BY 1")
    assert outcomes == [("failed", "unresolved", 3), ("pending", "", 117)]
    assert sum(path.startswith("/photo/") for path in site.counts()["paths"]) == 3
    site.change(rewrites={})
    commands.harvest("imagefap", "user=erin")
    assert rows(commands.data, "SELECT status, count(*) FROM images GROUP BY 1") == [("done", 120)]


def test_changed_folder_pages_end_the_run_and_no_folder_is_empty(site: Imagefap, commands: Commands) -> None:
    """Each folder waits at its page, and none counts as read."""
    site.change(rewrites=FOLDER_CHANGES["renamed cells"])
    done = commands.harvest("imagefap", "user=erin", options=("-s", "HARVESTER_BACKOFF=0.05"), code=1)
    assert "127.0.0.1 has changed" in done.stderr
    assert "a page that harvester does not know (HTTP 200)" in done.stderr
    assert rows(commands.data, "SELECT count(*) FROM albums WHERE read_at IS NOT NULL") == [(0,)]
    site.change(rewrites={})
    commands.harvest("imagefap", "user=erin")
    assert rows(commands.data, "SELECT status, count(*) FROM images GROUP BY 1") == [("done", 120)]


@pytest.mark.parametrize("change", FOLDER_CHANGES)
def test_a_folder_page_whose_images_cannot_be_read_is_unknown(change: str) -> None:
    """It has the header of the folder, and would look empty."""
    writer = pages.PageWriter(WORLD, URLS.base, Signer("http://files.test", 1893456000))
    folder = ERIN.folders[901]
    url = URLS.folder_url(1005, 901, 0)
    assert _kind(url, writer.folder(ERIN, folder, 0)) == PageKind.PICTURE_FOLDER
    assert _kind(url, writer.folder(ERIN, folder, 0), FOLDER_CHANGES[change]) == PageKind.UNKNOWN
    end = writer.folder(ERIN, folder, 3).replace(
        "<body>",
        '<body><a href="/"><img src="/logo.png"></a><a href="/profile/bob"><img src="/avatars/1234567.jpg"></a>',
    )
    assert _kind(URLS.folder_url(1005, 901, 3), end, FOLDER_CHANGES[change]) == PageKind.PICTURE_FOLDER


def test_a_list_whose_folders_cannot_be_read_is_unknown() -> None:
    """The hidden field names folders, or the first page has not even that; a page behind the end is empty."""
    writer = pages.PageWriter(WORLD, URLS.base, Signer("http://files.test", 1893456000))
    links, field = {r"showfavorites\.php\?userid=\d+&folderid=": "favorites/"}, {"tgl_all": "toggle"}
    first, end = writer.folder_list(ERIN, 0), writer.folder_list(ERIN, 2)
    assert _kind(URLS.folder_list_url(1005, 0), first, field) == PageKind.FOLDER_LIST
    assert _kind(URLS.folder_list_url(1005, 0), first, links) == PageKind.UNKNOWN
    assert _kind(URLS.folder_list_url(1005, 0), first, {**links, **field}) == PageKind.UNKNOWN
    assert _kind(URLS.folder_list_url(1005, 2), end, {**links, **field}) == PageKind.FOLDER_LIST


def _kind(url: str, page: str, rewrites: dict[str, str] | None = None) -> PageKind:
    for pattern, replacement in (rewrites or {}).items():
        page = re.sub(pattern, replacement, page)
    return kind_of_page(SiteResponse(url, 200, {}, page.encode()))
