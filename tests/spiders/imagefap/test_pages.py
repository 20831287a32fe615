"""imagefap's pages: how each kind is recognised, what is read from it, and that no page can do harm."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from harvester.parsing.responses import PageStatus, SiteResponse
from harvester.spiders.imagefap import folders, page_kind, photo_page
from harvester.spiders.imagefap.folders import FavouriteFolder
from harvester.spiders.imagefap.page_kind import PageKind
from harvester.spiders.imagefap.urls import ImagefapUrls, expiry_of, folder_of, image_of, user_of
from tests.farsite.imagefap import pages
from tests.farsite.imagefap.signing import FORMS, Signer
from tests.farsite.imagefap.world import MISSING_IMAGE_FAULTS, make_world

WORLD = make_world()
ALICE, CAROL, DAVE = (WORLD.users[number] for number in (1001, 1003, 1004))
BASE = "http://site.test"
URLS = ImagefapUrls(BASE)
EXPIRY = 1893456000


def _writer(form: str = "2026", typo: bool = False) -> pages.PageWriter:
    return pages.PageWriter(WORLD, BASE, Signer("http://files.test", EXPIRY, form), typo)


def _kind(url: str, page: str, status: int = 200, **headers: str) -> PageKind:
    return page_kind.kind_of_page(SiteResponse(url, status, headers, page.encode()))


def _folder(number: int, page: int) -> str:
    return _writer().folder(ALICE, ALICE.folders[number], page)


@pytest.mark.parametrize(
    ("url", "page", "kind"),
    [
        (URLS.profile_url("alice"), _writer().profile(ALICE), PageKind.PROFILE),
        (URLS.folder_list_url(1001, 0), _writer().folder_list(ALICE, 0), PageKind.FOLDER_LIST),
        (URLS.folder_list_url(1001, 0), _writer(typo=True).folder_list(ALICE, 0), PageKind.FOLDER_LIST),
        (URLS.folder_list_url(1001, 2), _writer().folder_list(ALICE, 2), PageKind.FOLDER_LIST),
        (URLS.folder_url(1001, 501, 0), _folder(501, 0), PageKind.PICTURE_FOLDER),
        (URLS.folder_url(1001, 501, 2), _folder(501, 2), PageKind.PICTURE_FOLDER),
        (URLS.folder_url(1001, 501, 9), _folder(501, 9), PageKind.PICTURE_FOLDER),
        (URLS.folder_url(1001, 503, 0), _folder(503, 0), PageKind.GALLERIES_FOLDER),
        (URLS.photo_url(196290002), _writer().photo(WORLD.photos[196290002]), PageKind.PHOTO),
    ],
)
def test_a_good_page_is_what_it_is(url: str, page: str, kind: PageKind) -> None:
    """Every kind of page is recognised; an empty page counts only with its header; half a page counts for nothing."""
    assert _kind(url, page) == kind
    assert page_kind.classify(SiteResponse(url, 200, {}, page.encode())) == PageStatus.OK
    assert _kind(url, page[: page.index("</body>")]) == PageKind.UNKNOWN
    assert _kind(url, "<html><body></body></html>") == PageKind.UNKNOWN
    assert _kind(url, page, 503) == PageKind.ERROR
    assert _kind(url, page, 400) == PageKind.UNKNOWN


@pytest.mark.parametrize(
    "word", [word for word in MISSING_IMAGE_FAULTS if word not in ("gone-404", "gone-redirect", "gone-no-full")]
)
def test_every_way_of_saying_gone_is_missing(word: str) -> None:
    """Pages with status 200 that say that there is no such image are missing, not unknown."""
    assert _kind(URLS.photo_url(1), pages.missing_image_page(word)) == PageKind.MISSING
    assert (
        page_kind.classify(SiteResponse(URLS.photo_url(1), 200, {}, pages.missing_image_page(word).encode()))
        == PageStatus.MISSING
    )


def test_a_status_or_an_address_can_say_gone() -> None:
    """404, 410, and an answer from /404.php, reached or only pointed at, are missing."""
    page = pages.not_found_page()
    assert {
        _kind(URLS.photo_url(1), page, 404),
        _kind(URLS.photo_url(1), page, 410),
        _kind(f"{BASE}/404.php", page),
        _kind(URLS.photo_url(1), "", 302, location="/404.php"),
    } == {PageKind.MISSING}


def test_every_block_is_recognised() -> None:
    """A block is recognised by its address, its form, its words or a 429; it is never empty and never missing."""
    page = pages.block_page()
    bare = page.replace("captcha", "other")
    banned = "<html><body>It seems you are banned.</body></html>"
    url = URLS.folder_url(1001, 501, 0)
    assert {
        _kind(url, page),
        _kind(url, bare),
        _kind(url, banned),
        _kind(f"{BASE}/human-verification", "<html>"),
        _kind(f"{BASE}/rl_captcha.php", ""),
        _kind(url, "", 302, location=f"{BASE}/human-verification"),
        _kind(url, "", 429),
    } == {PageKind.BLOCKED}
    assert page_kind.classify(SiteResponse(url, 429, {}, b"")) == PageStatus.BLOCKED


def test_user_text_does_not_change_the_page_kind() -> None:
    """A file named after a block or a removal is a photo page all the same; so is a folder."""
    words = "Your IP made too many requests; you are trying to access does not exist.jpg"
    photo = _writer().photo(WORLD.photos[196290002]).replace("lake dawn 02.jpg", words)
    assert _kind(URLS.photo_url(196290002), photo) == PageKind.PHOTO
    assert photo_page.parse_photo_page(photo.encode(), BASE).name == words
    assert _kind(URLS.folder_url(1001, 501, 2), _folder(501, 2).replace("Landscapes", words)) == PageKind.PICTURE_FOLDER


@pytest.mark.parametrize("typo", [False, True])
def test_folders_are_found_in_both_forms_of_their_links(typo: bool) -> None:
    """Names are unescaped and keep the site's capitals; folder -1 is one of them; the end of the list is empty."""
    written = _writer(typo=typo)
    listed = [folders.parse_folder_list(written.folder_list(ALICE, page).encode()) for page in range(3)]
    assert listed == [
        (
            FavouriteFolder(501, "Landscapes"),
            FavouriteFolder(502, "Rock & Roll Posters"),
            FavouriteFolder(503, "Saved Sets"),
        ),
        (FavouriteFolder(504, "Lighthouses"), FavouriteFolder(-1, "Uncategorized")),
        (),
    ]
    assert folders.match_folders(listed[0], "rOCK &  roll posters") == listed[0][1:2]
    assert folders.match_folders(listed[0], "Rock") == ()


@pytest.mark.parametrize("user", [ALICE, DAVE], ids=lambda user: user.name)
def test_a_header_names_the_user(user: pages.User) -> None:
    """Number and name stand on the profile, the list and every folder; spaces in names are written out."""
    written = _writer()
    folder = next(iter(user.folders.values()))
    for page in (written.profile(user), written.folder_list(user, 0), written.folder(user, folder, 0)):
        assert folders.parse_user(page.encode()) == folders.PageUser(user.id, user.name)


def test_a_header_about_two_users_names_nobody() -> None:
    """Where two numbers or names stand, none is taken."""
    first, second = _writer().profile(ALICE), _writer().profile(DAVE)
    both = first.replace("</body>", second[second.index("<body>") + 6 :])
    assert folders.parse_user(both.encode()) == folders.PageUser(None, None)


@pytest.mark.parametrize("user", [ALICE, CAROL, DAVE], ids=lambda user: user.name)
def test_images_come_in_the_order_of_the_site(user: pages.User) -> None:
    """Every page of every folder gives its ids in order, and the folder's name."""
    for folder in user.folders.values():
        for number, images in enumerate(folder.pages):
            folder_page = folders.parse_folder_page(_writer().folder(user, folder, number).encode())
            assert (folder_page.name, folder_page.images) == (folder.name, images)


def test_images_are_found_without_their_cells() -> None:
    """Where the cells have lost their ids, the links' names are taken."""
    page = _folder(501, 0).replace('id="img-', 'data-was="img-')
    assert folders.parse_folder_page(page.encode()).images == ALICE.folders[501].pages[0]


@pytest.mark.parametrize("form", FORMS)
def test_a_photo_page_gives_the_whole_strip(form: str) -> None:
    """Every neighbour comes with its address, when that ends, and its size; in all three forms of signatures."""
    page = photo_page.parse_photo_page(_writer(form).photo(WORLD.photos[196290002]).encode(), URLS.photo_url(196290002))
    assert (page.image, page.name, page.gallery, page.uploader) == (196290002, "lake dawn 02.jpg", 7001, "bob")
    assert page.gallery_name == "Set 7001"
    assert list(page.pictures) == list(range(196290002, 196290026))
    for image, picture in page.pictures.items():
        assert (image_of(picture.url), picture.expires_at, picture.size) == (image, EXPIRY, (64, 64))
        assert "/images/full/" in picture.url
    assert 196290002 in page.pictures


@pytest.mark.parametrize("name", ["pier & gulls.jpeg", "old/mill.png", "no extension", 'a "b" <c> &amp; d.gif'])
def test_a_file_name_is_read_from_the_description_or_the_title(name: str) -> None:
    """It comes whole and unescaped once."""
    number = 305551212
    page = _writer().photo(pages.Photo(number, name, 7100, 1))
    assert photo_page.parse_photo_page(page.encode(), BASE).name == name
    assert photo_page.parse_photo_page(page.replace("description", "other").encode(), BASE).name == name


def test_an_old_page_gives_its_picture_from_the_large_image() -> None:
    """Before the middle of 2023 the picture stood there, or in `data-o`."""
    page = _writer().photo(WORLD.photos[420000002])
    assert 420000002 in photo_page.parse_photo_page(page.encode(), BASE).pictures
    strip = _writer().photo(WORLD.photos[196290002]).replace("original=", "data-o=").replace("href=", "data-h=")
    assert len(photo_page.parse_photo_page(strip.encode(), BASE).pictures) == 24


def test_a_page_that_leaves_its_own_image_out_is_understood() -> None:
    """Neighbours without the image itself, or a strip that shows nothing; a page that hides its pictures is not."""
    late = photo_page.parse_photo_page(_writer().photo(WORLD.photos[420000000], in_strip=False).encode(), BASE)
    assert (420000000 in late.pictures, late.is_understood) == (False, True)
    empty = photo_page.parse_photo_page(_writer().photo(WORLD.photos[420000003]).encode(), BASE)
    assert (empty.pictures, empty.is_understood) == ({}, True)
    changed = _writer().photo(WORLD.photos[196290002]).replace("/images/full/", "/media/")
    assert not photo_page.parse_photo_page(changed.encode(), BASE).is_understood


def test_an_entry_under_another_number_is_ignored() -> None:
    """Whose number and address disagree is no picture: the id in the address is the identity."""
    page = _writer().photo(WORLD.photos[305551212]).replace('imageid="305551212"', 'imageid="305551213"')
    assert photo_page.parse_photo_page(page.encode(), BASE).pictures == {}


@pytest.mark.parametrize(
    ("stated", "actual", "refused"),
    [((1600, 1066), (160, 106), True), ((1600, 1066), (1066, 1600), False), ((1600, 1066), (1599, 1065), False),
     ((1600, 1066), (1600, 900), True), (None, (1, 1), False), ((64, 64), (128, 128), False)],
)  # fmt: skip
def test_a_thumbnail_is_recognised_by_the_stated_size(
    stated: tuple[int, int] | None, actual: tuple[int, int], refused: bool
) -> None:
    """Smaller than stated is refused; turned, rounded or larger is not."""
    assert photo_page.is_smaller(stated, *actual) is refused


@pytest.mark.parametrize(
    ("address", "expected"),
    [("http://c/x.jpg?end=1893456000&secure=ab", 1893456000), ("http://c/x.jpg?se=1893456000&ss=ab", 1893456000),
     ("http://c/x.jpg?secure=ab,1893456000", 1893456000), ("http://c/x.jpg", None), ("http://[", None),
     ("http://c/x.jpg?secure=ab", None)],
)  # fmt: skip
def test_an_address_states_its_expiry(address: str, expected: int | None) -> None:
    """The three forms of signatures of 2020, 2022 and 2026; none is no end."""
    assert expiry_of(address) == expected


@given(user=st.integers(1, 10**17), folder=st.integers(1, 10**17) | st.just(-1), page=st.integers(0, 10**6))
def test_addresses_can_be_parsed_back(user: int, folder: int, page: int) -> None:
    """User and folder come back out of an address."""
    assert (user_of(URLS.folder_url(user, folder, page)), folder_of(URLS.folder_url(user, folder, page))) == (
        user,
        folder,
    )
    assert folder_of(URLS.folder_list_url(user, page)) is None


_SCRAPS = st.sampled_from(
    [
        *("<a href='", "showfavorites.php?folderid=", "<td id='img-", "<tr id='gid-", "9" * 30, "-1", "</html>"),
        *("<input id='imageid_input' value='", "'>", "<a imageid='1' original='http://[/images/full/1.jpg'>", "\0"),
        *("&#x110000;", "<meta name='description' content='View this ", "<title>", "<!--", "<![CDATA[", "<html>"),
        *("<table>" * 300, "<font>", "\ud800", "<td class='blk_header'>"),
    ]
)


@given(st.lists(_SCRAPS | st.text(max_size=5), max_size=30), st.sampled_from(["http://x/photo/1/", "http://[", ""]))
@example(["<div>" * 100_000], "http://x/profile/a")
@example([""], "http://x/showfavorites.php?userid=1&folderid=1")
def test_no_page_can_do_harm(scraps: list[str], url: str) -> None:
    """Whatever the bytes are: an answer, bounded, and ids that a database can hold."""
    body = "".join(scraps).encode("utf-8", "surrogatepass")
    assert page_kind.classify(SiteResponse(url, 200, {}, body)) in PageStatus
    folder_page = folders.parse_folder_page(body)
    page = photo_page.parse_photo_page(body, url)
    ids = [*folder_page.images, *(folder.id for folder in folders.parse_folder_list(body)), *page.pictures]
    assert all(-1 <= number < 10**18 for number in ids)
    assert len(page.name) <= 1000
    assert (folders.parse_user(body).id or 0) < 10**18


def test_an_attribute_whose_name_is_none_in_xml_hides_no_folder() -> None:
    """A control character in one attribute of a link: the others are read all the same."""
    link = b'<a \x01="1" href="/showfavorites.php?userid=1001&amp;folderid=502">Posters</a>'
    assert folders.parse_folder_list(b"<html><body>" + link + b"</body></html>") == (FavouriteFolder(502, "Posters"),)
