"""Parser for Civitai's `GET /api/v1/images`: responses, errors, and the selection of wanted items.

Facts about the API: docs/civitai.md. Nothing here makes requests.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

from harvester.errors import ListingIncomplete
from harvester.items import DiscoveredImage, ListingPage
from harvester.parsing.file_names import folder_name
from harvester.parsing.json_values import parse_json
from harvester.parsing.responses import PageStatus, SiteResponse
from harvester.parsing.urls import host_of
from harvester.spiders.civitai import item as facts
from harvester.spiders.civitai.item import original_url
from harvester.text import strip_unstorable

SITE_URL = "https://civitai.com"
IMAGES_PATH = "/api/v1/images"
KEY_PATH = "/api/v1/me"
"""A path that answers 401 for a wrong key; the images API treats a wrong key like none."""

QUERY_ITEM_LIMIT = 49_800
"""Items after which an end counts as the API's limit: a query gives about 50,000 and then silently no more cursor."""

MAX_CURSOR_LENGTH = 1000
_DEAD_CURSOR = re.compile(r"cursor", re.IGNORECASE)
_CHALLENGE = re.compile(rb"just a moment|cf-chl|challenge-platform|attention required", re.IGNORECASE)
_TOO_MANY_PAGES = b"too many pages"


@dataclass(frozen=True)
class ItemFilter:
    """Selects the items of a listing with more than `threshold` of a reaction, of the wanted types, and asked for.

    Empty `ids`, `post_id` and `username` stand for everything. `site_url` is the address of the web site.
    """

    reaction: str = "heartCount"
    threshold: int = 10
    media_types: Sequence[str] = ("image",)
    layout: str = "flat"
    site_url: str = SITE_URL
    ids: frozenset[int] = frozenset()
    post_id: int | None = None
    username: str | None = None


def classify(response: SiteResponse) -> PageStatus:
    """The kind of an API response. `MISSING`: an error in the API's own words that a retry does not fix."""
    body = response.body.lstrip()
    is_json = body.startswith(b"{")
    wrong_key = response.status == 401 and urlsplit(response.url).path == KEY_PATH
    too_many_pages = response.status == 429 and _TOO_MANY_PAGES in body
    if is_json and (wrong_key or too_many_pages or response.status in (400, 404, 451)):
        return PageStatus.MISSING
    if response.status in (401, 403, 451) or "cf-mitigated" in response.headers or _CHALLENGE.search(body[:20_000]):
        return PageStatus.BLOCKED if not (response.status == 200 and is_json) else PageStatus.OK
    return PageStatus.OK if is_json and response.status == 200 else PageStatus.UNKNOWN


def error_text(response: SiteResponse) -> str:
    """The status and the error message in the body, on one line."""
    try:
        data = parse_json(response.body)
    except ValueError:
        is_html = b"<" in response.body[:200]
        return f"HTTP {response.status}" + (", a web page instead of JSON" if is_html else "")
    data = data if isinstance(data, dict) else {}
    error = data.get("error")
    text = error if isinstance(error, str) else (error or {}).get("message") if isinstance(error, dict) else None
    text = _validation_messages(text) if isinstance(text, str) else data.get("message")
    return (
        f"HTTP {response.status}: {strip_unstorable(text)[:300]}"
        if isinstance(text, str)
        else f"HTTP {response.status}"
    )


def is_dead_cursor(response: SiteResponse) -> bool:
    """Whether the server no longer knows the given cursor; the listing then has to start again."""
    return response.status == 400 and bool(_DEAD_CURSOR.search(error_text(response)))


def parse_items(response: SiteResponse) -> tuple[list[Any], Mapping[str, Any]]:
    """The items and the metadata of a page. Raises ListingIncomplete."""
    try:
        data = parse_json(response.body)
    except ValueError as error:
        raise ListingIncomplete(f"the response is not JSON ({error})") from error
    items, metadata = data.get("items"), data.get("metadata")
    if not isinstance(items, list):
        raise ListingIncomplete("the response has no list of items")
    return items, metadata if isinstance(metadata, dict) else {}


def next_cursor(metadata: Mapping[str, Any], base: str) -> str | None:
    """The cursor of the next page; None at the end. Raises ListingIncomplete for one that leads elsewhere."""
    cursor = metadata.get("nextCursor")
    if cursor is None and isinstance(metadata.get("nextPage"), str):
        prefix = f"{base}{IMAGES_PATH}?"
        if not metadata["nextPage"].startswith(prefix):
            raise ListingIncomplete("the address of the next page is not that of the API")
        cursor = parse_qs(metadata["nextPage"].removeprefix(prefix)).get("cursor", [None])[0]
        if cursor is None:
            raise ListingIncomplete("the address of the next page has no cursor")
    if cursor is None or cursor == "":
        return None
    if isinstance(cursor, bool) or not isinstance(cursor, (str, int)) or len(str(cursor)) > MAX_CURSOR_LENGTH:
        raise ListingIncomplete("the cursor of the next page is invalid")
    return strip_unstorable(str(cursor))


def select_items(items: Sequence[Any], item_filter: ItemFilter) -> ListingPage:
    """The page with the selected items as discovered images; the others are counted by reason."""
    images, counts = [], Counter[str]()
    for item in items:
        if (reason := _skip_reason(item, item_filter)) is not None:
            counts[reason] += 1
        else:
            images.append(_discovered_image(facts.unwrap_item(item), item_filter))
    return ListingPage(images=images, entry_count=len(items), counts=counts)


def with_cursor(page: ListingPage, cursor: str | None, earlier_items: int) -> ListingPage:
    """The page with its cursor; an end after QUERY_ITEM_LIMIT items (`earlier_items` before it) is incomplete."""
    incomplete = cursor is None and earlier_items + page.entry_count >= QUERY_ITEM_LIMIT
    return replace(
        page,
        next_cursor=cursor,
        incomplete="the API lists about 50,000 items of one query: narrow it" if incomplete else "",
    )


def limit_images(page: ListingPage, max_images: int) -> ListingPage:
    """The page with at most `max_images` images; it is the last page if it reaches that number."""
    if len(page.images) < max_images:
        return page
    surplus = len(page.images) - max_images
    counts = {**page.counts, "beyond max_images": surplus}
    return replace(page, images=page.images[:max_images], counts=counts, next_cursor=None, incomplete="")


def has_no_reactions(items: Sequence[Any]) -> bool:
    """Whether no item has any reaction; the site has served such empty counts for months."""
    return bool(items) and not any(
        facts.count_reactions(item, reaction)
        for item in items
        if isinstance(item, dict)
        for reaction in facts.REACTIONS
    )


def _skip_reason(item: Any, item_filter: ItemFilter) -> str | None:
    if not isinstance(item, dict) or type(item.get("id")) is not int or not 0 < item["id"] < 2**63:
        return "unreadable"
    matches = (not item_filter.ids or item["id"] in item_filter.ids) and item_filter.post_id in (
        None,
        item.get("postId"),
    )
    username = item.get("username")
    if item_filter.username and isinstance(username, str) and username.lower() != item_filter.username.lower():
        matches = False
    if not matches:
        return "not asked for"
    return None if facts.count_reactions(item, item_filter.reaction) > item_filter.threshold else "below the bar"


def _discovered_image(item: dict[str, Any], item_filter: ItemFilter) -> DiscoveredImage:
    raw_url = item.get("url") if isinstance(item.get("url"), str) else ""
    url = original_url(strip_unstorable(str(raw_url))) or ""
    media_type = facts.media_type(item)
    reason = "bad-url" if not url else None if media_type in item_filter.media_types else "type-not-wanted"
    return DiscoveredImage(
        key=str(item["id"]),
        host=host_of(url) or "",
        url=url or strip_unstorable(str(raw_url)),
        author=facts.author(item),
        reason=reason,
        path=None if reason else output_path(item, item_filter.layout),
        page=f"{item_filter.site_url}/images/{item['id']}",
        metadata=item,
        tags=facts.tag_names(item),
        generation=facts.generation_metadata(item),
    )


def output_path(item: Mapping[str, Any], layout: str) -> str:
    """The output path of a picture: its id, in a folder by user, model or day."""
    folders = {
        "user": lambda: folder_name(facts.author(item), "unknown user"),
        "model": lambda: folder_name(facts.model_name(item), "unknown model"),
        "date": lambda: facts.creation_day(item) or "unknown date",
    }
    return str(item["id"]) if layout == "flat" else f"{folders[layout]()}/{item['id']}"


def _validation_messages(text: str) -> str:
    """The messages of the site's parameter validation, which it puts as JSON into a text."""
    try:
        complaints = parse_json(text)
    except ValueError:
        return text
    if not isinstance(complaints, list):
        return text
    messages = [
        f"{'.'.join(str(step) for step in complaint.get('path') or [])}: {complaint.get('message')}"
        for complaint in complaints
        if isinstance(complaint, dict)
    ]
    return "; ".join(messages) or text
