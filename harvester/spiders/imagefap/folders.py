"""Parser for profiles, lists of folders, and pages of a folder."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

from parsel import Selector

from harvester.parsing.urls import host_of
from harvester.spiders.imagefap.html import absolute_url, attribute_of, parse_html, text_of
from harvester.spiders.imagefap.urls import ID_PATTERN, folder_of, path_of, user_of
from harvester.text import strip_unstorable

MAX_ENTRIES = 2000
"""The most entries of a page that are parsed; the site shows dozens."""

_USER_LINK = re.compile(r"/profile\.php\?user=([^&/#]+)")
_OTHER_PAGES = re.compile(r"/(?:profile|usergallery|showfavorites)\b")
_IMAGE_NUMBER = re.compile(r"\d{6,}")
_CELL_ID = re.compile(rf"img-({ID_PATTERN})")


@dataclass(frozen=True)
class PageUser:
    """A user, with the name as the site writes it. A value is None if the page does not show it unambiguously."""

    id: int | None
    name: str | None


@dataclass(frozen=True)
class FavouriteFolder:
    """A favourite folder, with the name as the site writes it. Folder -1 has the images that are in no other."""

    id: int
    name: str


@dataclass(frozen=True)
class FolderPage:
    """One page of a picture folder: its name, empty if the page does not show it, and image ids in the site's order.

    `names` has the file names that the page shows completely; it shortens long ones with dots.
    """

    name: str
    images: tuple[int, ...]
    file_names: Mapping[int, str] = field(default_factory=dict)


def parse_user(body: bytes) -> PageUser:
    """The user in the header that profile, list and folder pages share."""
    links = parse_html(body).css("td.blk_header a::attr(href)").getall()[:MAX_ENTRIES]
    names = {strip_unstorable(unquote(match[1])).strip() for link in links if (match := _USER_LINK.search(link))}
    ids = {user_of(link) for link in links if "/showfavorites.php" in link and folder_of(link) is None} - {None}
    return PageUser(ids.pop() if len(ids) == 1 else None, names.pop() if len(names) == 1 else None)


def parse_folder_list(body: bytes) -> tuple[FavouriteFolder, ...]:
    """The folders on a page of the list, each once, in the site's order; the list does not say what they contain.

    Links are found by their address alone, as the site sometimes writes `class'blk_galleries'` without `=`.
    """
    folders: dict[int, FavouriteFolder] = {}
    for link in parse_html(body).css('a[href*="showfavorites.php"][href*="folderid="]:not(.blk_favorites)')[
        :MAX_ENTRIES
    ]:
        folder = folder_of(attribute_of(link, "href") or "")
        name = text_of(link)
        if folder is not None and folder not in folders and name and not _is_in_pager(link):
            folders[folder] = FavouriteFolder(folder, name)
    return tuple(folders.values())


def parse_folder_page(body: bytes) -> FolderPage:
    """The images on a page of a picture folder; call this only for a page of that kind."""
    page = parse_html(body)
    cell_ids = page.css('td[id^="img-"]::attr(id)').getall()[:MAX_ENTRIES]
    ids = [int(match[1]) for cell_id in cell_ids if (match := _CELL_ID.fullmatch(cell_id))]
    if not ids:
        names = page.css('a[href*="/photo/"]::attr(name)').getall()[:MAX_ENTRIES]
        ids = [int(name) for name in names if re.fullmatch(ID_PATTERN, name)]
    return FolderPage(_parse_folder_name(page), tuple(dict.fromkeys(ids)), _parse_file_names(page))


def has_unread_folders(body: bytes, *, is_first: bool) -> bool:
    """Whether a page of the list on which no folder was found has some all the same, in a form that is not known.

    A hidden field holds the ids of the folders on a page; the first page has it also where there are none.
    """
    ids = parse_html(body).css("input#tgl_all::attr(value)").get()
    return is_first if ids is None else bool(re.search(r"\d", ids))


def has_unread_images(body: bytes, url: str) -> bool:
    """Whether a page of a folder on which no image was found shows some all the same, in a form that is not known.

    Such are links within the site, around a picture, with a number of at least six digits in a path of either: the
    ids of images are that long. `url` is the address of the page.
    """
    page = parse_html(body)
    links = page.xpath("//a[@href][.//img]")[:MAX_ENTRIES]
    return bool(page.css('td[id^="img-"]')) or any(_is_image_link(link, url) for link in links)


def _is_image_link(link: Selector, page_url: str) -> bool:
    address = absolute_url(page_url, attribute_of(link, "href") or "")
    if host_of(address) != host_of(page_url) or _OTHER_PAGES.search(path_of(address)):
        return False
    sources = [attribute_of(image, name) or "" for image in link.xpath(".//img")[:9] for name in ("src", "data-src")]
    return any(_IMAGE_NUMBER.search(path_of(text)) for text in (address, *sources))


def match_folders(folders: Iterable[FavouriteFolder], name: str) -> tuple[FavouriteFolder, ...]:
    """The folders of exactly that name, or else those whose names differ from it in capitals only."""
    words, folders = " ".join(name.split()), tuple(folders)
    return tuple(folder for folder in folders if folder.name == words) or tuple(
        folder for folder in folders if folder.name.casefold() == words.casefold()
    )


def _parse_file_names(page: Selector) -> dict[int, str]:
    """Image -> file name, from the second `font` of the row after the picture; shortened names are left out."""
    file_names: dict[int, str] = {}
    for cell in page.css('td[id^="img-"]')[:MAX_ENTRIES]:
        match = _CELL_ID.fullmatch(attribute_of(cell, "id") or "")
        fonts = cell.xpath('(.//tr[.//a[contains(@href, "/photo/")]])[1]/following-sibling::tr[1]//font[2]')
        name = text_of(fonts[0]) if fonts else ""
        if match and name and ".." not in name and "…" not in name:
            file_names[int(match[1])] = name
    return file_names


def _parse_folder_name(page: Selector) -> str:
    names = {
        text_of(link) for link in page.css('a.blk_favorites[href*="folderid="]')[:MAX_ENTRIES] if not _is_in_pager(link)
    }
    return names.pop() if len(names) == 1 else ""


def _is_in_pager(link: Selector) -> bool:
    """Whether a link leads to another page: it has a page number, or is inside the `font` of the pager."""
    return "page=" in (attribute_of(link, "href") or "") or bool(link.xpath("ancestor::font"))
