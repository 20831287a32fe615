"""Attachments of a post: which are pictures, under which address the best of each lies, and what is told about it."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from harvester.sites.mastodon import content, fields
from harvester.sites.userposts import host_of

_PICTURES = re.compile(r"\.(?:jpe?g|jpe|jfif|a?png|gif|webp|avif|hei[cf]|jxl|bmp|tiff?|jp2|svg)$", re.IGNORECASE)
_OTHERS = re.compile(
    r"\.(?:mp4|m4v|webm|mov|mkv|avi|ogv|mpe?g|mp3|m4a|og[ga]|opus|wav|flac|aac|pdf|txt|zip)$", re.IGNORECASE
)
_MOVING = frozenset({"gifv", "video", "audio"})


@dataclass(frozen=True)
class Picture:
    """One attachment.

    `url` is the best address (empty where there is none), `others` are those of further copies, `preview` that of the
    server's reduced one (M: at most 230,400 pixels), none of them through a proxy. `reduced`: `url` is the preview's.
    `reason` is empty for a picture that can be asked for, else a word of `harvester.reasons`. `facts` is what else is
    known, for the item's metadata.
    """

    ident: str
    url: str
    others: tuple[str, ...]
    preview: str
    reduced: bool
    alt: str
    reason: str
    facts: dict[str, Any] = field(default_factory=dict)


def pictures(post: Mapping[str, Any]) -> list[Picture]:
    """Every attachment of a post, each address once; also those GoToSocial lists in the text only."""
    found = [picture(given) for given in fields.entries(post.get("media_attachments"))]
    for address, description in content.withheld(fields.text(post.get("content"))):
        found.append(picture({"type": "unknown", "remote_url": address, "description": description}))
    return list(_once(found))


def picture(given: Mapping[str, Any]) -> Picture:
    """One attachment: `remote_url` is the origin's own file, `url` this server's, the preview a last resort."""
    remote, url, preview = (fields.text(given.get(name)).strip() for name in ("remote_url", "url", "preview_url"))
    originals = sorted((address for address in (remote, url) if address), key=_unlikely)  # a stable sort
    last = [preview] if preview else []
    usable = list(dict.fromkeys(address for address in originals + last if host_of(address) is not None))
    kind = fields.text(given.get("type"))
    further = [address for address in usable[1:] if not _proxied(_path(address))]
    return Picture(
        ident=fields.ident(given.get("id")),
        url=usable[0] if usable else "",
        others=tuple(address for address in further if address in originals),
        preview=next((address for address in further if address not in originals), ""),
        reduced=bool(usable) and usable[0] not in originals,
        alt=fields.text(given.get("description")),
        reason=_reason(kind, originals, bool(usable)),
        facts=_facts(kind, given),
    )


def next_address(failed: str, metadata: Mapping[str, Any], *, for_good: bool) -> str | None:
    """Where to ask after `failed`: at the next full-size copy; at the preview only where all failures are for good."""
    further = [*metadata.get("other_addresses", ()), *([preview] if (preview := reduced_address(metadata)) else [])]
    found = further[further.index(failed) + 1 :] if failed in further else further
    return next((address for address in found if for_good or address != preview), None)


def reduced_address(metadata: Mapping[str, Any]) -> str:
    """Where the server's preview of a picture lies; empty where there is none, or nothing else."""
    return fields.text(metadata.get("reduced_address"))


def _reason(kind: str, originals: list[str], usable: bool) -> str:
    """Mastodon calls pictures it did not fetch `unknown`, Sharkey a GIF `gifv`: the type is a hint, the name too."""
    paths = [_path(address) for address in originals]
    if not any(map(_PICTURES.search, paths)) and (kind in _MOVING or any(map(_OTHERS.search, paths))):
        return "video"
    return "" if usable else "no-address"


def _unlikely(address: str) -> tuple[bool, bool]:
    """What sorts an address behind others: it names no picture, or it leads through the server's proxy.

    Mastodon's robots.txt forbids `/media_proxy/`, and no more than 30 in ten minutes are answered.
    """
    path = _path(address)
    return bool(_OTHERS.search(path)), _proxied(path)


def _proxied(path: str) -> bool:
    return "/media_proxy/" in path or path.startswith("/proxy/")


def _path(address: str) -> str:
    try:
        return urlsplit(address).path
    except ValueError:
        return ""


def _facts(kind: str, given: Mapping[str, Any]) -> dict[str, Any]:
    meta = fields.mapping(given.get("meta"))
    size = fields.mapping(meta.get("original")) or meta  # Sharkey's is flat
    focus = fields.mapping(meta.get("focus"))
    told: dict[str, Any] = {
        "type": kind,
        "blurhash": fields.text(given.get("blurhash")),
        "width": fields.number(size.get("width")),
        "height": fields.number(size.get("height")),
    }
    x, y = fields.number(focus.get("x")), fields.number(focus.get("y"))
    if x is not None and y is not None:
        told["focus"] = [x, y]
    return {name: value for name, value in told.items() if value not in ("", None)}


def _once(found: Iterable[Picture]) -> Iterator[Picture]:
    seen: set[str] = set()
    for one in found:
        if not one.url or one.url not in seen:
            seen.add(one.url)
            yield one
