"""What an answer to a page or API request is, before anybody parses it. Every site module has a `classify`."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class PageStatus(StrEnum):
    """What an answer is. Only `OK` may be parsed; only `MISSING` may be taken for an end or an absence."""

    OK = "ok"
    MISSING = "missing"
    BLOCKED = "blocked"
    ERROR = "error"  # the server failed at this page, and did so again when it was asked again
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class SiteResponse:
    """One answer as it came; names of `headers` in lower case."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes
