"""Arguments of the imagefap spider and their checks; a wrong one raises UsageProblem and is never ignored."""

import re
from collections.abc import Container, Mapping
from dataclasses import dataclass
from typing import Any

from harvester.errors import UsageProblem
from harvester.spiders.imagefap.urls import ID_PATTERN

MODES = ("read", "get")
FORMATS = ("original", "rgb", "jpeg")

_GET_ARGUMENTS = ("output", "format")


@dataclass(frozen=True)
class ImagefapArguments:
    """The checked arguments; of user and user_id, and of folder and folder_id, at most one is set."""

    mode: str
    user: str | None
    user_id: int | None
    folder: str | None
    folder_id: int | None
    force: bool
    keeps_catalogue: bool

    @property
    def is_get(self) -> bool:
        """Whether to save one folder as files, instead of reading folders into the catalogue."""
        return self.mode == "get"

    @property
    def has_folder(self) -> bool:
        """Whether a folder is named."""
        return self.folder is not None or self.folder_id is not None


def build_arguments(values: Mapping[str, Any], given: Container[str]) -> ImagefapArguments:
    """What to do, from the values of the spider's arguments and the names of those given. Raises UsageProblem."""
    _check_combination(values, given)
    return ImagefapArguments(
        keeps_catalogue=values["db"],
        **{name: values[name] for name in ("mode", "user", "user_id", "folder", "folder_id", "force")},
    )


def _check_combination(values: Mapping[str, Any], given: Container[str]) -> None:
    mode = values["mode"]
    if ("user" in given) == ("user_id" in given):
        raise UsageProblem("Give either -a user=NAME or -a user_id=NUMBER, the owner of the favourites.")
    if "folder" in given and "folder_id" in given:
        raise UsageProblem("Give either -a folder=NAME or -a folder_id=NUMBER, not both.")
    if mode == "get" and "folder" not in given and "folder_id" not in given:
        raise UsageProblem("-a mode=get saves one folder: name it with -a folder=NAME or -a folder_id=NUMBER.")
    if mode == "read" and not values["db"]:
        raise UsageProblem("-a mode=read reads into the catalogue, so -a db=0 is for mode=get only.")
    for name in _GET_ARGUMENTS:
        if mode == "read" and name in given:
            raise UsageProblem(f"-a mode=read keeps the original bytes in the data directory: {name}= is for mode=get.")


def name(text: str) -> str:
    """A `convert` for names of users and folders."""
    words = " ".join(text.split())
    if not words or len(words) > 200:
        raise ValueError("a name of up to 200 characters")
    return words


def number(text: str) -> int:
    """A `convert` for numbers of users."""
    return _matching_number(text, ID_PATTERN)


def folder_number(text: str) -> int:
    """A `convert` for numbers of folders; -1 is the folder of what is in no other."""
    return _matching_number(text, rf"-1|{ID_PATTERN}")


def _matching_number(text: str, pattern: str) -> int:
    if not re.fullmatch(pattern, text):
        raise ValueError("a number used by the site")
    return int(text)
