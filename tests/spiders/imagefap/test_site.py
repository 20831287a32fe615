"""farsite's imagefap over HTTP, read with our parsers: a whole user, blocks, signatures, files that are none."""

import pytest

from harvester.parsing.responses import PageStatus
from harvester.spiders.imagefap.folder_walk import start_walk
from harvester.spiders.imagefap.folders import parse_folder_list, parse_folder_page
from harvester.spiders.imagefap.page_kind import PageKind, classify, kind_of_page
from harvester.spiders.imagefap.photo_page import parse_photo_page
from harvester.spiders.imagefap.urls import ImagefapUrls
from tests.farsite.imagefap.client import Imagefap
from tests.farsite.imagefap.signing import FORMS
from tests.farsite.imagefap.world import FILE_FAULTS, MISSING_IMAGE_FAULTS, make_world
from tests.farsite.process import Farsite


def _read_folder(site: Imagefap, user: int, folder: int) -> list[int]:
    """Every image of a folder, by our walk and our parser."""
    walking, images = start_walk(), []
    while walking.page is not None:
        answer = site.get(ImagefapUrls(site.base).folder_url(user, folder, walking.page))
        assert kind_of_page(answer) == PageKind.PICTURE_FOLDER
        page_images = parse_folder_page(answer.body).images
        images += page_images
        walking = walking.after_page(page_images)
    return images


@pytest.mark.parametrize("typo", [False, True])
def test_a_user_is_read_over_the_wire(farsite: Farsite, typo: bool) -> None:
    """All folders of all pages of the list, all images with the empty page in the middle, and no page twice."""
    site, alice = Imagefap(farsite, "whole").reset(typo=typo), make_world().users[1001]
    listed = [site.get(ImagefapUrls(site.base).folder_list_url(1001, page)) for page in range(3)]
    folders = [folder.id for answer in listed for folder in parse_folder_list(answer.body)]
    assert folders == list(alice.folders)
    galleries = site.get(ImagefapUrls(site.base).folder_url(1001, 503, 0))
    assert kind_of_page(galleries) == PageKind.GALLERIES_FOLDER
    for folder in alice.folders.values():
        if folder.pages:
            assert _read_folder(site, 1001, folder.id) == folder.images
    assert set(site.counts()["paths"].values()) == {1}
    pages_of_pictures = sum(len(folder.pages) + 3 for folder in alice.folders.values() if folder.pages)
    assert site.counts()["pages"] == 3 + 1 + pages_of_pictures


def test_a_client_that_requests_too_often_is_blocked_until_the_block_is_lifted(farsite: Farsite) -> None:
    """The block page has status 200; it is not counted as a page."""
    site = Imagefap(farsite, "block").reset(block_after=2)
    address = ImagefapUrls(site.base).folder_list_url(1001, 0)
    assert [classify(site.get(address)) for _ in range(3)] == [PageStatus.OK, PageStatus.OK, PageStatus.BLOCKED]
    site.change(block_after=None)
    assert classify(site.get(address)) == PageStatus.OK
    assert (site.counts()["pages"], site.counts()["blocked"]) == (3, 1)


@pytest.mark.parametrize("form", FORMS)
def test_addresses_of_pictures_expire(farsite: Farsite, form: str) -> None:
    """A picture opens under its signature until that has expired; a thumbnail's signature does not open it."""
    site = Imagefap(farsite, f"signed-{form}").reset(form=form)
    page = ImagefapUrls(site.base).photo_url(196290002)
    picture = parse_photo_page(site.get(page).body, page).pictures[196290005].url
    assert site.get(picture).status == 200
    assert site.get(picture.replace("/full/", "/thumb/")).status == 403
    site.change(lifetime=-1)
    late = parse_photo_page(site.get(page).body, page).pictures[196290005].url
    assert site.get(late).status == 403


def test_every_removed_image_is_recognised(farsite: Farsite) -> None:
    """All variants of the site's own word that an image is missing."""
    site = Imagefap(farsite, "gone").reset()
    for number in range(len(MISSING_IMAGE_FAULTS)):
        assert kind_of_page(site.get(ImagefapUrls(site.base).photo_url(400000000 + number))) == PageKind.MISSING


def test_an_unlisted_image_is_listed_the_second_time(farsite: Farsite) -> None:
    """So asking again later is worth it."""
    site = Imagefap(farsite, "late").reset()
    address = ImagefapUrls(site.base).photo_url(420000000)
    pages = [parse_photo_page(site.get(address).body, address) for _ in range(2)]
    assert [420000000 in page.pictures for page in pages] == [False, True]


def test_files_that_are_no_pictures(farsite: Farsite) -> None:
    """404, too short, HTML, a thumbnail: what the file host gives is none of it the picture."""
    site = Imagefap(farsite, "files").reset()
    whole = site.get(_file_url(site, 196290002)).body
    responses = {word: site.get(_file_url(site, 410000000 + number)) for number, word in enumerate(FILE_FAULTS)}
    assert responses["file-404"].status == 404
    assert len(responses["file-short"].body) < 107 < len(whole)
    assert responses["file-html"].body.startswith(b"<html>")
    assert responses["file-thumbnail"].body.startswith(b"\xff\xd8")


def test_names_and_bytes_are_shared_across_ids(farsite: Farsite) -> None:
    """One name has two bytes, one bytes have two ids."""
    site, photos = Imagefap(farsite, "same").reset(), make_world().photos
    assert photos[196290002].name == photos[277847563].name
    bodies = {image: site.get(_file_url(site, image)).body for image in (196290002, 277847563, 305551212, 277847564)}
    assert bodies[196290002] != bodies[277847563]
    assert bodies[305551212] == bodies[277847564]


def _file_url(site: Imagefap, image: int) -> str:
    address = ImagefapUrls(site.base).photo_url(image)
    return parse_photo_page(site.get(address).body, address).pictures[image].url
