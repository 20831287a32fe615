"""What users of other Civitai tools have reported, tried here."""

from typing import Any

import pytest

from harvester.crawl.listing_spider import LoopGuard
from harvester.errors import ListingIncomplete
from harvester.items import ListingPage
from harvester.parsing.responses import SiteResponse
from harvester.spiders.civitai import api
from harvester.spiders.civitai.item import original_url
from tests.conftest import Commands
from tests.farsite.process import Farsite

BASE = "https://civitai.com"
UUID = "d9452c26-9f0c-4f62-8c98-9b242479ceda"
STORED = f"https://image-b2.civitai.com/file/civitai-media-cache/{UUID}"


def _item(number: int, **changes: Any) -> dict[str, Any]:
    return {"id": number, "url": f"https://image.civitai.com/x/{UUID[:-4]}{number:04}/width=450/a.jpeg", **changes}


def _crawl(commands: Commands, farsite: Farsite, *arguments: str) -> str:
    commands.environment["CIVITAI_BASE_URL"] = farsite.url("")
    return commands.harvest("civitai", *arguments).stderr


def test_cursors_that_lead_back_end_the_listing_as_incomplete() -> None:
    """Seven pages, and the cursor of the last one is that of the first: no eighth page is asked for."""
    # civitai/civitai#1241
    cursors = ["7|5|2", "5|3|2", "4|2|2", "3|2|1", "2|2|0", "1|1|0", "0|0|0", "7|5|2"]
    guard = LoopGuard(None)
    pages = [guard.check_page(ListingPage(entry_count=200, next_cursor=cursor)) for cursor in cursors]
    assert not any(page.incomplete for page in pages[:-1])
    assert (pages[-1].next_cursor, pages[-1].incomplete) == (None, "the source gave the same cursor again")


def test_page_numbers_are_never_followed() -> None:
    """The API ignores page=, so the cursor counts; a next page without one is not taken for the end."""
    # civitai/civitai#1583, #981: every page= gave the same items; nextCursor was null, nextPage was not
    numbered = f"{BASE}{api.IMAGES_PATH}?limit=200&page=2"
    assert api.next_cursor({"nextCursor": "12|1712265847499", "nextPage": numbered}, BASE) == "12|1712265847499"
    with pytest.raises(ListingIncomplete, match="has no cursor"):
        api.next_cursor({"nextCursor": None, "nextPage": numbered}, BASE)


def test_a_listing_that_ends_with_a_full_page_is_warned_about(farsite: Farsite, commands: Commands) -> None:
    """The end may be real, or the API has lost its cursor: the run says so."""
    # civitai/civitai#924, Confuzu/CivitAI_Image_grabber#3: 100 of 1,860 images, then a null cursor
    assert "ends with a full page" in _crawl(commands, farsite, "username=full", "min_count=1000")


def test_a_listing_without_a_single_item_is_warned_about(farsite: Farsite, commands: Commands) -> None:
    """HTTP 200 with an empty list: an unknown name, or the site has given up."""
    # mikf/gallery-dl#9580, civitai/civitai#1329, Confuzu/CivitAI_Image_grabber#30, #31, #61
    assert "ends with an empty page" in _crawl(commands, farsite, "username=empty")


def test_a_missing_id_is_named(farsite: Farsite, commands: Commands) -> None:
    """The API leaves out what it does not have; the run says which ids those are."""
    # civitai/civitai#1329
    said = _crawl(commands, farsite, "ids=2,99999", "min_count=-1", "max_images=1")
    assert "Not listed, or below the threshold: 99999" in said


@pytest.mark.parametrize("body", ['{"message": "Invalid input"}', '{"error": {"json": {"message": "Bad Request"}}}'])
def test_a_refused_cursor_restarts_the_listing_whatever_the_words(body: str) -> None:
    """Otherwise every run would ask for the same page again, for ever."""
    # mikf/gallery-dl#8955: 400 for one page of one user
    assert api.is_dead_cursor(SiteResponse(f"{BASE}{api.IMAGES_PATH}", 400, {}, body.encode()))
    assert not api.is_dead_cursor(SiteResponse(f"{BASE}{api.IMAGES_PATH}", 500, {}, body.encode()))


@pytest.mark.parametrize("rendition", ["original", "450x%3Cauto%3E_so", "450x<auto>_so"])
def test_the_other_file_host_is_asked_for_the_original(rendition: str) -> None:
    """Its renditions have names of their own, so no parameter is put into the address."""
    # mikf/gallery-dl#9421, willmiao/ComfyUI-Lora-Manager#968, qsniyg/maxurl#1595
    assert original_url(f"{STORED}/{rendition}") == f"{STORED}/original"


@pytest.mark.parametrize(
    ("layout", "path"), [("date", "unknown date/1"), ("model", "unknown model/1"), ("user", "unknown user/1")]
)
def test_missing_facts_cost_no_image(layout: str, path: str) -> None:
    """No date, no version, no user, no meta: the image is taken all the same."""
    # mikf/gallery-dl#9651 (createdAt), #7558 (modelVersionId null), civitai/civitai#1302 (no prompt)
    bare = _item(1, meta={"civitaiResources": [{"type": "checkpoint", "modelVersionId": None}]}, modelVersionIds=[None])
    for item in (bare, _item(1, meta=None, username=None)):
        page = api.select_items([item], api.ItemFilter(threshold=-1, layout=layout))
        assert [image.path for image in page.images] == [path]
        assert page.images[0].reason is None


def test_images_of_one_blurhash_are_different_images() -> None:
    """The key is the id, never what many images share."""
    # mikf/gallery-dl#6326: new files skipped as downloaded
    items = [_item(number, hash="U8Q]+w00~q", postId=5) for number in range(1, 6)]
    page = api.select_items(items, api.ItemFilter(threshold=-1))
    assert len({image.key for image in page.images}) == len({image.url for image in page.images}) == 5
