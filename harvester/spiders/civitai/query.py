"""Arguments of the civitai spider and the API query they make. They are checked here, as the API ignores unknown ones.

Allowed values: civitai, src/pages/api/v1/images/index.ts.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from harvester.errors import UsageProblem
from harvester.spider_arguments import check_choice
from harvester.spiders.civitai.api import IMAGES_PATH, SITE_URL, ItemFilter
from harvester.spiders.civitai.item import ALL_REACTIONS, REACTIONS

SORTS = ("Most Reactions", "Most Comments", "Most Collected", "Newest", "Oldest")

PERIODS = ("AllTime", "Year", "Month", "Week", "Day")

RATINGS = ("None", "Soft", "Mature", "X")

TYPES = {"image": ("image",), "video": ("video",), "all": ("image", "video")}

LAYOUTS = ("flat", "user", "model", "date")

PAGE_SIZE = 200
"""Items per page, the most that the API gives."""

IDS_PER_REQUEST = 100

MAX_ID = 2**63 - 1

FIXED_PARAMETERS = {"limit": str(PAGE_SIZE), "withMeta": "true", "flatMeta": "true", "withTags": "true"}

_ID_PARAMETERS = {"model_id": "modelId", "model_version_id": "modelVersionId", "post_id": "postId"}


@dataclass(frozen=True)
class Query:
    """A query to the API, the filter for its items, and the most images to take."""

    base: str
    parameters: Mapping[str, str]
    item_filter: ItemFilter
    ids: tuple[int, ...] = ()
    max_images: int | None = None

    @property
    def text(self) -> str:
        """The query as text of at most 600 characters, under which the catalogue stores the listing."""
        limits = f"{self.item_filter.reaction}>{self.item_filter.threshold}" + (
            f" max {self.max_images}" if self.max_images else ""
        )
        ids = f"&ids={','.join(map(str, self.ids))}" if self.ids else ""
        server = "" if self.base == SITE_URL else f" at {self.base}"  # a cursor is only valid at its server
        text = f"{urlencode(self.parameters, safe=' ,')}{ids} {limits}{server}"
        return text if len(text) <= 500 else f"{text[:430]}… sha256:{hashlib.sha256(text.encode()).hexdigest()}"

    def url(self, cursor: str | None) -> str:
        """The address of a page. For a list of ids, the cursor is the number of ids requested so far."""
        if self.ids:
            start = int(cursor or 0)
            page_parameters = {"ids": ",".join(map(str, self.ids[start : start + IDS_PER_REQUEST]))}
        else:
            page_parameters = {"cursor": cursor} if cursor is not None else {}
        return f"{self.base}{IMAGES_PATH}?{urlencode({**self.parameters, **FIXED_PARAMETERS, **page_parameters})}"


def parse_query(arguments: Mapping[str, str], base: str) -> Query:
    """The query for the arguments. Raises UsageProblem, which names the allowed values."""
    media_type = check_choice("type", arguments.get("type", "image"), TYPES)
    ids = tuple(dict.fromkeys(_parse_numbers("ids", arguments)))
    max_images = _parse_number("max_images", arguments, 1) if "max_images" in arguments else None
    parameters = {
        "sort": check_choice("sort", arguments.get("sort", SORTS[0]), SORTS),
        "period": check_choice("period", arguments.get("period", PERIODS[0]), PERIODS),
        "nsfw": check_choice("nsfw", arguments.get("nsfw", RATINGS[0]), RATINGS),
    }
    if media_type != "all":
        parameters["type"] = media_type
    if "username" in arguments:
        parameters["username"] = _check_username(arguments["username"])
    parameters |= {
        parameter: str(_parse_number(argument, arguments, 1))
        for argument, parameter in _ID_PARAMETERS.items()
        if argument in arguments
    }
    if "tags" in arguments:
        parameters["tags"] = ",".join(map(str, _parse_numbers("tags", arguments)))
    if "base_models" in arguments:
        parameters["baseModels"] = _parse_base_models(arguments["base_models"])
    return Query(base, parameters, _item_filter(arguments, base, TYPES[media_type], ids), ids, max_images)


def parse_base_url(setting: str, value: str) -> str:
    """The address of the site, without a slash at its end. Raises UsageProblem."""
    try:
        parts = urlsplit(value.strip())
        is_valid = parts.scheme in ("http", "https") and parts.hostname and "@" not in parts.netloc
        is_valid = is_valid and parts.path in ("", "/") and not parts.query and not parts.fragment and parts.port != 0
    except ValueError:
        is_valid = False
    if not is_valid:
        raise UsageProblem(f"{setting}={value}: must be an address such as https://civitai.com.")
    return f"{parts.scheme}://{parts.netloc.lower()}"


def _item_filter(
    arguments: Mapping[str, str], base: str, media_types: tuple[str, ...], ids: tuple[int, ...]
) -> ItemFilter:
    return ItemFilter(
        reaction=check_choice("reaction", arguments.get("reaction", "heartCount"), (*REACTIONS, ALL_REACTIONS)),
        threshold=_parse_number("min_count", {"min_count": "10", **arguments}, -1),
        media_types=media_types,
        layout=check_choice("layout", arguments.get("layout", LAYOUTS[0]), LAYOUTS),
        site_url=base,
        ids=frozenset(ids),
        post_id=_parse_number("post_id", arguments, 1) if "post_id" in arguments else None,
        username=arguments.get("username"),
    )


def _parse_number(name: str, arguments: Mapping[str, str], minimum: int) -> int:
    return _checked_number(name, arguments[name], arguments[name], minimum)


def _parse_numbers(name: str, arguments: Mapping[str, str]) -> list[int]:
    value = arguments.get(name)
    return [] if value is None else [_checked_number(name, value, word, 1) for word in value.split(",")]


def _checked_number(name: str, value: str, word: str, minimum: int) -> int:
    number = int(word) if re.fullmatch(r"\s*-?[0-9]{1,19}\s*", word) else minimum - 1
    if not minimum <= number <= MAX_ID:
        hint = " (several with commas)" if name in ("ids", "tags") else ""
        raise UsageProblem(f"-a {name}={value}: must be a whole number from {minimum}{hint}.")
    return number


def _check_username(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_]{1,100}", name):
        raise UsageProblem(
            f"-a username={name}: user names of Civitai have only letters a to z, digits and underscores."
        )
    return name


def _parse_base_models(value: str) -> str:
    names = [name.strip() for name in value.split(",")]
    if not all(names):
        raise UsageProblem(f"-a base_models={value}: must be names such as SDXL 1.0, separated by commas.")
    return ",".join(names)


def read_ids(lines: Iterable[str], name: str) -> Iterator[int]:
    """The ids in the lines; empty lines are skipped. Raises UsageProblem with the line number."""
    line_number = 0
    try:
        for line_number, line in enumerate(lines, start=1):
            text = line.strip()
            if text and not (text.isascii() and text.isdigit() and len(text) <= 18 and int(text)):
                raise UsageProblem(f"{name}, line {line_number}: expected the id of an image, found {text[:60]!r}.")
            if text:
                yield int(text)
    except UnicodeDecodeError as error:
        raise UsageProblem(f"{name}: not UTF-8 text ({error.reason} after line {line_number}).") from error
