"""Addresses of imagefap: how pages are asked for, and what an address of a picture says about it."""

import re
from dataclasses import dataclass
from urllib.parse import parse_qs, quote, urlsplit

SITE = "https://www.imagefap.com"

ID = r"[1-9]\d{0,17}"
"""Numbers of users, images and galleries, as a pattern; a database holds none with more digits."""

_FULL = re.compile(rf"/images/full/(?:[^/]+/)*({ID})\.\w{{1,5}}\Z")
_EXPIRY = re.compile(r"(?:\A|&)(?:end=|se=|secure=[^&,]*,)(\d{9,11})(?=&|\Z)")


@dataclass(frozen=True)
class Addresses:
    """Every page that is asked for, below `base` (no slash at its end)."""

    base: str = SITE

    def profile(self, user: str) -> str:
        """The page that tells the number of a user; `user` is a name, spaces and all."""
        return f"{self.base}/profile/{quote(user, safe='')}"

    def folders(self, user: int, page: int) -> str:
        """A page of a user's list of favourite folders; pages count from 0."""
        return f"{self.base}/showfavorites.php?userid={user}&page={page}"

    def folder(self, user: int, folder: int, page: int) -> str:
        """A page of one folder; folder -1 holds what is in no other."""
        return f"{self.base}/showfavorites.php?userid={user}&page={page}&folderid={folder}"

    def photo(self, image: int) -> str:
        """The page of one image; it never changes, unlike the address of the picture."""
        return f"{self.base}/photo/{image}/"


def folder_of(address: str) -> int | None:
    """The folder a page address asks for, None where it asks for none."""
    found = _query(address).get("folderid", [""])[0]
    return int(found) if re.fullmatch(rf"-1|{ID}", found) else None


def user_of(address: str) -> int | None:
    """The number of the user a page address is about."""
    found = _query(address).get("userid", [""])[0]
    return int(found) if re.fullmatch(ID, found) else None


def path_of(address: str) -> str:
    """The path of an address, without a slash at its end; empty where the text is no address."""
    try:
        return urlsplit(address).path.rstrip("/")
    except ValueError:
        return ""


def image_of(picture: str) -> int | None:
    """The image id in the address of a full-sized picture; None for any other address.

    The id is the identity of an image. Host, path and signature change, so the address is never used as a key.
    """
    found = _FULL.search(path_of(picture))
    return int(found[1]) if found else None


def expires(picture: str) -> int | None:
    """When the signature ends, seconds since 1970: `end=` of 2020, `se=` of 2022, `secure=TOKEN,` of 2026."""
    try:
        found = _EXPIRY.search(urlsplit(picture).query)
    except ValueError:
        return None
    return int(found[1]) if found else None


def _query(address: str) -> dict[str, list[str]]:
    try:
        return parse_qs(urlsplit(address).query, max_num_fields=50)
    except ValueError:
        return {}
