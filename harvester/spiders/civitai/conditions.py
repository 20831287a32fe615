"""Checks of the items that came back against the filters that were asked for.

The API answers with everybody's images for a user or a post that was deleted (mikf/gallery-dl#8299), and for every
parameter that it does not know. An item that does not say whether it meets a filter is taken only from a page on which
another item says so.
"""

import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from harvester.parsing.json_values import Json
from harvester.spiders.civitai.item import Item, unwrap_item

RATINGS = ("None", "Soft", "Mature", "X", "Blocked")
"""The values of `nsfwLevel` in ascending order: civitai, src/shared/constants/browsingLevel.constants.ts."""

_PERIOD_DAYS = {"Day": 1, "Week": 7, "Month": 31, "Year": 366}
_DAY = 86_400
_TOLERANCE_DAYS = 2  # for clocks, time zones and pages that the edge servers have kept


@dataclass(frozen=True)
class Condition:
    """A filter of the query; `holds` says whether an item meets it, None where the item does not say."""

    argument: str  # as on the command line
    holds: Callable[[Item], bool | None]


def build_conditions(values: Mapping[str, Any]) -> tuple[Condition, ...]:
    """The conditions for the values of the spider's arguments; an item does not name its model, only its versions.

    Queries by id, or by model alone, are answered from the site's database, which gives groups of base models and times
    of upload: civitai, src/server/services/image-search.service.ts.
    """
    is_from_database = values["ids"] or (values["model_id"] and not values["model_version_id"])
    checks: dict[str, Callable[[Any], Callable[[Item], bool | None]]] = {
        "username": _has_user,
        "post_id": _has_post,
        "ids": _has_id,
        "model_version_id": _has_version,
        "tags": _has_tag,
        "nsfw": _has_rating,
    }
    if not is_from_database:
        checks |= {"base_models": _has_base_model, "period": _is_of_period}
    return tuple(
        Condition(f"{name}={'' if name == 'ids' else values[name]}"[:80], check(values[name]))
        for name, check in checks.items()
        if values[name]
    )


def find_ignored(items: Sequence[Item], conditions: Iterable[Condition]) -> str:
    """The filter, as on the command line, that the server ignored: no item meets it; empty if there is none."""
    for condition in conditions:
        results = {condition.holds(item) for item in items}
        if False in results and True not in results:
            return condition.argument
    return ""


def _has_user(username: str) -> Callable[[Item], bool]:
    return lambda item: Json(item)["username"].text.lower() == username.lower()


def _has_post(post_id: int) -> Callable[[Item], bool]:
    return lambda item: item.get("postId") == post_id


def _has_id(ids: Iterable[int]) -> Callable[[Item], bool]:
    wanted_ids = frozenset(ids)
    return lambda item: item["id"] in wanted_ids


def _has_version(version_id: int) -> Callable[[Item], bool | None]:
    def holds(item: Item) -> bool | None:
        resources = Json(unwrap_item(item))["meta"]["civitaiResources"]
        versions = [*Json(item)["modelVersionIds"], *(resource["modelVersionId"] for resource in resources)]
        return _contains((version.number for version in versions), {version_id})

    return holds


def _has_tag(tags: Iterable[int]) -> Callable[[Item], bool | None]:
    """The site takes several tags as all of them or as any of them; this is any."""
    wanted_tags = frozenset(tags)
    return lambda item: _contains((tag["id"].number for tag in Json(item)["tags"]), wanted_tags)


def _has_base_model(names: str) -> Callable[[Item], bool | None]:
    wanted_names = frozenset(names.lower().split(","))
    return lambda item: _contains([Json(item)["baseModel"].text.lower() or None], wanted_names)


def _has_rating(highest: str) -> Callable[[Item], bool | None]:
    allowed = frozenset(RATINGS[: RATINGS.index(highest) + 1])

    def holds(item: Item) -> bool | None:
        rating = Json(item)["nsfwLevel"].text
        return rating in allowed if rating in RATINGS else None

    return holds


def _is_of_period(period: str) -> Callable[[Item], bool | None]:
    """The time of an item is the latest of publication, check and upload, so never earlier than the publication."""
    days = _PERIOD_DAYS.get(period, math.inf)

    def holds(item: Item) -> bool | None:
        try:
            created = datetime.fromisoformat(Json(item)["createdAt"].text)
        except ValueError:
            return None
        age = time.time() - (created if created.tzinfo else created.replace(tzinfo=UTC)).timestamp()
        return age <= (days + _TOLERANCE_DAYS) * _DAY

    return holds


def _contains(values: Iterable[Any], wanted: Iterable[Any]) -> bool | None:
    """Whether one of the values is wanted; None if there are no values."""
    present = {value for value in values if value is not None}
    return not present.isdisjoint(wanted) if present else None
