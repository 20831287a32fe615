"""Parsers for webfinger, host-meta and instance responses: an account's home server often differs from its domain."""

import html
import re
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from harvester.errors import UsageProblem
from harvester.parsing.urls import ascii_domain, host_of
from harvester.spiders.mastodon import addresses, json_fields
from harvester.spiders.mastodon.addresses import Handle

_ACTOR_TYPES = ("application/activity+json", 'application/ld+json; profile="https://www.w3.org/ns/activitystreams"')

_HOST_META_LINK = re.compile(r"<(?:\w+:)?Link\b[^<>]*>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""\b(rel|template)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_MAX_HOST_META_BYTES = 65_536


@dataclass(frozen=True)
class HomeServer:
    """The home server of an account as a base URL, and the account's handle as that server writes it."""

    base: str
    handle: Handle


def parse_webfinger(body: bytes, handle: Handle, scheme: str = "https") -> HomeServer | None:
    """The home server of an account; None if the response names no ActivityPub actor at an address of the scheme."""
    data = json_fields.as_dict(json_fields.parse_json_or_none(body))
    for link in json_fields.as_dicts(data.get("links")):
        if link.get("rel") == "self" and link.get("type") in (*_ACTOR_TYPES, None):
            base = _base_of_link(json_fields.as_text(link.get("href")))
            if base and base.startswith(f"{scheme}://"):
                return HomeServer(base, _parse_subject(json_fields.as_text(data.get("subject"))) or handle)
    return None


def parse_host_meta(body: bytes, handle: Handle, scheme: str = "https") -> str | None:
    """The webfinger address of an account in its domain's host-meta (RFC 6415, section 3); None if there is none.

    Some domains have only this file, as Akkoma's documentation proposes, and answer to webfinger at another host.
    """
    text = body[:_MAX_HOST_META_BYTES].decode("utf-8", "replace")
    for link in _HOST_META_LINK.findall(text):
        values = {name: html.unescape(double or single) for name, double, single in _ATTRIBUTE.findall(link)}
        url = values.get("template", "").replace("{uri}", quote(f"acct:{handle}", safe=":@"))
        if values.get("rel") == "lrdd" and url.startswith(f"{scheme}://") and host_of(url):
            return url
    return None


def parse_instance(body: bytes) -> str | None:
    """The domain of a server's own accounts, from `/api/v1/instance`; None if this is no answer of Mastodon's API.

    Empty where the server does not say. `uri` is a domain (D `entities/V1_Instance.md`), elsewhere a URL (AK, GTS).
    """
    data = json_fields.as_dict(json_fields.parse_json_or_none(body))
    if not json_fields.as_text(data.get("version")):
        return None
    uri = json_fields.as_text(data.get("account_domain")) or json_fields.as_text(data.get("uri"))
    return ascii_domain(addresses.domain_of(uri) if "://" in uri else uri) if uri else ""


def _base_of_link(href: str) -> str:
    try:
        parts = urlsplit(href)
        return addresses.parse_base_url(f"{parts.scheme}://{parts.netloc}") if parts.scheme in ("http", "https") else ""
    except (ValueError, UsageProblem):
        return ""


def _parse_subject(subject: str) -> Handle | None:
    try:
        handle = addresses.parse_handle(subject.removeprefix("acct:"))
    except UsageProblem:
        return None
    return handle if handle.domain else None
