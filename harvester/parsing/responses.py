"""Types for the classification of page and API responses. Each site has a `classify` that uses them."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class PageStatus(StrEnum):
    """The kind of a response. Only `OK` may be parsed; only `MISSING` may count as an end or an absence."""

    OK = "ok"
    MISSING = "missing"
    BLOCKED = "blocked"
    ERROR = "error"  # the server failed at this page, also when asked again
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class SiteResponse:
    """One response as received; names of `headers` are in lower case."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes
