"""A photo page: the image's own name, and the strip, which gives the addresses of its neighbours for nothing."""

import re
from dataclasses import dataclass
from enum import StrEnum

from parsel import Selector

from harvester.sites.imagefap.addresses import ID, expires, image_of
from harvester.sites.imagefap.markup import attribute, joined, text_of, tree

IN_A_STRIP = 200
"""Entries; the site shows 24."""

_SIZE = re.compile(r"(\d{1,6})x(\d{1,6})")
_DESCRIPTION = re.compile(r"View this \S+ (.+) \S+ pic uploaded by\b")
_TITLE = re.compile(r"(.+) \S+ Pic From\b")
_ADDRESSES = ("original", "data-o", "href")  # `data-o` before the middle of 2023
_ROUNDING = 2  # pixels


@dataclass(frozen=True)
class Picture:
    """Where the full-sized bytes of an image are until `expires` (seconds since 1970), and its stated size in pixels.

    `added` is the text of the site, `YYYY-MM-DD hh:mm:ss`.
    """

    image: int
    url: str
    expires: int | None = None
    size: tuple[int, int] | None = None
    added: str = ""


class Absence(StrEnum):
    """Why a photo page gives no picture of its own image."""

    GONE = "gone"  # it names no full-sized picture at all: the image was taken away
    UNRESOLVED = "unresolved"  # it names others: to be asked again later


@dataclass(frozen=True)
class PhotoPage:
    """What a photo page tells. `name` is the original file name, empty where the page has none."""

    image: int | None
    name: str
    gallery: int | None
    gallery_name: str
    uploader: str
    pictures: dict[int, Picture]

    def absence(self, image: int) -> Absence | None:
        """Why there is no picture of the image; None where there is one."""
        if image in self.pictures:
            return None
        return Absence.UNRESOLVED if self.pictures else Absence.GONE


def photo_page(body: bytes, url: str) -> PhotoPage:
    """Everything on a photo page (or on the fragment with a strip); `url` is its own address."""
    page = tree(body)
    return PhotoPage(
        image=_number(page, "imageid_input"),
        name=_file_name(page),
        gallery=_number(page, "galleryid_input"),
        gallery_name=_words(page, 'td a[href*="/gallery.php?gid="]'),
        uploader=_words(page, 'div[itemtype] td a[href*="/profile.php?user="]'),
        pictures=_pictures(page, url),
    )


def smaller(stated: tuple[int, int] | None, width: int, height: int) -> bool:
    """Whether a picture is smaller than the page said, so a thumbnail; a picture turned upright is not smaller."""
    if stated is None:
        return False
    pairs = zip(sorted((width, height)), sorted(stated), strict=True)
    return any(found < wanted - _ROUNDING for found, wanted in pairs)


def _pictures(page: Selector, url: str) -> dict[int, Picture]:
    found: dict[int, Picture] = {}
    for entry in page.xpath("//a[@imageid or @framed or @original]")[:IN_A_STRIP]:
        picture = _picture(entry, url)
        if picture and found.setdefault(picture.image, picture).size is None:
            found[picture.image] = picture
    main = joined(url, page.css("img#mainPhoto::attr(src)").get(""))  # full-sized until the middle of 2023
    if (image := image_of(main)) is not None:
        found.setdefault(image, Picture(image, main, expires(main)))
    return found


def _picture(entry: Selector, url: str) -> Picture | None:
    stated = attribute(entry, "imageid")
    for name in _ADDRESSES:
        address = joined(url, attribute(entry, name) or "")
        image = image_of(address)
        if image is not None and stated in (None, str(image)):
            return Picture(
                image,
                address,
                expires(address),
                size_of(attribute(entry, "dimension") or ""),
                (attribute(entry, "added") or "")[:40],
            )
    return None


def size_of(dimension: str) -> tuple[int, int] | None:
    """`1600x1066` as width and height in pixels; None for anything else."""
    found = _SIZE.fullmatch(dimension.strip())
    return (int(found[1]), int(found[2])) if found else None


def _file_name(page: Selector) -> str:
    described = _DESCRIPTION.match(page.css("meta[name=description]::attr(content)").get("")[:1000])
    found = described or _TITLE.match(page.css("title::text").get("")[:1000])
    return found[1].strip() if found else ""


def _number(page: Selector, name: str) -> int | None:
    value = page.css(f"input#{name}::attr(value)").get("")
    return int(value) if re.fullmatch(ID, value) else None


def _words(page: Selector, css: str) -> str:
    found = page.css(css)
    return text_of(found[0]) if found else ""
