"""Parser for the attachments of a post: which are pictures, their best addresses, and their metadata."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from harvester.parsing.urls import host_of
from harvester.spiders.mastodon import content, json_fields

_PICTURE_NAME = re.compile(r"\.(?:jpe?g|jpe|jfif|a?png|gif|webp|avif|hei[cf]|jxl|bmp|tiff?|jp2|svg)$", re.IGNORECASE)
_OTHER_FILE_NAME = re.compile(
    r"\.(?:mp4|m4v|webm|mov|mkv|avi|ogv|mpe?g|mp3|m4a|og[ga]|opus|wav|flac|aac|pdf|txt|zip)$", re.IGNORECASE
)
_MOVING_TYPES = frozenset({"gifv", "video", "audio"})


@dataclass(frozen=True)
class Attachment:
    """One attachment.

    `url` is the best address (empty if there is none), `other_urls` are those of further copies, `preview_url` that of
    the server's reduced copy (M: at most 230,400 pixels), none of them through a proxy. `is_reduced`: `url` is the
    preview's. `reason` is empty for a picture that can be requested, else a word of `harvester.reasons`. `metadata` are
    the other known values, for the item's metadata.
    """

    ident: str
    url: str
    other_urls: tuple[str, ...]
    preview_url: str
    is_reduced: bool
    alt: str
    reason: str
    metadata: dict[str, Any] = field(default_factory=dict)


def parse_attachments(post: Mapping[str, Any]) -> list[Attachment]:
    """All attachments of a post, each address once; also those that GoToSocial lists only in the text."""
    attachments = [parse_attachment(entry) for entry in json_fields.as_dicts(post.get("media_attachments"))]
    for url, description in content.withheld_files(json_fields.as_text(post.get("content"))):
        attachments.append(parse_attachment({"type": "unknown", "remote_url": url, "description": description}))
    return list(_drop_repeated(attachments))


def parse_attachment(data: Mapping[str, Any]) -> Attachment:
    """One attachment: `remote_url` is the origin's own file, `url` this server's copy, the preview a last resort."""
    remote, url, preview = (
        json_fields.as_text(data.get(name)).strip() for name in ("remote_url", "url", "preview_url")
    )
    originals = sorted((candidate for candidate in (remote, url) if candidate), key=_sort_key)  # a stable sort
    last_resort = [preview] if preview else []
    usable = list(dict.fromkeys(candidate for candidate in originals + last_resort if host_of(candidate) is not None))
    kind = json_fields.as_text(data.get("type"))
    further_urls = [candidate for candidate in usable[1:] if not _is_proxied(_path_of(candidate))]
    return Attachment(
        ident=json_fields.as_id(data.get("id")),
        url=usable[0] if usable else "",
        other_urls=tuple(candidate for candidate in further_urls if candidate in originals),
        preview_url=next((candidate for candidate in further_urls if candidate not in originals), ""),
        is_reduced=bool(usable) and usable[0] not in originals,
        alt=json_fields.as_text(data.get("description")),
        reason=_reason(kind, originals, bool(usable)),
        metadata=_attachment_metadata(kind, data),
    )


def find_fallback_url(failed_url: str, metadata: Mapping[str, Any], *, all_permanent: bool) -> str | None:
    """The address to try after `failed_url`: the next full-size copy, or the preview if all failures are permanent."""
    candidates = [*metadata.get("other_addresses", ()), *([preview] if (preview := preview_url_of(metadata)) else [])]
    remaining = candidates[candidates.index(failed_url) + 1 :] if failed_url in candidates else candidates
    return next((url for url in remaining if all_permanent or url != preview), None)


def preview_url_of(metadata: Mapping[str, Any]) -> str:
    """The address of the server's preview of a picture; empty if there is none, or if it is the only address."""
    return json_fields.as_text(metadata.get("reduced_address"))


def is_preview(url: str, metadata: Mapping[str, Any]) -> bool:
    """Whether the address of a picture is that of the server's preview, perhaps the only one it has."""
    preview = preview_url_of(metadata)
    return url == preview if preview else metadata.get("reduced") is True


def _reason(kind: str, originals: list[str], has_url: bool) -> str:
    """The reason why an attachment is not requested; empty for a picture.

    Type and name are only hints: Mastodon calls pictures that it did not fetch `unknown`, Sharkey calls a GIF `gifv`.
    """
    paths = [_path_of(url) for url in originals]
    if not any(map(_PICTURE_NAME.search, paths)) and (
        kind in _MOVING_TYPES or any(map(_OTHER_FILE_NAME.search, paths))
    ):
        return "video"
    return "" if has_url else "no-address"


def _sort_key(url: str) -> tuple[bool, bool]:
    """A sort key that puts addresses last that name no picture or lead through the server's proxy.

    Mastodon's robots.txt forbids `/media_proxy/`, and its limit there is 30 requests in ten minutes.
    """
    path = _path_of(url)
    return bool(_OTHER_FILE_NAME.search(path)), _is_proxied(path)


def _is_proxied(path: str) -> bool:
    return "/media_proxy/" in path or path.startswith("/proxy/")


def _path_of(url: str) -> str:
    try:
        return urlsplit(url).path
    except ValueError:
        return ""


def _attachment_metadata(kind: str, data: Mapping[str, Any]) -> dict[str, Any]:
    meta = json_fields.as_dict(data.get("meta"))
    size = json_fields.as_dict(meta.get("original")) or meta  # Sharkey's is flat
    focus = json_fields.as_dict(meta.get("focus"))
    metadata: dict[str, Any] = {
        "type": kind,
        "blurhash": json_fields.as_text(data.get("blurhash")),
        "width": json_fields.as_number(size.get("width")),
        "height": json_fields.as_number(size.get("height")),
    }
    x, y = json_fields.as_number(focus.get("x")), json_fields.as_number(focus.get("y"))
    if x is not None and y is not None:
        metadata["focus"] = [x, y]
    return {name: value for name, value in metadata.items() if value not in ("", None)}


def _drop_repeated(attachments: Iterable[Attachment]) -> Iterator[Attachment]:
    seen: set[str] = set()
    for attachment in attachments:
        if not attachment.url or attachment.url not in seen:
            seen.add(attachment.url)
            yield attachment
