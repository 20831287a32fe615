"""Users and their folders: a profile, the list of folders, one page of a folder."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

from parsel import Selector

from harvester.spiders.imagefap.html import attribute_of, parse_html, text_of
from harvester.spiders.imagefap.urls import ID_PATTERN, folder_of, user_of
from harvester.text import strip_unstorable

MAX_ENTRIES = 2000
"""Entries of a page that are looked at; the site shows dozens."""

_USER_LINK = re.compile(r"/profile\.php\?user=([^&/#]+)")
_CELL_ID = re.compile(rf"img-({ID_PATTERN})")


@dataclass(frozen=True)
class PageUser:
    """A user; the name as the site writes it. Either is None where the page does not tell it without doubt."""

    id: int | None
    name: str | None


@dataclass(frozen=True)
class FavouriteFolder:
    """A favourite folder; the name as the site writes it. Folder -1 holds what is in no other."""

    id: int
    name: str


@dataclass(frozen=True)
class FolderPage:
    """One page of a picture folder: its name, empty where the page does not tell, and image ids in the site's order.

    `names` has the file names of those images whose name the page tells whole: long ones are cut with dots.
    """

    name: str
    images: tuple[int, ...]
    file_names: Mapping[int, str] = field(default_factory=dict)


def parse_user(body: bytes) -> PageUser:
    """Whose page it is, from the header that profile, list and folder pages share."""
    links = parse_html(body).css("td.blk_header a::attr(href)").getall()[:MAX_ENTRIES]
    names = {strip_unstorable(unquote(match[1])).strip() for link in links if (match := _USER_LINK.search(link))}
    ids = {user_of(link) for link in links if "/showfavorites.php" in link and folder_of(link) is None} - {None}
    return PageUser(ids.pop() if len(ids) == 1 else None, names.pop() if len(names) == 1 else None)


def parse_folder_list(body: bytes) -> tuple[FavouriteFolder, ...]:
    """The folders on a page of the list, each once, in the site's order; picture or galleries is not told here.

    Links are found by their address alone: the site writes `class'blk_galleries'` without `=` at times.
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
    """The images on a page of a picture folder; call it only for a page of that kind."""
    page = parse_html(body)
    cell_ids = page.css('td[id^="img-"]::attr(id)').getall()[:MAX_ENTRIES]
    ids = [int(match[1]) for cell_id in cell_ids if (match := _CELL_ID.fullmatch(cell_id))]
    if not ids:
        names = page.css('a[href*="/photo/"]::attr(name)').getall()[:MAX_ENTRIES]
        ids = [int(name) for name in names if re.fullmatch(ID_PATTERN, name)]
    return FolderPage(_parse_folder_name(page), tuple(dict.fromkeys(ids)), _parse_file_names(page))


def find_folder(folders: Iterable[FavouriteFolder], name: str) -> FavouriteFolder | None:
    """The folder of that name, however it is written in capitals."""
    folded_name = " ".join(name.split()).casefold()
    return next((folder for folder in folders if folder.name.casefold() == folded_name), None)


def _parse_file_names(page: Selector) -> dict[int, str]:
    """The second `font` of the row behind that of the picture; dots stand for what was cut."""
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
    """Links to other pages carry a page number, or stand within the `font` of the pager."""
    return "page=" in (attribute_of(link, "href") or "") or bool(link.xpath("ancestor::font"))
