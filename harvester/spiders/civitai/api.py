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
from harvester.parsing.api_responses import read_document
from harvester.parsing.file_names import folder_name
from harvester.parsing.json_values import Json
from harvester.parsing.responses import PageStatus, SiteResponse
from harvester.parsing.urls import host_of
from harvester.spiders.civitai import item as facts
from harvester.spiders.civitai.conditions import Condition, find_ignored
from harvester.text import strip_unstorable

SITE_URL = "https://civitai.com"
IMAGES_PATH = "/api/v1/images"
KEY_PATH = "/api/v1/me"
"""A path that answers 401 for a wrong key; the images API treats a wrong key like none."""

QUERY_ITEM_LIMIT = 49_800
"""Items after which an end counts as the API's limit: a query gives about 50,000 and then silently no more cursor."""

MAX_CURSOR_LENGTH = 1000
_CHALLENGE = re.compile(rb"just a moment|cf-chl|challenge-platform|attention required", re.IGNORECASE)
_TOO_MANY_PAGES = b"too many pages"


@dataclass(frozen=True)
class ItemFilter:
    """Selects the items of a listing with more than `threshold` of a reaction, of the wanted types, and asked for.

    `conditions` are the filters that the server was asked for. `site_url` is the address of the web site.
    """

    reaction: str = "heartCount"
    threshold: int = 10
    media_types: Sequence[str] = ("image",)
    layout: str = "flat"
    site_url: str = SITE_URL
    conditions: Sequence[Condition] = ()


def classify(response: SiteResponse) -> PageStatus:
    """The kind of an API response. `MISSING`: an error in the API's own words that a retry does not fix."""
    body = response.body.lstrip()
    is_json = body.startswith(b"{")
    wrong_key = response.status == 401 and urlsplit(response.url).path == KEY_PATH
    too_many_pages = response.status == 429 and _TOO_MANY_PAGES in body
    if is_json and (wrong_key or too_many_pages or response.status in (400, 404, 451)):
        return PageStatus.MISSING
    if response.status == 200 and is_json:
        return PageStatus.OK
    if response.status in (401, 403, 451) or "cf-mitigated" in response.headers or _CHALLENGE.search(body[:20_000]):
        return PageStatus.BLOCKED
    return PageStatus.UNKNOWN


def is_dead_cursor(response: SiteResponse) -> bool:
    """Whether the server refuses the given cursor; the listing then has to start again.

    The rest of the query is that of the pages before, and the words of a 400 do not always name the cursor (gallery-dl
    issue 8955).
    """
    return response.status == 400


def parse_items(response: SiteResponse) -> tuple[list[Any], Mapping[str, Any]]:
    """The items and the metadata of a page. Raises ListingIncomplete."""
    page = read_document(response)
    items = page["items"].value
    if not isinstance(items, list):
        raise ListingIncomplete("the response has no list of items")
    return items, page["metadata"].object


def next_cursor(metadata: Mapping[str, Any], base: str) -> str | None:
    """The cursor of the next page; None at the end. Raises ListingIncomplete for one that leads elsewhere."""
    cursor, next_page = metadata.get("nextCursor"), metadata.get("nextPage")
    if cursor is None and isinstance(next_page, str):
        address, _, query = next_page.partition("?")
        if address != f"{base}{IMAGES_PATH}":
            raise ListingIncomplete("the address of the next page is not that of the API")
        cursor = parse_qs(query).get("cursor", [None])[0]
        if cursor is None:
            raise ListingIncomplete("the address of the next page has no cursor")
    if cursor is None or cursor == "":
        return None
    if isinstance(cursor, bool) or not isinstance(cursor, (str, int)) or len(str(cursor)) > MAX_CURSOR_LENGTH:
        raise ListingIncomplete("the cursor of the next page is invalid")
    return strip_unstorable(str(cursor))


def select_items(items: Sequence[Any], item_filter: ItemFilter) -> ListingPage:
    """The page with the selected items as discovered images; the others are counted by reason.

    Raises ListingIncomplete for a page on which no item meets one of the conditions.
    """
    images, counts = [], Counter[str]()
    if ignored := find_ignored([item for item in items if _is_readable(item)], item_filter.conditions):
        raise ListingIncomplete(f"the server ignored {ignored}")
    for item in items:
        if reason := _skip_reason(item, item_filter):
            counts[reason] += 1
        else:
            images.append(_discovered_image(facts.unwrap_item(item), item_filter))
    ids = [ident for item in items if (ident := Json(item)["id"].id)]
    return ListingPage(images=images, entry_count=len(items), counts=counts, entry_ids=ids)


def with_cursor(page: ListingPage, cursor: str | None, earlier_items: int) -> ListingPage:
    """The page with its cursor; an end after QUERY_ITEM_LIMIT items (`earlier_items` before it) is incomplete."""
    is_limit = cursor is None and earlier_items + page.entry_count >= QUERY_ITEM_LIMIT
    incomplete = "the API lists about 50,000 items of one query: narrow it" if is_limit else ""
    return replace(page, next_cursor=cursor, incomplete=incomplete)


def limit_images(page: ListingPage, max_images: int) -> ListingPage:
    """The page with at most `max_images` images; it is the last page if it reaches that number."""
    if len(page.images) < max_images:
        return page
    counts = {**page.counts, "beyond max_images": len(page.images) - max_images}
    return replace(page, images=page.images[:max_images], counts=counts, next_cursor=None, incomplete="")


def has_no_reactions(items: Sequence[Any]) -> bool:
    """Whether no item has any reaction; the site has served such empty counts for months."""
    return bool(items) and not any(facts.count_reactions(item, kind) for item in items for kind in facts.REACTIONS)


def _skip_reason(item: Any, item_filter: ItemFilter) -> str:
    """The word under which an item is counted that is not selected; empty for one that is."""
    if not _is_readable(item):
        return "unreadable"
    if any(condition.holds(item) is False for condition in item_filter.conditions):
        return "not selected"
    return "" if facts.count_reactions(item, item_filter.reaction) > item_filter.threshold else "below the threshold"


def _is_readable(item: Any) -> bool:
    return isinstance(item, dict) and type(item.get("id")) is int and 0 < item["id"] < 2**63


def _discovered_image(item: dict[str, Any], item_filter: ItemFilter) -> DiscoveredImage:
    raw_url = Json(item)["url"].text
    url = facts.original_url(raw_url) or ""
    is_wanted = facts.media_type(item) in item_filter.media_types
    reason = "no-address" if not raw_url else "bad-url" if not url else None if is_wanted else "type-not-wanted"
    return DiscoveredImage(
        key=str(item["id"]),
        host=host_of(url) or "",
        url=url or raw_url,
        author=facts.author(item),
        reason=reason,
        path=None if reason else _output_path(item, item_filter.layout),
        page=f"{item_filter.site_url}/images/{item['id']}",
        metadata=item,
        tags=facts.tag_names(item),
        generation=facts.generation_metadata(item),
    )


def _output_path(item: dict[str, Any], layout: str) -> str:
    """The output path of a picture: its id, in a folder by user, model or day."""
    if layout == "flat":
        return str(item["id"])
    folders = {
        "user": folder_name(facts.author(item), "unknown user"),
        "model": folder_name(facts.model_name(item), "unknown model"),
        "date": facts.creation_day(item) or "unknown date",
    }
    return f"{folders[layout]}/{item['id']}"
