"""Budgets: how many requests a host gets in how many seconds, in several sliding windows at once."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

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


def windows(text: str) -> tuple[Window, ...]:
    """`80/60s, 160/300s` as windows; raises ValueError for anything else."""
    found = [_WINDOW.fullmatch(part.strip()) for part in text.split(",")]
    if not all(found):
        raise ValueError(text)
    return tuple(Window(int(match[1]), int(match[2])) for match in found if match)


def of_host(table: Mapping[str, T], host: str) -> T | None:
    """What a table by host says of this one."""
    return table.get(host, table.get(ANY_HOST))
