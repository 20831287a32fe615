"""Which page comes after this one, and when there is none."""

import re
from collections.abc import Container, Mapping, Sequence
from urllib.parse import parse_qsl, urlsplit

from harvester.sites.mastodon import fields
from harvester.sites.mastodon.api import Cursor

_LINK = re.compile(r"<([^<>]*)>([^<>]*)")
_REL = re.compile(r'\brel\s*=\s*"?\s*(next|prev)\b', re.IGNORECASE)
_LONGEST_HEADER = 16_384
_CURSORS = ("max_id", "offset")


def older(headers: Mapping[str, str], ids: Sequence[str], seen: Container[str]) -> Cursor | None:
    """Where the next older page begins; None at the end.

    `headers` have lower-case names, `ids` are those of the page, `seen` those of earlier pages of this walk. Only the
    cursor is taken from the Link header. A page is never the last because it is short: servers filter behind the count.
    """
    if all(ident in seen for ident in ids):  # an empty page too
        return None
    links = _links(headers.get("link", ""))
    if links and "next" not in links:
        return None
    return _cursor(links.get("next", "")) or Cursor("max_id", ids[-1])


def _links(header: str) -> dict[str, str]:
    """The addresses of `next` and `prev`; other relations are none of ours."""
    found: dict[str, str] = {}
    for address, attributes in _LINK.findall(header[:_LONGEST_HEADER]):
        if relation := _REL.search(attributes):
            found.setdefault(relation[1].lower(), address)
    return found


def _cursor(address: str) -> Cursor | None:
    try:
        given = dict(parse_qsl(urlsplit(address).query, max_num_fields=100))
    except ValueError:
        return None
    for name in _CURSORS:
        if value := fields.ident(given.get(name)):
            return Cursor(name, value)
    return None
