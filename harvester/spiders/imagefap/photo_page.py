"""Parser for photo pages: the image's own name, and the strip, which has the addresses of neighbouring images."""

import re
from dataclasses import dataclass

from parsel import Selector

from harvester.spiders.imagefap.html import absolute_url, attribute_of, parse_html, text_of
from harvester.spiders.imagefap.urls import ID_PATTERN, expiry_of, image_of

MAX_STRIP_ENTRIES = 200
"""The most strip entries that are parsed; the site shows 24."""

_SIZE = re.compile(r"(\d{1,6})x(\d{1,6})")
_DESCRIPTION = re.compile(r"View this \S+ (.+) \S+ pic uploaded by\b")
_TITLE = re.compile(r"(.+) \S+ Pic From\b")
_URL_ATTRIBUTES = ("original", "data-o", "href")  # `data-o` before the middle of 2023
_ROUNDING_PIXELS = 2  # pixels


@dataclass(frozen=True)
class FullSizePicture:
    """The address of a full-size image, valid until `expires` (seconds since 1970), and its stated size in pixels.

    `added` is the site's text for the time, `YYYY-MM-DD hh:mm:ss`.
    """

    image: int
    url: str
    expires_at: int | None = None
    size: tuple[int, int] | None = None
    added: str = ""


@dataclass(frozen=True)
class PhotoPage:
    """The content of a photo page. `name` is the original file name, empty if the page has none.

    `is_understood`: it has pictures, or its strip is there and shows none.
    """

    image: int | None
    name: str
    gallery: int | None
    gallery_name: str
    uploader: str
    pictures: dict[int, FullSizePicture]
    is_understood: bool


def parse_photo_page(body: bytes, url: str) -> PhotoPage:
    """The content of a photo page, or of the fragment with a strip; `url` is its own address."""
    page = parse_html(body)
    pictures, strip = _parse_pictures(page, url), page.css("#_navi_cavi")
    return PhotoPage(
        image=_input_number(page, "imageid_input"),
        name=_parse_file_name(page),
        gallery=_input_number(page, "galleryid_input"),
        gallery_name=_first_text(page, 'td a[href*="/gallery.php?gid="]'),
        uploader=_first_text(page, 'div[itemtype] td a[href*="/profile.php?user="]'),
        pictures=pictures,
        is_understood=bool(pictures) or (bool(strip) and not strip.css("a, img")),
    )


def is_smaller(stated_size: tuple[int, int] | None, width: int, height: int) -> bool:
    """Whether a picture is smaller than the page states, so a thumbnail; rotation does not count."""
    if stated_size is None:
        return False
    pairs = zip(sorted((width, height)), sorted(stated_size), strict=True)
    return any(actual < expected - _ROUNDING_PIXELS for actual, expected in pairs)


def _parse_pictures(page: Selector, url: str) -> dict[int, FullSizePicture]:
    pictures: dict[int, FullSizePicture] = {}
    for entry in page.xpath("//a[@imageid or @framed or @original]")[:MAX_STRIP_ENTRIES]:
        picture = _parse_picture(entry, url)
        if picture and pictures.setdefault(picture.image, picture).size is None:
            pictures[picture.image] = picture
    main_url = absolute_url(url, page.css("img#mainPhoto::attr(src)").get(""))  # full-size until the middle of 2023
    if (image := image_of(main_url)) is not None:
        pictures.setdefault(image, FullSizePicture(image, main_url, expiry_of(main_url)))
    return pictures


def _parse_picture(entry: Selector, page_url: str) -> FullSizePicture | None:
    stated_id = attribute_of(entry, "imageid")
    for name in _URL_ATTRIBUTES:
        picture_url = absolute_url(page_url, attribute_of(entry, name) or "")
        image = image_of(picture_url)
        if image is not None and stated_id in (None, str(image)):
            return FullSizePicture(
                image,
                picture_url,
                expiry_of(picture_url),
                parse_size(attribute_of(entry, "dimension") or ""),
                (attribute_of(entry, "added") or "")[:40],
            )
    return None


def parse_size(dimension: str) -> tuple[int, int] | None:
    """`1600x1066` as width and height in pixels; None for anything else."""
    match = _SIZE.fullmatch(dimension.strip())
    return (int(match[1]), int(match[2])) if match else None


def _parse_file_name(page: Selector) -> str:
    description = _DESCRIPTION.match(page.css("meta[name=description]::attr(content)").get("")[:1000])
    match = description or _TITLE.match(page.css("title::text").get("")[:1000])
    return match[1].strip() if match else ""


def _input_number(page: Selector, name: str) -> int | None:
    value = page.css(f"input#{name}::attr(value)").get("")
    return int(value) if re.fullmatch(ID_PATTERN, value) else None


def _first_text(page: Selector, css: str) -> str:
    nodes = page.css(css)
    return text_of(nodes[0]) if nodes else ""
