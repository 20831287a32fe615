"""What a crawl of imagefap is asked to do: its arguments, checked. A wrong one is BadInput, never ignored."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from harvester.arguments import choice
from harvester.errors import BadInput
from harvester.sites.imagefap.addresses import ID

MODES = ("read", "get")
FORMATS = ("original", "rgb", "jpeg")

ARGUMENTS = {
    "user": "whose favourites: the name, in any capitals",
    "user_id": "whose favourites: the number",
    "folder": "only this folder: the name, in any capitals",
    "folder_id": "only this folder: the number; -1 is the one of everything that is in no other",
    "mode": "read (default): everything into the catalogue, folder by folder; get: one folder into files",
    "output": "get: folder for the named pictures; ~/Downloads/imagefap/ by default",
    "format": "get: original (default): bytes untouched; rgb or jpeg",
    "db": "get: 0 leaves nothing behind but the pictures; 1 by default",
    "force": "1 asks for lists that were read within three days, too; 0 by default",
    "retry": "which earlier failures to ask for again: failed (the temporary ones), all or none; failed by default",
}

_ONLY_GET = ("output", "format")


@dataclass(frozen=True)
class Wanted:
    """What is to be done; of user and user_id, and of folder and folder_id, at most one is set."""

    mode: str
    user: str | None
    user_id: int | None
    folder: str | None
    folder_id: int | None
    force: bool
    keeps_catalogue: bool
    format: str

    @property
    def is_get(self) -> bool:
        """One folder into files, instead of folders into the catalogue."""
        return self.mode == "get"

    @property
    def one_folder(self) -> bool:
        """Whether a folder is named."""
        return self.folder is not None or self.folder_id is not None


def wanted(given: Mapping[str, str]) -> Wanted:
    """The arguments, checked one by one and against each other. Raises BadInput."""
    mode = choice("mode", given.get("mode", MODES[0]), MODES)
    _check_together(given, mode)
    return Wanted(
        mode=mode,
        user=_name("user", given),
        user_id=_number("user_id", given, ID),
        folder=_name("folder", given),
        folder_id=_number("folder_id", given, rf"-1|{ID}"),
        force=choice("force", given.get("force", "0"), ("0", "1")) == "1",
        keeps_catalogue=choice("db", given.get("db", "1"), ("0", "1")) == "1",
        format=choice("format", given.get("format", FORMATS[0]), FORMATS),
    )


def _check_together(given: Mapping[str, str], mode: str) -> None:
    if ("user" in given) == ("user_id" in given):
        raise BadInput("Give either -a user=NAME or -a user_id=NUMBER, whose favourites are wanted.")
    if "folder" in given and "folder_id" in given:
        raise BadInput("Give either -a folder=NAME or -a folder_id=NUMBER, not both.")
    if mode == "get" and "folder" not in given and "folder_id" not in given:
        raise BadInput("-a mode=get saves one folder: name it with -a folder=NAME or -a folder_id=NUMBER.")
    if mode == "read" and given.get("db") == "0":
        raise BadInput("-a mode=read reads into the catalogue, so -a db=0 is for mode=get only.")
    for name in _ONLY_GET:
        if mode == "read" and name in given:
            raise BadInput(
                f"-a mode=read keeps the bytes as they came, in the data directory: {name}= is for mode=get."
            )


def site_address(setting: str, value: str) -> str:
    """The address of the site, without a slash at its end. Raises BadInput."""
    try:
        split = urlsplit(value.strip())
        good = split.scheme in ("http", "https") and split.hostname and "@" not in split.netloc and split.port != 0
        good = good and not split.query and not split.fragment
    except ValueError:
        good = False
    if not good:
        raise BadInput(f"{setting}={value}: must be an address such as https://www.imagefap.com.")
    return value.strip().rstrip("/")


def _name(argument: str, given: Mapping[str, str]) -> str | None:
    if argument not in given:
        return None
    name = " ".join(given[argument].split())
    if not name or len(name) > 200:
        raise BadInput(f"-a {argument}={given[argument]}: must be a name of up to 200 characters.")
    return name


def _number(argument: str, given: Mapping[str, str], form: str) -> int | None:
    if argument not in given:
        return None
    if not re.fullmatch(form, given[argument]):
        raise BadInput(f"-a {argument}={given[argument]}: must be a number of the site's.")
    return int(given[argument])
