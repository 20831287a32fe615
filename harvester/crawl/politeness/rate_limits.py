"""Budgets: how many requests a host gets in how many seconds, in several sliding windows at once."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from harvester.errors import UsageProblem

T = TypeVar("T")

_WINDOW = re.compile(r"([1-9]\d{0,8})/([1-9]\d{0,6})s")

ANY_HOST = "*"
"""In a mapping by host: every host that is not named."""


@dataclass(frozen=True)
class Window:
    """At most `requests` in any `seconds`."""

    requests: int
    seconds: int


Budgets = Mapping[str, tuple[Window, ...]]
"""host -> its windows, all of which hold."""


def parse_windows(text: str) -> tuple[Window, ...]:
    """`80/60s, 160/300s` as windows; raises ValueError for anything else."""
    matches = [_WINDOW.fullmatch(part.strip()) for part in text.split(",")]
    if not all(matches):
        raise ValueError(text)
    return tuple(Window(int(match[1]), int(match[2])) for match in matches if match)


def value_for_host(by_host: Mapping[str, T], host: str) -> T | None:
    """What a table by host says of this one."""
    return by_host.get(host, by_host.get(ANY_HOST))


def min_seconds(budget: Sequence[Window], requests: int) -> float:
    """Seconds that so many requests take at least, where nothing has been asked before."""
    return max((float((requests - 1) // window.requests * window.seconds) for window in budget), default=0.0)


def budgets_by_host(settings: Mapping[str, Any], site_budgets: Mapping[str, str]) -> Budgets:
    """The budgets by host: those of the site, in their place those of HARVESTER_BUDGETS; none at all for `{}`."""
    user_budgets = _parse_budget_table(settings["HARVESTER_BUDGETS"])
    if user_budgets is None:
        return _parse_budgets(site_budgets)
    return _parse_budgets({**site_budgets, **user_budgets}) if user_budgets else {}


def _parse_budget_table(text: Any) -> dict[Any, Any] | None:
    """None where nothing is set."""
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
