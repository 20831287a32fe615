"""Arguments of the imagefap spider and their checks; a wrong one raises UsageProblem and is never ignored."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from harvester.errors import UsageProblem
from harvester.spider_arguments import check_choice
from harvester.spiders.imagefap.urls import ID_PATTERN

MODES = ("read", "get")
FORMATS = ("original", "rgb", "jpeg")
SWITCH = ("0", "1")

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
    format: str

    @property
    def is_get(self) -> bool:
        """Whether to save one folder as files, instead of reading folders into the catalogue."""
        return self.mode == "get"

    @property
    def has_folder(self) -> bool:
        """Whether a folder is named."""
        return self.folder is not None or self.folder_id is not None


def parse_arguments(arguments: Mapping[str, str]) -> ImagefapArguments:
    """The arguments, checked one by one and against each other. Raises UsageProblem."""
    mode = check_choice("mode", arguments.get("mode", MODES[0]), MODES)
    _check_combination(arguments, mode)
    return ImagefapArguments(
        mode=mode,
        user=_parse_name("user", arguments),
        user_id=_parse_id("user_id", arguments, ID_PATTERN),
        folder=_parse_name("folder", arguments),
        folder_id=_parse_id("folder_id", arguments, rf"-1|{ID_PATTERN}"),
        force=check_choice("force", arguments.get("force", "0"), ("0", "1")) == "1",
        keeps_catalogue=check_choice("db", arguments.get("db", "1"), ("0", "1")) == "1",
        format=check_choice("format", arguments.get("format", FORMATS[0]), FORMATS),
    )


def _check_combination(arguments: Mapping[str, str], mode: str) -> None:
    if ("user" in arguments) == ("user_id" in arguments):
        raise UsageProblem("Give either -a user=NAME or -a user_id=NUMBER, the owner of the favourites.")
    if "folder" in arguments and "folder_id" in arguments:
        raise UsageProblem("Give either -a folder=NAME or -a folder_id=NUMBER, not both.")
    if mode == "get" and "folder" not in arguments and "folder_id" not in arguments:
        raise UsageProblem("-a mode=get saves one folder: name it with -a folder=NAME or -a folder_id=NUMBER.")
    if mode == "read" and arguments.get("db") == "0":
        raise UsageProblem("-a mode=read reads into the catalogue, so -a db=0 is for mode=get only.")
    for name in _GET_ARGUMENTS:
        if mode == "read" and name in arguments:
            raise UsageProblem(
                f"-a mode=read keeps the bytes as they came, in the data directory: {name}= is for mode=get."
            )


def _parse_name(argument: str, arguments: Mapping[str, str]) -> str | None:
    if argument not in arguments:
        return None
    name = " ".join(arguments[argument].split())
    if not name or len(name) > 200:
        raise UsageProblem(f"-a {argument}={arguments[argument]}: must be a name of up to 200 characters.")
    return name


def _parse_id(argument: str, arguments: Mapping[str, str], pattern: str) -> int | None:
    if argument not in arguments:
        return None
    if not re.fullmatch(pattern, arguments[argument]):
        raise UsageProblem(f"-a {argument}={arguments[argument]}: must be a number used by the site.")
    return int(arguments[argument])
