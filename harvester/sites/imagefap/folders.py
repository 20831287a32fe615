"""Users and their folders: a profile, the list of folders, one page of a folder."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

from parsel import Selector

from harvester.sites.imagefap.addresses import ID, folder_of, user_of
from harvester.sites.imagefap.markup import attribute, text_of, tree
from harvester.text import storable

MOST = 2000
"""Entries of a page that are looked at; the site shows dozens."""

_USER = re.compile(r"/profile\.php\?user=([^&/#]+)")
_CELL = re.compile(rf"img-({ID})")


@dataclass(frozen=True)
class User:
    """A user; the name as the site writes it. Either is None where the page does not tell it without doubt."""

    id: int | None
    name: str | None


@dataclass(frozen=True)
class Folder:
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
    names: Mapping[int, str] = field(default_factory=dict)


def user(body: bytes) -> User:
    """Whose page it is, from the header that profile, list and folder pages share."""
    links = tree(body).css("td.blk_header a::attr(href)").getall()[:MOST]
    names = {storable(unquote(found[1])).strip() for link in links if (found := _USER.search(link))}
    ids = {user_of(link) for link in links if "/showfavorites.php" in link and folder_of(link) is None} - {None}
    return User(ids.pop() if len(ids) == 1 else None, names.pop() if len(names) == 1 else None)


def folder_list(body: bytes) -> tuple[Folder, ...]:
    """The folders on a page of the list, each once, in the site's order; picture or galleries is not told here.

    Links are found by their address alone: the site writes `class'blk_galleries'` without `=` at times.
    """
    found: dict[int, Folder] = {}
    for link in tree(body).css('a[href*="showfavorites.php"][href*="folderid="]:not(.blk_favorites)')[:MOST]:
        folder = folder_of(attribute(link, "href") or "")
        name = text_of(link)
        if folder is not None and folder not in found and name and not _in_pager(link):
            found[folder] = Folder(folder, name)
    return tuple(found.values())


def folder_page(body: bytes) -> FolderPage:
    """The images on a page of a picture folder; call it only for a page of that kind."""
    page = tree(body)
    marks = page.css('td[id^="img-"]::attr(id)').getall()[:MOST]
    ids = [int(found[1]) for mark in marks if (found := _CELL.fullmatch(mark))]
    if not ids:
        names = page.css('a[href*="/photo/"]::attr(name)').getall()[:MOST]
        ids = [int(name) for name in names if re.fullmatch(ID, name)]
    return FolderPage(_folder_name(page), tuple(dict.fromkeys(ids)), _file_names(page))


def named(folders: Iterable[Folder], name: str) -> Folder | None:
    """The folder of that name, however it is written in capitals."""
    wanted = " ".join(name.split()).casefold()
    return next((folder for folder in folders if folder.name.casefold() == wanted), None)


def _file_names(page: Selector) -> dict[int, str]:
    """The second `font` of the row behind that of the picture; dots stand for what was cut."""
    found: dict[int, str] = {}
    for cell in page.css('td[id^="img-"]')[:MOST]:
        mark = _CELL.fullmatch(attribute(cell, "id") or "")
        words = cell.xpath('(.//tr[.//a[contains(@href, "/photo/")]])[1]/following-sibling::tr[1]//font[2]')
        name = text_of(words[0]) if words else ""
        if mark and name and ".." not in name and "…" not in name:
            found[int(mark[1])] = name
    return found


def _folder_name(page: Selector) -> str:
    names = {text_of(link) for link in page.css('a.blk_favorites[href*="folderid="]')[:MOST] if not _in_pager(link)}
    return names.pop() if len(names) == 1 else ""


def _in_pager(link: Selector) -> bool:
    """Links to other pages carry a page number, or stand within the `font` of the pager."""
    return "page=" in (attribute(link, "href") or "") or bool(link.xpath("ancestor::font"))
