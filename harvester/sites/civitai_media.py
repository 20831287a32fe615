"""Addresses of Civitai's files: https://image.civitai.com/<bucket>/<uuid>/<parameters>/<any name>.

The uuid is the identity of a file; name and extension mean nothing. Source: civitai, src/client-utils/edge-url.ts.
"""

import re
from urllib.parse import urlsplit, urlunsplit

from harvester.sites.userposts import host_of

_UUID = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")
_PARAMETERS = re.compile(r"[A-Za-z]+=[^,/]*(,[A-Za-z]+=[^,/]*)*")
_OLD_HOSTS = {"imagecache.civitai.com": "image.civitai.com"}

ORIGINAL = "original=true"
FULL_VIDEO = "original=true,quality=100"
"""For some videos the plain original answers with one still frame (gallery-dl issues 7502 and 7626)."""


def uuid_of(url: str) -> str | None:
    """The identity in an address, in lower case."""
    uuid = next((part for part in url.split("/") if _UUID.fullmatch(part)), None)
    return uuid.lower() if uuid else None


def original_url(url: str, parameters: str = ORIGINAL) -> str | None:
    """The address of the untouched file; None where the text is no http(s) address."""
    if host_of(url) is None:
        return None
    url_parts = urlsplit(url.strip())
    path_parts = url_parts.path.split("/")
    parameters_index = next((index for index, part in enumerate(path_parts) if _PARAMETERS.fullmatch(part)), None)
    uuid_index = next((index for index, part in enumerate(path_parts) if _UUID.fullmatch(part)), None)
    if parameters_index is not None:
        path_parts[parameters_index] = parameters
    elif uuid_index is not None:
        path_parts.insert(uuid_index + 1, parameters)
    host = _OLD_HOSTS.get(url_parts.netloc.lower(), url_parts.netloc)
    return urlunsplit((url_parts.scheme, host, "/".join(path_parts), url_parts.query, ""))
