"""URLs from strangers and from settings: hosts, accounts, base URLs, and the image a URL stands for."""

import hashlib
import re
from urllib.parse import urlsplit

import idna

from harvester.errors import UsageProblem
from harvester.items import DatasetPosition, DiscoveredImage
from harvester.text import strip_unstorable

_HOST_NAME = re.compile(r"(?:[a-z0-9_-]{1,63}(?:\.|$))+")
_IPV6 = re.compile(r"[0-9a-f:.]+")

MAX_HOST_LENGTH = 253
"""Characters of a host name (RFC 1035, section 2.3.4, without the lengths of the labels)."""

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
    """The host of an http(s) address, as `ascii_host` writes it; None for other texts and for one with a password."""
    try:
        parts = urlsplit(url.strip())
        is_ipv6 = parts.netloc.startswith("[")
        host = parts.hostname or "" if is_ipv6 else ascii_host(parts.netloc.partition(":")[0])
        is_usable = (not is_ipv6 or _IPV6.fullmatch(host)) and parts.port != 0
    except ValueError:
        return None
    is_valid = is_usable and parts.scheme in ("http", "https") and "@" not in parts.netloc and "\0" not in url
    return host if is_valid else None


def ascii_host(name: str) -> str:
    """A host name in ASCII and lower case, as browsers ask for it. Raises ValueError.

    That is UTS 46 without transitional processing: `straße.example` is another host than `strasse.example`, while
    Python's own codec and w3lib follow IDNA 2003, which makes them one. Emoji are encoded, too, as in the WHATWG's URL
    standard (section 3.3): domains that have them exist.
    """
    labels = idna.uts46_remap(name, std3_rules=False).split(".")
    host = ".".join(label if label.isascii() else f"xn--{label.encode('punycode').decode()}" for label in labels)
    if len(host) > MAX_HOST_LENGTH or not _HOST_NAME.fullmatch(host):
        raise ValueError(f"{name!r} is no host name")
    return host


def ascii_url(url: str) -> str:
    """A URL of which `host_of` knows the host, with this host in ASCII form."""
    netloc = urlsplit(url).netloc
    return url if netloc.isascii() else url.replace(netloc, ascii_domain(netloc), 1)


def ascii_domain(domain: str) -> str:
    """A host and perhaps a port, the host in ASCII form; what is no host stays as it is."""
    host, colon, port = domain.partition(":")
    try:
        return f"{ascii_host(host)}{colon}{port}"
    except ValueError:
        return domain


def canonical_acct(acct: str) -> str:
    """An account `user@domain` with its domain in ASCII form: one account has one name, however it is written."""
    user, at, domain = acct.rpartition("@")
    return f"{user}{at}{ascii_domain(domain)}" if at else acct


def parse_base_url(setting: str, value: str, example: str) -> str:
    """Return the base URL in a setting, without a slash at its end. Raises UsageProblem."""
    try:
        parts = urlsplit(value.strip())
        is_valid = host_of(value) is not None and not parts.query and not parts.fragment
    except ValueError:
        is_valid = False
    if not is_valid:
        raise UsageProblem(f"{setting}={value}: must be an address such as {example}.")
    return ascii_url(value.strip()).rstrip("/")
