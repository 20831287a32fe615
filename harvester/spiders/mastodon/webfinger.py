"""Parser for webfinger responses, which name an account's home server; it often differs from the handle's domain."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from harvester.errors import UsageProblem
from harvester.spiders.mastodon import addresses, json_fields
from harvester.spiders.mastodon.addresses import Handle

_ACTOR_TYPES = ("application/activity+json", 'application/ld+json; profile="https://www.w3.org/ns/activitystreams"')


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
