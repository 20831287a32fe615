"""Query of the images API, from the arguments of the spider. The API itself ignores what it does not know.

Allowed values: civitai, src/pages/api/v1/images/index.ts.
"""

import hashlib
import re
from array import array
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from harvester.errors import UsageProblem
from harvester.spider_arguments import file_path, whole_number
from harvester.spiders.civitai.api import IMAGES_PATH, SITE_URL, ItemFilter
from harvester.spiders.civitai.conditions import build_conditions

IDS_PER_REQUEST = 100

PAGE_SIZE = 200
"""Items; the most that the API gives on a page."""

FIXED_PARAMETERS = {"limit": str(PAGE_SIZE), "withMeta": "true", "flatMeta": "true", "withTags": "true"}
"""Parameters of every request."""

_PARAMETERS = {
    "sort": "sort", "period": "period", "nsfw": "nsfw", "type": "type", "username": "username", "model_id": "modelId",
    "model_version_id": "modelVersionId", "post_id": "postId", "base_models": "baseModels", "tags": "tags",
}  # fmt: skip
"""Argument -> parameter, in the order in which they are part of the name of a listing."""


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
        ids = f"&ids={','.join(map(str, self.ids))}" if self.ids else ""
        limit = f" max {self.max_images}" if self.max_images else ""
        server = "" if self.base == SITE_URL else f" at {self.base}"  # a cursor is only valid at its server
        limits = f"{self.item_filter.reaction}>{self.item_filter.threshold}{limit}"
        text = f"{urlencode(self.parameters, safe=' ,')}{ids} {limits}{server}"
        return text if len(text) <= 500 else f"{text[:430]}… sha256:{hashlib.sha256(text.encode()).hexdigest()}"

    def ids_at(self, cursor: str | None) -> tuple[int, ...]:
        """The ids of a page. For a list of ids, the cursor is the number of ids requested so far."""
        start = int(cursor or 0)
        return self.ids[start : start + IDS_PER_REQUEST]

    def url(self, cursor: str | None) -> str:
        """The address of a page."""
        if self.ids:
            page_parameters = {"ids": ",".join(map(str, self.ids_at(cursor)))}
        else:
            page_parameters = {} if cursor is None else {"cursor": cursor}
        return f"{self.base}{IMAGES_PATH}?{urlencode({**self.parameters, **FIXED_PARAMETERS, **page_parameters})}"


def build_query(values: Mapping[str, Any], base: str) -> Query:
    """The query for the values of the spider's arguments, by name."""
    ids = tuple(dict.fromkeys(values["ids"] or ()))
    item_filter = ItemFilter(
        reaction=values["reaction"],
        threshold=values["min_count"],
        media_types=("image", "video") if values["type"] == "all" else (values["type"],),
        layout=values["layout"],
        site_url=base,
        conditions=build_conditions(values),
    )
    given = {
        **values,
        "type": None if values["type"] == "all" else values["type"],
        "tags": values["tags"] and ",".join(map(str, values["tags"])),
    }
    parameters = {_PARAMETERS[name]: str(given[name]) for name in _PARAMETERS if given[name] is not None}
    return Query(base, parameters, item_filter, ids, values["max_images"])


def whole_numbers(text: str) -> list[int]:
    """A `convert` for ids, separated by commas."""
    try:
        return [whole_number(1)(word) for word in text.split(",")]
    except ValueError as error:
        raise ValueError("a whole number from 1 (several with commas)") from error


def username(text: str) -> str:
    """A `convert` for user names."""
    if not re.fullmatch(r"[A-Za-z0-9_]{1,100}", text):
        raise ValueError("a user name of Civitai, which has only letters a to z, digits and underscores")
    return text


def base_models(text: str) -> str:
    """A `convert` for names of base models, separated by commas."""
    names = [name.strip() for name in text.split(",")]
    if not all(names):
        raise ValueError("names such as SDXL 1.0, separated by commas")
    return ",".join(names)


def ids_in_file(text: str) -> "array[int]":
    """A `convert` for the name of a file of ids; its value is the ids. Raises UsageProblem."""
    path = file_path(text)
    try:
        with path.open(encoding="utf-8-sig") as lines:
            return array("q", read_ids(lines, path.name))
    except OSError as error:
        raise UsageProblem(f"{path}: {error.strerror}.") from error


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
