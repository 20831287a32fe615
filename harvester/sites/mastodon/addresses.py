"""What people paste – handles and web addresses of accounts, posts, hashtags, lists – and what it stands for."""

import re
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import unquote, urlsplit

from harvester.errors import BadInput
from harvester.sites.userposts import host_of

_USER = r"[\w.-]{1,100}"
_HANDLE = re.compile(rf"@?({_USER})(?:@([^@/\s]{{1,260}}))?")
_ID = r"-?[A-Za-z0-9]{1,64}"


class Kind(StrEnum):
    """What a target is, and so what its `value` means."""

    ACCOUNT = "account"  # user, or user@host where the page is another server's view of it
    POST = "post"  # the id on this server
    ADDRESS = "address"  # the post's own address, to be searched for
    TAG = "tag"  # without #
    LIST = "list"  # the id on this server
    TIMELINE = "timeline"  # public or local


@dataclass(frozen=True)
class Handle:
    """An account: user name and domain; the domain (with a port, perhaps) is empty where none was given."""

    user: str
    domain: str

    def __str__(self) -> str:
        return f"{self.user}@{self.domain}" if self.domain else self.user


@dataclass(frozen=True)
class Target:
    """What to harvest, and the server it was seen at as a base URL without a slash at its end."""

    kind: Kind
    base: str
    value: str


# The paths of Mastodon, GoToSocial, Akkoma/Pleroma, Pixelfed and Sharkey, as gallery-dl's patterns have them too.
_PATHS: tuple[tuple[Kind, str], ...] = (
    (Kind.POST, rf"/(?:web/)?@{_USER}(?:@[^/]+)?/(?:statuses/)?({_ID})(?:/embed)?"),
    (Kind.ACCOUNT, rf"/(?:web/)?@({_USER}(?:@[^/]+)?)(?:/(?:media|with_replies|featured|tagged/[^/]+))?"),
    (Kind.POST, rf"/(?:ap/)?users/{_USER}/statuses/({_ID})(?:/activity)?"),
    (Kind.ACCOUNT, rf"/users/({_USER})"),
    (Kind.POST, rf"/(?:web/)?(?:statuses|notice)/({_ID})"),
    (Kind.POST, rf"/p/{_USER}/({_ID})"),
    (Kind.ADDRESS, r"(/objects/[A-Za-z0-9-]{1,64})"),
    (Kind.TAG, r"/(?:web/)?(?:timelines/)?tags?/([^/]{1,200})"),
    (Kind.LIST, rf"/(?:web/)?(?:timelines/list|lists)/({_ID})"),
    (Kind.TIMELINE, r"/(?:web/)?(?:timelines/)?public/(local)"),
    (Kind.TIMELINE, r"/(?:web/)?(?:timelines/)?(public)"),
)
_PATTERNS = tuple((kind, re.compile(pattern)) for kind, pattern in _PATHS)
_NAMES = {"media", "with_replies", "featured", "followers", "following"}


def target(pasted: str) -> Target:
    """What a pasted address or handle means. Raises BadInput where it is none of the known forms."""
    given = pasted.strip()
    if "/" not in given and (parts := _HANDLE.fullmatch(given)) and parts[2]:
        name = handle(given)
        return Target(Kind.ACCOUNT, f"https://{name.domain}", name.user)
    base, path = _split(given)
    for kind, pattern in _PATTERNS:
        if (match := pattern.fullmatch(path)) and not (kind == Kind.POST and match[1] in _NAMES):
            return Target(kind, base, f"{base}{match[1]}" if kind == Kind.ADDRESS else match[1])
    raise BadInput(f"{_shown(pasted)}: not the address of an account, a post, a hashtag, a list or a timeline.")


def handle(given: str) -> Handle:
    """`user`, `@user`, `user@host`, `@user@host`. Raises BadInput for anything else."""
    match = _HANDLE.fullmatch(given.strip())
    if match is None:
        raise BadInput(f"{_shown(given)}: must be user@host.")
    return Handle(match[1], _netloc(f"https://{match[2]}", given) if match[2] else "")


def base_url(given: str) -> str:
    """The base URL of a server given as a host or as a URL, which a test server may have below a path."""
    text = given.strip()
    parts = text if "://" in text else f"https://{text}"
    netloc = _netloc(parts, given)
    found = urlsplit(parts)
    if found.query or found.fragment:
        raise BadInput(f"{_shown(given)}: must be a host or a URL without ? and #.")
    return f"{found.scheme}://{netloc}{found.path.rstrip('/')}"


def domain_of(base: str) -> str:
    """Host and port of a base URL, as it follows the @ in a handle."""
    return base.partition("://")[2].partition("/")[0]


def _split(given: str) -> tuple[str, str]:
    url = given if "://" in given else f"https://{given}"
    netloc = _netloc(url, given)
    parts = urlsplit(url)
    return f"{parts.scheme}://{netloc}", unquote(parts.path).rstrip("/")


def _netloc(url: str, given: str) -> str:
    """Host, in its ASCII form, and port."""
    host = host_of(url)
    if host is None:
        raise BadInput(f"{_shown(given)}: there is no server of that name.")
    name = f"[{host}]" if ":" in host else host.encode("idna").decode("ascii")
    port = urlsplit(url.strip()).port
    return f"{name}:{port}" if port else name


def _shown(given: str) -> str:
    return repr(given if len(given) <= 100 else f"{given[:97]}...")
