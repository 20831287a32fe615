"""What a page is, before anybody parses it: only a page that shows what it is may be taken for an end or an absence."""

import re
from enum import StrEnum

from parsel import Selector

from harvester.sites.imagefap.addresses import folder_of, path_of
from harvester.sites.imagefap.markup import text_of, tree, whole
from harvester.sites.pages import Answer, Verdict


class Kind(StrEnum):
    """What a page is."""

    BLOCKED = "blocked"
    MISSING = "missing"
    PROFILE = "profile"
    FOLDER_LIST = "folder list"
    PICTURE_FOLDER = "picture folder"
    GALLERIES_FOLDER = "galleries folder"
    PHOTO = "photo"
    ERROR = "error of the server"
    UNKNOWN = "unknown"


_VERDICTS = {
    Kind.BLOCKED: Verdict.BLOCKED,
    Kind.MISSING: Verdict.MISSING,
    Kind.ERROR: Verdict.ERROR,
    Kind.UNKNOWN: Verdict.UNKNOWN,
}
_BLOCK_PATHS = ("/human-verification", "/rl_captcha.php")
_BLOCK_WORDS = re.compile(r"Your IP made too many requests|\A\s*It seems you are banned")
_MISSING_WORDS = re.compile(
    r"you are trying to access does not exist|This gallery has been flagged|\A\s*404 not found", re.IGNORECASE
)
_MISSING_TITLE = re.compile(r"\A\(Picture \d+\) uploaded by on ")

_MARKS: tuple[tuple[Kind, str], ...] = (
    (Kind.BLOCKED, "form input[name=captcha]"),
    (Kind.PHOTO, "input#imageid_input"),
    (Kind.GALLERIES_FOLDER, 'tr[id^="gid-"]'),
    (Kind.PICTURE_FOLDER, 'td[id^="img-"]'),
)
_FOLDER_HEADER = 'a.blk_favorites[href*="folderid="]'
_LIST_MARKS = 'input#tgl_all, a[href*="showfavorites.php"][href*="folderid="], td.blk_header a[href*="/profile.php?"]'
_FAVOURITES_LINK = 'td.blk_header a[href*="/showfavorites.php?userid="]'


def classify(answer: Answer) -> Verdict:
    """What the middlewares and the walk need to know of an answer. Never raises."""
    return _VERDICTS.get(kind_of(answer), Verdict.OK)


def kind_of(answer: Answer) -> Kind:
    """What page an answer is. What a user may have written (titles, names) decides only where no mark does."""
    paths = (path_of(answer.url), path_of(answer.headers.get("location", "")))
    if answer.status == 429 or any(path.endswith(_BLOCK_PATHS) for path in paths):
        return Kind.BLOCKED
    if answer.status in (404, 410) or any(path.endswith("/404.php") for path in paths):
        return Kind.MISSING
    if answer.status != 200:
        return Kind.ERROR if answer.status >= 500 else Kind.UNKNOWN
    page = tree(answer.body)
    kind = next((kind for kind, mark in _MARKS if page.css(mark)), None) or _plain(page, answer.url)
    return kind if kind in (Kind.BLOCKED, Kind.MISSING) or whole(answer.body) else Kind.UNKNOWN


def _plain(page: Selector, url: str) -> Kind:
    """Pages without entries: they are told from their header and the address, and from the site's own sentences."""
    path = path_of(url)
    if path.endswith("/showfavorites.php"):
        if page.css(_FOLDER_HEADER):
            return _empty_folder(page)
        if folder_of(url) is None and page.css(_LIST_MARKS):
            return Kind.FOLDER_LIST
    elif ("/profile/" in path or path.endswith("/profile.php")) and page.css(_FAVOURITES_LINK):
        return Kind.PROFILE
    words = text_of(page, 20_000)
    title = text_of(page.css("title")[0]) if page.css("title") else ""
    if _BLOCK_WORDS.search(words):
        return Kind.BLOCKED
    if _MISSING_TITLE.search(title) or _MISSING_WORDS.search(words) or _MISSING_WORDS.search(_body_words(page)):
        return Kind.MISSING
    return Kind.UNKNOWN


def _empty_folder(page: Selector) -> Kind:
    headings = [text_of(node) for node in page.css("td.blk_favorites_hdr b")]
    return Kind.GALLERIES_FOLDER if any(words.startswith("Gallery Name") for words in headings) else Kind.PICTURE_FOLDER


def _body_words(page: Selector) -> str:
    return " ".join(text_of(node, 2000) for node in page.css("body")[:1])
