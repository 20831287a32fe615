"""Parser for pasted handles and web addresses of accounts, posts, hashtags, lists and timelines."""

import re
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import unquote, urlsplit

from harvester.errors import UsageProblem
from harvester.parsing.urls import host_of

_USER = r"[\w.-]{1,100}"
_HANDLE = re.compile(rf"@?({_USER})(?:@([^@/\s]{{1,260}}))?")
_VIEW = r"(?:(?:web|deck)/)?"  # the web client of older Mastodon, and its view of several columns
_ID = r"-?[A-Za-z0-9]{1,64}"


class TargetKind(StrEnum):
    """The kind of a target, which determines the meaning of its `value`."""

    ACCOUNT = "account"  # user, or user@host if the page is another server's view of the account
    POST = "post"  # the id on this server
    POST_URL = "address"  # the post's own address, for a search
    TAG = "tag"  # without #
    LIST = "list"  # the id on this server
    TIMELINE = "timeline"  # public or local


@dataclass(frozen=True)
class Handle:
    """An account: user name and domain; the domain may have a port, and is empty if none was given."""

    user: str
    domain: str

    def __str__(self) -> str:
        return f"{self.user}@{self.domain}" if self.domain else self.user


@dataclass(frozen=True)
class Target:
    """A target to harvest, and the base URL of the server in the address, without a slash at its end."""

    kind: TargetKind
    base: str
    value: str


# The paths of Mastodon, GoToSocial, Akkoma/Pleroma, Pixelfed and Sharkey, as also in gallery-dl's patterns.
_PATH_PATTERNS: tuple[tuple[TargetKind, str], ...] = (
    (TargetKind.POST, rf"/{_VIEW}@{_USER}(?:@[^/]+)?/(?:statuses/)?({_ID})(?:/embed)?"),
    (TargetKind.ACCOUNT, rf"/{_VIEW}@({_USER}(?:@[^/]+)?)(?:/(?:media|with_replies|featured|tagged/[^/]+))?"),
    (TargetKind.POST, rf"/(?:ap/)?users/{_USER}/statuses/({_ID})(?:/activity)?"),
    (TargetKind.ACCOUNT, rf"/users/({_USER})"),
    (TargetKind.POST, rf"/{_VIEW}(?:statuses|notice)/({_ID})"),
    (TargetKind.POST, rf"/p/{_USER}/({_ID})"),
    (TargetKind.POST_URL, r"(/objects/[A-Za-z0-9-]{1,64})"),
    (TargetKind.TAG, rf"/{_VIEW}(?:timelines/)?tags?/([^/]{{1,200}})"),
    (TargetKind.LIST, rf"/{_VIEW}(?:timelines/list|lists)/({_ID})"),
    (TargetKind.TIMELINE, rf"/{_VIEW}(?:timelines/)?public/(local)"),
    (TargetKind.TIMELINE, rf"/{_VIEW}(?:timelines/)?(public)"),
)
_PATTERNS = tuple((kind, re.compile(pattern)) for kind, pattern in _PATH_PATTERNS)
_PAGE_NAMES = {"media", "with_replies", "featured", "followers", "following"}


def parse_target(pasted: str) -> Target:
    """The target of a pasted address or handle. Raises UsageProblem if it has none of the known forms."""
    text = pasted.strip()
    if "/" not in text and (parts := _HANDLE.fullmatch(text)) and parts[2]:
        account = parse_handle(text)
        return Target(TargetKind.ACCOUNT, f"https://{account.domain}", account.user)
    base, path = _split_url(text)
    for kind, pattern in _PATTERNS:
        if (match := pattern.fullmatch(path)) and not (kind == TargetKind.POST and match[1] in _PAGE_NAMES):
            return Target(kind, base, f"{base}{match[1]}" if kind == TargetKind.POST_URL else match[1])
    raise UsageProblem(
        f"{_short_repr(pasted)}: not the address of an account, a post, a hashtag, a list or a timeline."
    )


def parse_handle(text: str) -> Handle:
    """The handle in `user`, `@user`, `user@host` or `@user@host`. Raises UsageProblem for anything else."""
    match = _HANDLE.fullmatch(text.strip())
    if match is None:
        raise UsageProblem(f"{_short_repr(text)}: must be user@host.")
    return Handle(match[1], _netloc(f"https://{match[2]}", text) if match[2] else "")


def parse_base_url(value: str) -> str:
    """The base URL of a server given as a host or as a URL; the URL may have a path, for test servers."""
    text = value.strip()
    url = text if "://" in text else f"https://{text}"
    netloc = _netloc(url, value)
    url_parts = urlsplit(url)
    if url_parts.query or url_parts.fragment:
        raise UsageProblem(f"{_short_repr(value)}: must be a host or a URL without ? and #.")
    return f"{url_parts.scheme}://{netloc}{url_parts.path.rstrip('/')}"


def domain_of(base: str) -> str:
    """Host and port of a base URL, as after the @ in a handle."""
    return base.partition("://")[2].partition("/")[0]


def _split_url(text: str) -> tuple[str, str]:
    url = text if "://" in text else f"https://{text}"
    netloc = _netloc(url, text)
    parts = urlsplit(url)
    return f"{parts.scheme}://{netloc}", unquote(parts.path).rstrip("/")


def _netloc(url: str, value: str) -> str:
    """The host in ASCII form, and the port."""
    host = host_of(url)
    if host is None:
        raise UsageProblem(f"{_short_repr(value)}: there is no server of that name.")
    name = f"[{host}]" if ":" in host else host
    port = urlsplit(url.strip()).port
    return f"{name}:{port}" if port else name


def _short_repr(text: str) -> str:
    return repr(text if len(text) <= 100 else f"{text[:97]}...")
