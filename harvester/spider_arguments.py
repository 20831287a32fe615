"""Checks of spider arguments (`-a name=value`); a wrong one raises UsageProblem and is never ignored."""

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path

from harvester.errors import UsageProblem

_UNDECODABLE = re.compile("[\ud800-\udfff]")  # how Python writes such bytes of the command line


def check_argument_names(spider: str, arguments: Mapping[str, str], allowed: Iterable[str]) -> None:
    """Raise UsageProblem for arguments that the spider does not have, and for values that are not valid UTF-8.

    Names with a leading underscore belong to scrapyd and are accepted.
    """
    allowed = list(allowed)
    for name, value in arguments.items():
        if _UNDECODABLE.search(str(value)):
            raise UsageProblem(f"-a {name}={value}: contains bytes that are not UTF-8 text.")
        if name in allowed or name.startswith("_"):
            continue
        matches = get_close_matches(name, allowed, n=1)
        hint = f" Did you mean {matches[0]}?" if matches else ""
        raise UsageProblem(f"-a {name}=: the {spider} spider has no such argument.{hint} It has: {', '.join(allowed)}.")


def check_choice(name: str, value: str, allowed: Iterable[str]) -> str:
    """The value, if it is one of the allowed ones. Raises UsageProblem."""
    allowed = list(allowed)
    if value not in allowed:
        raise UsageProblem(f"-a {name}={value}: must be one of {', '.join(allowed)}.")
    return value


def parse_file_path(name: str, arguments: Mapping[str, str]) -> Path:
    """The absolute path in a required argument, with `~` expanded. Raises UsageProblem."""
    if not arguments.get(name):
        raise UsageProblem(f"-a {name}=… is missing.")
    try:
        return Path(arguments[name]).expanduser().absolute()
    except RuntimeError as error:
        raise UsageProblem(f"-a {name}={arguments[name]}: {error}.") from error


def parse_retry(arguments: Mapping[str, str]) -> str:
    """The earlier failures that a crawl requests again: `failed`, `all` or `none`. Raises UsageProblem."""
    return check_choice("retry", arguments.get("retry", "failed"), ("failed", "all", "none"))
