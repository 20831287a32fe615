"""Classification of pages before they are parsed; only a recognised page may count as an end or an absence."""

import re
from enum import StrEnum

from parsel import Selector

from harvester.parsing.responses import PageStatus, SiteResponse
from harvester.spiders.imagefap import folders
from harvester.spiders.imagefap.html import is_complete, parse_html, text_of
from harvester.spiders.imagefap.photo_page import parse_photo_page
from harvester.spiders.imagefap.urls import folder_of, is_first_page, path_of


class PageKind(StrEnum):
    """The kind of a page."""

    BLOCKED = "blocked"
    MISSING = "missing"
    PROFILE = "profile"
    FOLDER_LIST = "folder list"
    PICTURE_FOLDER = "image folder"
    GALLERIES_FOLDER = "galleries folder"
    PHOTO = "photo"
    ERROR = "server error"
    UNKNOWN = "unknown"


_STATUSES = {
    PageKind.BLOCKED: PageStatus.BLOCKED,
    PageKind.MISSING: PageStatus.MISSING,
    PageKind.ERROR: PageStatus.ERROR,
    PageKind.UNKNOWN: PageStatus.UNKNOWN,
}
_BLOCK_PATHS = ("/human-verification", "/rl_captcha.php")
_BLOCK_WORDS = re.compile(r"Your IP made too many requests|\A\s*It seems you are banned")
_MISSING_WORDS = re.compile(
    r"you are trying to access does not exist|This gallery has been flagged|\A\s*404 not found", re.IGNORECASE
)
_MISSING_TITLE = re.compile(r"\A\(Picture \d+\) uploaded by on ")

_KIND_SELECTORS: tuple[tuple[PageKind, str], ...] = (
    (PageKind.BLOCKED, "form input[name=captcha]"),
    (PageKind.PHOTO, "input#imageid_input"),
    (PageKind.GALLERIES_FOLDER, 'tr[id^="gid-"]'),
    (PageKind.PICTURE_FOLDER, 'td[id^="img-"]'),
)
_FOLDER_HEADER = 'a.blk_favorites[href*="folderid="]'
_LIST_MARKS = 'input#tgl_all, a[href*="showfavorites.php"][href*="folderid="], td.blk_header a[href*="/profile.php?"]'
_FAVOURITES_LINK = 'td.blk_header a[href*="/showfavorites.php?userid="]'


def classify(response: SiteResponse) -> PageStatus:
    """The status of a response for the middlewares and the walk. Never raises."""
    return _STATUSES.get(kind_of_page(response), PageStatus.OK)


def kind_of_page(response: SiteResponse) -> PageKind:
    """The kind of page in a response. Texts that users write (titles, names) decide only if no other mark does.

    Unknown is also a page that has the marks of a kind, but in which what it shows cannot be read.
    """
    paths = (path_of(response.url), path_of(response.headers.get("location", "")))
    if (
        response.status in (403, 429)
        or "cf-mitigated" in response.headers
        or any(path.endswith(_BLOCK_PATHS) for path in paths)
    ):
        return PageKind.BLOCKED
    if response.status in (404, 410) or any(path.endswith("/404.php") for path in paths):
        return PageKind.MISSING
    if response.status != 200:
        return PageKind.ERROR if response.status >= 500 else PageKind.UNKNOWN
    page = parse_html(response.body)
    kind = next((kind for kind, selector in _KIND_SELECTORS if page.css(selector)), None) or _kind_without_entries(
        page, response.url
    )
    if kind in (PageKind.BLOCKED, PageKind.MISSING):
        return kind
    return kind if is_complete(response.body) and _is_understood(kind, response) else PageKind.UNKNOWN


def _is_understood(kind: PageKind, response: SiteResponse) -> bool:
    """Whether all that such a page must have is found; otherwise the site has changed, or the page is another one."""
    if kind is PageKind.PHOTO:
        return parse_photo_page(response.body, response.url).is_understood
    if kind is PageKind.FOLDER_LIST and not folders.parse_folder_list(response.body):
        return not folders.has_unread_folders(response.body, is_first=is_first_page(response.url))
    if kind is PageKind.PICTURE_FOLDER and not folders.parse_folder_page(response.body).images:
        return not folders.has_unread_images(response.body, response.url)
    return True


def _kind_without_entries(page: Selector, url: str) -> PageKind:
    """The kind of a page without entries, from its header, its address, and the site's own messages."""
    path = path_of(url)
    if path.endswith("/showfavorites.php"):
        if page.css(_FOLDER_HEADER):
            return _kind_of_empty_folder(page)
        if folder_of(url) is None and page.css(_LIST_MARKS):
            return PageKind.FOLDER_LIST
    elif ("/profile/" in path or path.endswith("/profile.php")) and page.css(_FAVOURITES_LINK):
        return PageKind.PROFILE
    text = text_of(page, 20_000)
    title = text_of(page.css("title")[0]) if page.css("title") else ""
    if _BLOCK_WORDS.search(text):
        return PageKind.BLOCKED
    if _MISSING_TITLE.search(title) or _MISSING_WORDS.search(text) or _MISSING_WORDS.search(_body_text(page)):
        return PageKind.MISSING
    return PageKind.UNKNOWN


def _kind_of_empty_folder(page: Selector) -> PageKind:
    headings = [text_of(node) for node in page.css("td.blk_favorites_hdr b")]
    return (
        PageKind.GALLERIES_FOLDER
        if any(heading.startswith("Gallery Name") for heading in headings)
        else PageKind.PICTURE_FOLDER
    )


def _body_text(page: Selector) -> str:
    return " ".join(text_of(node, 2000) for node in page.css("body")[:1])
