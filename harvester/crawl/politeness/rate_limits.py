"""Request budgets: at most so many requests to a host in any so many seconds, in several sliding windows at once."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from harvester.errors import UsageProblem

T = TypeVar("T")

_WINDOW = re.compile(r"([1-9]\d{0,8})/([1-9]\d{0,6})s")

ANY_HOST = "*"
"""Key for all hosts that a mapping by host does not name."""


@dataclass(frozen=True)
class Window:
    """At most `requests` requests in any `seconds` seconds."""

    requests: int
    seconds: int


Budgets = Mapping[str, tuple[Window, ...]]
"""Host -> its windows, all of which hold."""


def parse_windows(text: str) -> tuple[Window, ...]:
    """`80/60s, 160/300s` as windows; raises ValueError for anything else."""
    matches = [_WINDOW.fullmatch(part.strip()) for part in text.split(",")]
    if not all(matches):
        raise ValueError(text)
    return tuple(Window(int(match[1]), int(match[2])) for match in matches if match)


def value_for_host(by_host: Mapping[str, T], host: str) -> T | None:
    """The value for this host, or that of ANY_HOST; None if there is neither."""
    return by_host.get(host, by_host.get(ANY_HOST))


def min_seconds(budget: Sequence[Window], requests: int) -> float:
    """The least number of seconds that this many requests take, if none were made before."""
    return max((float((requests - 1) // window.requests * window.seconds) for window in budget), default=0.0)


def budgets_by_host(settings: Mapping[str, Any], site_budgets: Mapping[str, str]) -> Budgets:
    """The site's budgets by host, overridden host by host by HARVESTER_BUDGETS; `{}` there means no budgets at all.

    Raises UsageProblem.
    """
    user_budgets = _parse_budget_table(settings["HARVESTER_BUDGETS"])
    if user_budgets is None:
        return _parse_budgets(site_budgets)
    return _parse_budgets({**site_budgets, **user_budgets}) if user_budgets else {}


def _parse_budget_table(text: Any) -> dict[Any, Any] | None:
    """The value of HARVESTER_BUDGETS; None if it is empty. Raises UsageProblem."""
    if text == "":
        return None
    try:
        table = json.loads(text) if isinstance(text, str) else text
    except ValueError:
        table = None
    if not isinstance(table, dict):
        raise UsageProblem(_BUDGETS_ERROR.format(text))
    return table


def _parse_budgets(table: Mapping[Any, Any]) -> Budgets:
    try:
        return {str(host).lower(): parse_windows(text) for host, text in table.items()}
    except (TypeError, AttributeError, ValueError) as error:
        raise UsageProblem(_BUDGETS_ERROR.format(json.dumps(dict(table)))) from error


_BUDGETS_ERROR = 'HARVESTER_BUDGETS={}: must be JSON such as {{"www.example.org": "80/60s, 160/300s"}}.'
