"""The arguments of the civitai spider, checked, and the query they make. The API itself ignores what it does not know.

Allowed values: civitai, src/pages/api/v1/images/index.ts.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from harvester.arguments import choice
from harvester.errors import BadInput
from harvester.sites.civitai import HOME, PATH, Wanted
from harvester.sites.civitai_facts import REACTIONS, SUM

SORTS = ("Most Reactions", "Most Comments", "Most Collected", "Newest", "Oldest")
PERIODS = ("AllTime", "Year", "Month", "Week", "Day")
RATINGS = ("None", "Soft", "Mature", "X")
TYPES = {"image": ("image",), "video": ("video",), "all": ("image", "video")}
LAYOUTS = ("flat", "user", "model", "date")

PAGE = 200
"""Items of a page, the most the API gives."""

IDS_AT_ONCE = 100
LARGEST = 2**63 - 1

ALWAYS = {"limit": str(PAGE), "withMeta": "true", "flatMeta": "true", "withTags": "true"}
_NUMBERS = {"model_id": "modelId", "model_version_id": "modelVersionId", "post_id": "postId"}


@dataclass(frozen=True)
class Query:
    """What is asked of the API, what of its answers is wanted, and at most how many images."""

    base: str
    parameters: Mapping[str, str]
    wanted: Wanted
    ids: tuple[int, ...] = ()
    most: int | None = None

    @property
    def text(self) -> str:
        """The same for the same arguments, up to 600 characters: under this the listing is remembered."""
        bar = f"{self.wanted.reaction}>{self.wanted.least}" + (f" max {self.most}" if self.most else "")
        ids = f"&ids={','.join(map(str, self.ids))}" if self.ids else ""
        elsewhere = "" if self.base == HOME else f" at {self.base}"  # a cursor is of use to the server that gave it
        text = f"{urlencode(self.parameters, safe=' ,')}{ids} {bar}{elsewhere}"
        return text if len(text) <= 500 else f"{text[:430]}… sha256:{hashlib.sha256(text.encode()).hexdigest()}"

    def url(self, cursor: str | None) -> str:
        """The address of a page. For a list of ids our own cursor counts how many were asked for."""
        if self.ids:
            start = int(cursor or 0)
            page = {"ids": ",".join(map(str, self.ids[start : start + IDS_AT_ONCE]))}
        else:
            page = {"cursor": cursor} if cursor is not None else {}
        return f"{self.base}{PATH}?{urlencode({**self.parameters, **ALWAYS, **page})}"


def query(arguments: Mapping[str, str], base: str) -> Query:
    """Everything the arguments ask for. Raises BadInput, with the values that are allowed."""
    kind = choice("type", arguments.get("type", "image"), TYPES)
    ids = tuple(dict.fromkeys(_numbers("ids", arguments)))
    most = _number("max_images", arguments, 1) if "max_images" in arguments else None
    parameters = {
        "sort": choice("sort", arguments.get("sort", SORTS[0]), SORTS),
        "period": choice("period", arguments.get("period", PERIODS[0]), PERIODS),
        "nsfw": choice("nsfw", arguments.get("nsfw", RATINGS[0]), RATINGS),
    }
    if kind != "all":
        parameters["type"] = kind
    if "username" in arguments:
        parameters["username"] = _username(arguments["username"])
    parameters |= {name: str(_number(ours, arguments, 1)) for ours, name in _NUMBERS.items() if ours in arguments}
    if "tags" in arguments:
        parameters["tags"] = ",".join(map(str, _numbers("tags", arguments)))
    if "base_models" in arguments:
        parameters["baseModels"] = _base_models(arguments["base_models"])
    return Query(base, parameters, _wanted(arguments, base, TYPES[kind], ids), ids, most)


def base_url(setting: str, value: str) -> str:
    """The address of the site, without a slash at its end. Raises BadInput."""
    try:
        split = urlsplit(value.strip())
        good = split.scheme in ("http", "https") and split.hostname and "@" not in split.netloc
        good = good and split.path in ("", "/") and not split.query and not split.fragment and split.port != 0
    except ValueError:
        good = False
    if not good:
        raise BadInput(f"{setting}={value}: must be an address such as https://civitai.com.")
    return f"{split.scheme}://{split.netloc.lower()}"


def _wanted(arguments: Mapping[str, str], base: str, types: tuple[str, ...], ids: tuple[int, ...]) -> Wanted:
    return Wanted(
        reaction=choice("reaction", arguments.get("reaction", "heartCount"), (*REACTIONS, SUM)),
        least=_number("min_count", {"min_count": "10", **arguments}, -1),
        types=types,
        layout=choice("layout", arguments.get("layout", LAYOUTS[0]), LAYOUTS),
        site=base,
        ids=frozenset(ids),
        post=_number("post_id", arguments, 1) if "post_id" in arguments else None,
        username=arguments.get("username"),
    )


def _number(name: str, arguments: Mapping[str, str], least: int) -> int:
    return _whole(name, arguments[name], arguments[name], least)


def _numbers(name: str, arguments: Mapping[str, str]) -> list[int]:
    given = arguments.get(name)
    return [] if given is None else [_whole(name, given, word, 1) for word in given.split(",")]


def _whole(name: str, given: str, word: str, least: int) -> int:
    number = int(word) if re.fullmatch(r"\s*-?[0-9]{1,19}\s*", word) else least - 1
    if not least <= number <= LARGEST:
        several = " (several with commas)" if name in ("ids", "tags") else ""
        raise BadInput(f"-a {name}={given}: must be a whole number from {least}{several}.")
    return number


def _username(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_]{1,100}", name):
        raise BadInput(f"-a username={name}: user names of Civitai have only letters a to z, digits and underscores.")
    return name


def _base_models(given: str) -> str:
    names = [name.strip() for name in given.split(",")]
    if not all(names):
        raise BadInput(f"-a base_models={given}: must be names such as SDXL 1.0, separated by commas.")
    return ",".join(names)
