"""What users of other tools for imagefap have reported, tried here."""

import pytest

from harvester.parsing.responses import SiteResponse
from harvester.spiders.imagefap import folders, page_kind
from harvester.spiders.imagefap.page_kind import PageKind
from harvester.spiders.imagefap.photo_page import parse_photo_page
from harvester.spiders.imagefap.urls import ImagefapUrls
from tests.conftest import Commands
from tests.dataset_files import rows
from tests.farsite.imagefap.client import Imagefap
from tests.farsite.process import Farsite

URLS = ImagefapUrls()
BLOCK = "Your IP made too many requests to our servers and we need to check that you are a real human being"


def _kind(url: str, body: str = "", status: int = 200, **headers: str) -> PageKind:
    return page_kind.kind_of_page(SiteResponse(url, status, headers, body.encode()))


@pytest.mark.parametrize("url", [URLS.folder_url(1, 5, 0), URLS.photo_url(5), URLS.profile_url("alice")])
def test_the_check_for_humans_is_a_block_wherever_it_comes(url: str) -> None:
    """Its words, or a redirect to it that has lost the address: the run pauses, no folder counts as gone."""
    # mikf/gallery-dl#6249, patrickkfkan/imagefap-dl#10
    assert _kind(url, f"<html><body><div class='mt-4'>{BLOCK}</div></body></html>") is PageKind.BLOCKED
    assert _kind(url, status=302, location="https://www.imagefap.com/human-verification") is PageKind.BLOCKED
    assert _kind("https://www.imagefap.com/human-verification", "<html></html>") is PageKind.BLOCKED


def test_a_user_without_favourites_is_read_to_its_end(farsite: Farsite, commands: Commands) -> None:
    """No folder, no request that leads nowhere, no error."""
    # mikf/gallery-dl#9034: an empty profile led to /organizer// and a 404
    site = Imagefap(farsite, "empty-user").reset()
    commands.environment["IMAGEFAP_BASE_URL"] = site.base
    commands.harvest("imagefap", "user=gina")
    assert rows(commands.data, "SELECT state FROM listings") == [("ended",)]
    assert site.counts()["pages"] == 2


def test_a_photo_page_that_shows_only_neighbours_gives_their_addresses() -> None:
    """It is a page that is understood, so it costs no other image."""
    # ripmeapp2/ripme#179: the rest of the gallery was lost behind such a page
    full = "https://cdn.imagefap.com/images/full/1/2/8.jpg"
    page = f'<html><input id="imageid_input" value="7"><a imageid="8" original="{full}"></a></html>'
    photo = parse_photo_page(page.encode(), URLS.photo_url(7))
    assert photo.is_understood
    assert list(photo.pictures) == [8]


def test_no_address_is_made_of_an_empty_id() -> None:
    """A cell without a number gives no image."""
    # mikf/gallery-dl#9698: 404 for /photo//?gid=…
    cells = "<td id='img-'><a name='' href='/photo//'></a></td><td id='img-7'><a name=7 href='/photo/7/'></a></td>"
    body = f"<html><table><tr>{cells}</tr></table></html>"
    assert folders.parse_folder_page(body.encode()).images == (7,)
