"""Spider arguments (`-a name=value`) are checked before anything is opened; a wrong one is BadInput, never ignored."""

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path

from harvester.errors import BadInput

_NO_TEXT = re.compile("[\ud800-\udfff]")  # how Python writes such bytes of the command line


def check_names(spider: str, given: Mapping[str, str], known: Iterable[str]) -> None:
    """Refuse arguments the spider does not have, and values that are no text, which no URL and no database takes.

    Names with a leading underscore belong to scrapyd.
    """
    known = list(known)
    for name, value in given.items():
        if _NO_TEXT.search(str(value)):
            raise BadInput(f"-a {name}={value}: holds bytes that are no UTF-8 text.")
        if name in known or name.startswith("_"):
            continue
        close = get_close_matches(name, known, n=1)
        hint = f" Did you mean {close[0]}?" if close else ""
        raise BadInput(f"-a {name}=: the {spider} spider has no such argument.{hint} It has: {', '.join(known)}.")


def choice(name: str, value: str, allowed: Iterable[str]) -> str:
    """The value, if it is one of those allowed."""
    allowed = list(allowed)
    if value not in allowed:
        raise BadInput(f"-a {name}={value}: must be one of {', '.join(allowed)}.")
    return value


def file_path(name: str, given: Mapping[str, str]) -> Path:
    """The absolute path in an argument that must be there; `~` is followed."""
    if not given.get(name):
        raise BadInput(f"-a {name}=… is missing.")
    try:
        return Path(given[name]).expanduser().absolute()
    except RuntimeError as error:
        raise BadInput(f"-a {name}={given[name]}: {error}.") from error


def retry(given: Mapping[str, str]) -> str:
    """Which earlier failures a crawl asks for again: `failed`, `all` or `none`; raises BadInput."""
    return choice("retry", given.get("retry", "failed"), ("failed", "all", "none"))
