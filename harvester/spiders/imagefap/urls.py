"""Addresses of imagefap: builders for page addresses, and parsers for page and picture addresses."""

import re
from dataclasses import dataclass
from urllib.parse import parse_qs, quote, urlsplit

BASE_URL = "https://www.imagefap.com"

ID_PATTERN = r"[1-9]\d{0,17}"
"""Pattern for the ids of users, images and galleries; a database holds no more digits."""

_FULL_SIZE_PATH = re.compile(rf"/images/full/(?:[^/]+/)*({ID_PATTERN})\.\w{{1,5}}\Z")
_EXPIRY = re.compile(r"(?:\A|&)(?:end=|se=|secure=[^&,]*,)(\d{9,11})(?=&|\Z)")


@dataclass(frozen=True)
class ImagefapUrls:
    """The addresses of all requested pages, below `base` (no slash at its end)."""

    base: str = BASE_URL

    @property
    def host(self) -> str:
        """The host of the pages; the pictures have another one, which changes."""
        return urlsplit(self.base).hostname or ""

    def profile_url(self, user: str) -> str:
        """The page that shows the number of a user; `user` is a name, which may have spaces."""
        return f"{self.base}/profile/{quote(user, safe='')}"

    def folder_list_url(self, user: int, page: int) -> str:
        """A page of a user's list of favourite folders; pages count from 0."""
        return f"{self.base}/showfavorites.php?userid={user}&page={page}"

    def folder_url(self, user: int, folder: int, page: int) -> str:
        """A page of one folder; folder -1 has the images that are in no other."""
        return f"{self.base}/showfavorites.php?userid={user}&page={page}&folderid={folder}"

    def photo_url(self, image: int) -> str:
        """The page of one image; it never changes, unlike the address of the picture."""
        return f"{self.base}/photo/{image}/"


def folder_of(url: str) -> int | None:
    """The folder in a page address; None if there is none."""
    value = _query_parameters(url).get("folderid", [""])[0]
    return int(value) if re.fullmatch(rf"-1|{ID_PATTERN}", value) else None


def user_of(url: str) -> int | None:
    """The user number in a page address; None if there is none."""
    value = _query_parameters(url).get("userid", [""])[0]
    return int(value) if re.fullmatch(ID_PATTERN, value) else None


def is_first_page(url: str) -> bool:
    """Whether a page address is that of the first page, by its number or for want of one."""
    return _query_parameters(url).get("page", ["0"])[0].strip("0") == ""


def path_of(url: str) -> str:
    """The path of an address, without a slash at its end; empty if the text is not an address."""
    try:
        return urlsplit(url).path.rstrip("/")
    except ValueError:
        return ""


def image_of(url: str) -> int | None:
    """The image id in the address of a full-size picture; None for any other address.

    The id is the identity of an image. Host, path and signature change, so the address is never used as a key.
    """
    match = _FULL_SIZE_PATH.search(path_of(url))
    return int(match[1]) if match else None


def expiry_of(url: str) -> int | None:
    """The end of the signature, seconds since 1970: `end=` in 2020, `se=` in 2022, `secure=TOKEN,` in 2026."""
    try:
        match = _EXPIRY.search(urlsplit(url).query)
    except ValueError:
        return None
    return int(match[1]) if match else None


def _query_parameters(url: str) -> dict[str, list[str]]:
    try:
        return parse_qs(urlsplit(url).query, max_num_fields=50)
    except ValueError:
        return {}
