"""Which page comes after this one, and when there is none."""

import re
from collections.abc import Container, Mapping, Sequence
from urllib.parse import parse_qsl, urlsplit

from harvester.sites.mastodon import fields
from harvester.sites.mastodon.api import Cursor

_LINK = re.compile(r"<([^<>]*)>([^<>]*)")
_REL = re.compile(r'\brel\s*=\s*"?\s*(next|prev)\b', re.IGNORECASE)
_MAX_HEADER_LENGTH = 16_384
_CURSOR_PARAMETERS = ("max_id", "offset")


def find_next_cursor(headers: Mapping[str, str], ids: Sequence[str], seen_ids: Container[str]) -> Cursor | None:
    """Where the next older page begins; None at the end.

    `headers` have lower-case names, `ids` are those of the page, `seen` those of earlier pages of this walk. Only the
    cursor is taken from the Link header. A page is never the last because it is short: servers filter behind the count.
    """
    if all(ident in seen_ids for ident in ids):  # an empty page too
        return None
    links = _parse_link_header(headers.get("link", ""))
    if links and "next" not in links:
        return None
    return _parse_cursor(links.get("next", "")) or Cursor("max_id", ids[-1])


def _parse_link_header(header: str) -> dict[str, str]:
    """The addresses of `next` and `prev`; other relations are none of ours."""
    urls: dict[str, str] = {}
    for url, attributes in _LINK.findall(header[:_MAX_HEADER_LENGTH]):
        if relation := _REL.search(attributes):
            urls.setdefault(relation[1].lower(), url)
    return urls


def _parse_cursor(url: str) -> Cursor | None:
    try:
        parameters = dict(parse_qsl(urlsplit(url).query, max_num_fields=100))
    except ValueError:
        return None
    for name in _CURSOR_PARAMETERS:
        if value := fields.as_id(parameters.get(name)):
            return Cursor(name, value)
    return None
