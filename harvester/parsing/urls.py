"""URLs from strangers and from settings: hosts, base URLs, and the image a URL stands for."""

import hashlib
import re
from urllib.parse import urlsplit

from harvester.errors import UsageProblem
from harvester.items import DatasetPosition, DiscoveredImage
from harvester.text import strip_unstorable

_HOST = re.compile(r"[A-Za-z0-9._-]{1,253}|[0-9a-fA-F:.]+")

MAX_KEY_LENGTH = 2000
"""Characters of an address that are used as its key; PostgreSQL cannot index much longer ones."""


def discovered_from_url(url: str, acct: str, position: DatasetPosition | None) -> DiscoveredImage:
    """The discovered image of one address; its key is the same whatever data set or page names it."""
    host = host_of(url)
    reason = "bad-url" if host is None else ("account-not-listed" if position is None else None)
    stored = strip_unstorable(url)
    key = (
        stored
        if len(stored) <= MAX_KEY_LENGTH
        else f"sha256:{hashlib.sha256(url.encode('utf-8', 'replace')).hexdigest()}"
    )
    return DiscoveredImage(key, host or "", None if key == stored else stored, position, strip_unstorable(acct), reason)


def host_of(url: str) -> str | None:
    """The host of an http(s) address, in lower case; None for any other text, and for an address with a password."""
    try:
        parts = urlsplit(url.strip())
        host = parts.hostname or ""
        name = host if ":" in host else host.encode("idna").decode("ascii")
        is_port_usable = parts.port is None or parts.port > 0
    except ValueError:  # UnicodeError too
        return None
    is_valid = is_port_usable and parts.scheme in ("http", "https") and "@" not in parts.netloc and "\0" not in url
    return host.lower() if is_valid and _HOST.fullmatch(name) else None


def parse_base_url(setting: str, value: str, example: str) -> str:
    """Return the base URL in a setting, without a slash at its end. Raises UsageProblem."""
    try:
        parts = urlsplit(value.strip())
        is_valid = parts.scheme in ("http", "https") and parts.hostname and "@" not in parts.netloc and parts.port != 0
        is_valid = is_valid and not parts.query and not parts.fragment
    except ValueError:
        is_valid = False
    if not is_valid:
        raise UsageProblem(f"{setting}={value}: must be an address such as {example}.")
    return value.strip().rstrip("/")
