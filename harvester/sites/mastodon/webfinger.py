"""Where an account lives: the answer to a webfinger question. The server is often not the handle's own domain."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from harvester.errors import BadInput
from harvester.sites.mastodon import addresses, fields
from harvester.sites.mastodon.addresses import Handle

_ACTOR = ("application/activity+json", 'application/ld+json; profile="https://www.w3.org/ns/activitystreams"')


@dataclass(frozen=True)
class Home:
    """The server to ask, as a base URL, and the account's handle as that server writes it."""

    base: str
    handle: Handle


def home(body: bytes, asked: Handle, scheme: str = "https") -> Home | None:
    """The home of an account; None where the answer names no ActivityPub actor at an address of the scheme."""
    answer = fields.mapping(fields.parsed(body))
    for link in fields.entries(answer.get("links")):
        if link.get("rel") == "self" and link.get("type") in (*_ACTOR, None):
            base = _base(fields.text(link.get("href")))
            if base and base.startswith(f"{scheme}://"):
                return Home(base, _subject(fields.text(answer.get("subject"))) or asked)
    return None


def _base(href: str) -> str:
    try:
        parts = urlsplit(href)
        return addresses.base_url(f"{parts.scheme}://{parts.netloc}") if parts.scheme in ("http", "https") else ""
    except (ValueError, BadInput):
        return ""


def _subject(subject: str) -> Handle | None:
    try:
        found = addresses.handle(subject.removeprefix("acct:"))
    except BadInput:
        return None
    return found if found.domain else None
