"""Addresses of the API, with lower-case booleans: Mastodon reads Python's `False` as true, GoToSocial refuses it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from harvester.spiders.mastodon import json_fields
from harvester.spiders.mastodon.addresses import Handle

PAGE_SIZE = "40"
"""Posts per page; the most that Mastodon gives (M `app/controllers/api/v1/accounts/statuses_controller.rb`)."""

Parameters = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Cursor:
    """The start of a page: the name of a parameter (max_id, offset) and its opaque value."""

    name: str
    value: str


@dataclass(frozen=True)
class PostListing:
    """A list of posts that is walked page by page: its address, and the parameters of every page."""

    url: str
    parameters: Parameters

    def page_url(self, cursor: Cursor | None = None) -> str:
        """The address of the page that starts at the cursor, or of the newest page.

        Links to the next page drop parameters (any[] on Mastodon, only_media elsewhere), so they are always sent here.
        """
        parameters = self.parameters + (((cursor.name, cursor.value),) if cursor else ())
        return f"{self.url}?{urlencode(parameters)}" if parameters else self.url


def lookup_url(base: str, acct: str) -> str:
    """The address for one account, by `user` or `user@host`."""
    return f"{base}/api/v1/accounts/lookup?{urlencode({'acct': acct})}"


def post_url(base: str, post_id: str) -> str:
    """The address for one post, by its id on this server."""
    return f"{base}/api/v1/statuses/{_quote_part(post_id)}"


def search_url(base: str, url: str, *, signed_in: bool) -> str:
    """The address that searches for a post; without a token the server finds only posts that it already has."""
    parameters = {"q": url, "type": "statuses"} | ({"resolve": "true"} if signed_in else {})
    return f"{base}/api/v2/search?{urlencode(parameters)}"


def webfinger_url(account: Handle, base: str = "") -> str:
    """The address at which the handle's domain names the account's home server (D `spec/webfinger.md`)."""
    resource = urlencode({"resource": f"acct:{account}"}, safe=":@")
    return f"{base or f'https://{account.domain}'}/.well-known/webfinger?{resource}"


def host_meta_url(base: str) -> str:
    """The address at which a domain may name another address for webfinger (RFC 6415)."""
    return f"{base}/.well-known/host-meta"


def instance_url(base: str) -> str:
    """The address at which every server with Mastodon's API describes itself (D `methods/instance.md`)."""
    return f"{base}/api/v1/instance"


def account_posts(base: str, account_id: str, *, boosts: bool, replies: bool) -> PostListing:
    """The posts of an account; `only_media` would hide boosts too (M `app/lib/account_statuses_filter.rb`)."""
    media_only = () if boosts else (("only_media", "true"), ("exclude_reblogs", "true"))
    no_replies = () if replies else (("exclude_replies", "true"),)
    return PostListing(
        f"{base}/api/v1/accounts/{_quote_part(account_id)}/statuses", (("limit", PAGE_SIZE), *media_only, *no_replies)
    )


def tag_posts(base: str, tag: str) -> PostListing:
    """The public posts with a hashtag that the server has."""
    return PostListing(f"{base}/api/v1/timelines/tag/{_quote_part(tag.removeprefix('#'))}", _MEDIA_PARAMETERS)


def timeline_posts(base: str, *, local: bool) -> PostListing:
    """The public posts of the server's own accounts (`local`), or all that it has."""
    return PostListing(
        f"{base}/api/v1/timelines/public", (*_MEDIA_PARAMETERS, *((("local", "true"),) if local else ()))
    )


def list_posts(base: str, list_id: str) -> PostListing:
    """The posts of a list of the token's owner."""
    return PostListing(f"{base}/api/v1/timelines/list/{_quote_part(list_id)}", (("limit", PAGE_SIZE),))


_MEDIA_PARAMETERS: Parameters = (("limit", PAGE_SIZE), ("only_media", "true"))


def _quote_part(part: str) -> str:
    return quote(part, safe="")


_LINK = re.compile(r"<([^<>]*)>([^<>]*)")

_REL = re.compile(r'\brel\s*=\s*"?\s*(next|prev)\b', re.IGNORECASE)

_MAX_HEADER_LENGTH = 16_384

_CURSOR_PARAMETERS = ("max_id", "offset")


def find_next_cursor(headers: Mapping[str, str], ids: Sequence[str], cursor: Cursor | None = None) -> Cursor | None:
    """The cursor of the next older page; None at the end.

    `headers` have lower-case names, `ids` are those of the page at `cursor`. Only the cursor is taken from the Link
    header. A short page need not be the last one, as servers filter after counting. Without the header, a page with
    nothing but the post of the cursor is the end at servers that count it in.
    """
    links = _parse_link_header(headers.get("link", ""))
    if not ids or (links and "next" not in links) or (not links and cursor and set(ids) == {cursor.value}):
        return None
    return _parse_cursor(links.get("next", "")) or Cursor("max_id", ids[-1])


def _parse_link_header(header: str) -> dict[str, str]:
    """The addresses of the relations `next` and `prev`; others are ignored."""
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
        if value := json_fields.as_id(parameters.get(name)):
            return Cursor(name, value)
    return None
