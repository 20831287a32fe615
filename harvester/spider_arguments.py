"""Spider arguments (`-a name=value`) are checked before anything is opened; a wrong one is BadInput, never ignored."""

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path

from harvester.errors import UsageProblem

_UNDECODABLE = re.compile("[\ud800-\udfff]")  # how Python writes such bytes of the command line


def check_argument_names(spider: str, arguments: Mapping[str, str], allowed: Iterable[str]) -> None:
    """Refuse arguments the spider does not have, and values that are no text, which no URL and no database takes.

    Names with a leading underscore belong to scrapyd.
    """
    allowed = list(allowed)
    for name, value in arguments.items():
        if _UNDECODABLE.search(str(value)):
            raise UsageProblem(f"-a {name}={value}: holds bytes that are no UTF-8 text.")
        if name in allowed or name.startswith("_"):
            continue
        matches = get_close_matches(name, allowed, n=1)
        hint = f" Did you mean {matches[0]}?" if matches else ""
        raise UsageProblem(f"-a {name}=: the {spider} spider has no such argument.{hint} It has: {', '.join(allowed)}.")


def check_choice(name: str, value: str, allowed: Iterable[str]) -> str:
    """The value, if it is one of those allowed."""
    allowed = list(allowed)
    if value not in allowed:
        raise UsageProblem(f"-a {name}={value}: must be one of {', '.join(allowed)}.")
    return value


def parse_file_path(name: str, arguments: Mapping[str, str]) -> Path:
    """The absolute path in an argument that must be there; `~` is followed."""
    if not arguments.get(name):
        raise UsageProblem(f"-a {name}=… is missing.")
    try:
        return Path(arguments[name]).expanduser().absolute()
    except RuntimeError as error:
        raise UsageProblem(f"-a {name}={arguments[name]}: {error}.") from error


def parse_retry(arguments: Mapping[str, str]) -> str:
    """Which earlier failures a crawl asks for again: `failed`, `all` or `none`; raises BadInput."""
    return check_choice("retry", arguments.get("retry", "failed"), ("failed", "all", "none"))
