"""Civitai's `GET /api/v1/images`: what an answer is, what an error says, which items of a page are wanted.

Facts about the API: docs/civitai.md. Nothing here asks a server.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

from harvester.errors import Cut
from harvester.items import Page, Promise
from harvester.sites import civitai_facts as facts
from harvester.sites.civitai_media import original
from harvester.sites.naming import folder_name
from harvester.sites.pages import Answer, Verdict
from harvester.sites.strictjson import parsed
from harvester.sites.userposts import host_of
from harvester.text import storable

HOME = "https://civitai.com"
PATH = "/api/v1/images"
KEY_PATH = "/api/v1/me"
"""Says 401 for a wrong key; the images API takes a wrong key for none."""

CAP = 49_800
"""Items from which on an end is not believed: a query gives about 50,000 and then quietly no further cursor."""

LONGEST_CURSOR = 1000
_DEAD_CURSOR = re.compile(r"cursor", re.IGNORECASE)
_CHALLENGE = re.compile(rb"just a moment|cf-chl|challenge-platform|attention required", re.IGNORECASE)
_TOO_MANY_PAGES = b"too many pages"


@dataclass(frozen=True)
class Wanted:
    """Which items of a listing are taken: those with more than `least` of a reaction, of these types, asked for.

    Empty `ids`, `post` and `username` stand for everything. `site` is the address of the web site.
    """

    reaction: str = "heartCount"
    least: int = 10
    types: Sequence[str] = ("image",)
    layout: str = "flat"
    site: str = HOME
    ids: frozenset[int] = frozenset()
    post: int | None = None
    username: str | None = None


def classify(answer: Answer) -> Verdict:
    """What an answer of the API is. `MISSING`: an error in the API's own words that asking again does not mend."""
    body = answer.body.lstrip()
    is_json = body.startswith(b"{")
    wrong_key = answer.status == 401 and urlsplit(answer.url).path == KEY_PATH
    too_many_pages = answer.status == 429 and _TOO_MANY_PAGES in body
    if is_json and (wrong_key or too_many_pages or answer.status in (400, 404, 451)):
        return Verdict.MISSING
    if answer.status in (401, 403, 451) or "cf-mitigated" in answer.headers or _CHALLENGE.search(body[:20_000]):
        return Verdict.BLOCKED if not (answer.status == 200 and is_json) else Verdict.OK
    return Verdict.OK if is_json and answer.status == 200 else Verdict.UNKNOWN


def error_text(answer: Answer) -> str:
    """The status and what the body says of it, on one line."""
    try:
        said = parsed(answer.body)
    except ValueError:
        html = b"<" in answer.body[:200]
        return f"HTTP {answer.status}" + (", a web page in place of an answer" if html else "")
    said = said if isinstance(said, dict) else {}
    error = said.get("error")
    text = error if isinstance(error, str) else (error or {}).get("message") if isinstance(error, dict) else None
    text = _zod(text) if isinstance(text, str) else said.get("message")
    return f"HTTP {answer.status}: {storable(text)[:300]}" if isinstance(text, str) else f"HTTP {answer.status}"


def is_dead_cursor(answer: Answer) -> bool:
    """The server no longer knows the cursor we gave it; without it the listing begins anew."""
    return answer.status == 400 and bool(_DEAD_CURSOR.search(error_text(answer)))


def items_of(answer: Answer) -> tuple[list[Any], Mapping[str, Any]]:
    """Items and metadata of a page. Raises Cut."""
    try:
        page = parsed(answer.body)
    except ValueError as error:
        raise Cut(f"the answer is not JSON ({error})") from error
    items, metadata = page.get("items"), page.get("metadata")
    if not isinstance(items, list):
        raise Cut("the answer has no list of items")
    return items, metadata if isinstance(metadata, dict) else {}


def next_cursor(metadata: Mapping[str, Any], base: str) -> str | None:
    """The cursor of the next page; None at the end. Raises Cut for one that leads elsewhere."""
    cursor = metadata.get("nextCursor")
    if cursor is None and isinstance(metadata.get("nextPage"), str):
        start = f"{base}{PATH}?"
        if not metadata["nextPage"].startswith(start):
            raise Cut("the address of the next page is not that of the API")
        cursor = parse_qs(metadata["nextPage"].removeprefix(start)).get("cursor", [None])[0]
        if cursor is None:
            raise Cut("the address of the next page has no cursor")
    if cursor is None or cursor == "":
        return None
    if isinstance(cursor, bool) or not isinstance(cursor, (str, int)) or len(str(cursor)) > LONGEST_CURSOR:
        raise Cut("the cursor of the next page makes no sense")
    return storable(str(cursor))


def sort_out(items: Sequence[Any], wanted: Wanted) -> Page:
    """The items that are taken as promises, the others counted by why they are not."""
    promises, counts = [], Counter[str]()
    for item in items:
        if (word := _left_out(item, wanted)) is not None:
            counts[word] += 1
        else:
            promises.append(_promise(facts.unwrapped(item), wanted))
    return Page(promises=promises, items=len(items), counts=counts)


def with_next(page: Page, cursor: str | None, before: int) -> Page:
    """The page with its cursor; an end behind so many items (`before` on earlier pages) is the API's limit."""
    cut = cursor is None and before + page.items >= CAP
    return replace(page, next=cursor, cut="the API lists about 50,000 items of one query: narrow it" if cut else "")


def limited(page: Page, room: int) -> Page:
    """The page with at most `room` images on it, the last one where that many are taken."""
    if len(page.promises) < room:
        return page
    beyond = len(page.promises) - room
    counts = {**page.counts, "beyond max_images": beyond}
    return replace(page, promises=page.promises[:room], counts=counts, next=None, cut="")


def all_zero(items: Sequence[Any]) -> bool:
    """Whether no item has a single reaction: the site has served such numbers for months."""
    return bool(items) and not any(
        facts.count(item, kind) for item in items if isinstance(item, dict) for kind in facts.REACTIONS
    )


def _left_out(item: Any, wanted: Wanted) -> str | None:
    if not isinstance(item, dict) or type(item.get("id")) is not int or not 0 < item["id"] < 2**63:
        return "unreadable"
    asked = (not wanted.ids or item["id"] in wanted.ids) and wanted.post in (None, item.get("postId"))
    user = item.get("username")
    if wanted.username and isinstance(user, str) and user.lower() != wanted.username.lower():
        asked = False
    if not asked:
        return "not asked for"
    return None if facts.count(item, wanted.reaction) > wanted.least else "below the bar"


def _promise(item: dict[str, Any], wanted: Wanted) -> Promise:
    address = item.get("url") if isinstance(item.get("url"), str) else ""
    url = original(storable(str(address))) or ""
    kind = facts.media_type(item)
    reason = "bad-url" if not url else None if kind in wanted.types else "type-not-wanted"
    return Promise(
        key=str(item["id"]),
        host=host_of(url) or "",
        url=url or storable(str(address)),
        author=facts.author(item),
        reason=reason,
        path=None if reason else path(item, wanted.layout),
        page=f"{wanted.site}/images/{item['id']}",
        metadata=item,
        tags=facts.tags(item),
        generated=facts.generated(item),
    )


def path(item: Mapping[str, Any], layout: str) -> str:
    """Where a picture goes: its id, in a folder by user, model or day."""
    folders = {
        "user": lambda: folder_name(facts.author(item), "unknown user"),
        "model": lambda: folder_name(facts.model(item), "unknown model"),
        "date": lambda: facts.day(item) or "unknown date",
    }
    return str(item["id"]) if layout == "flat" else f"{folders[layout]()}/{item['id']}"


def _zod(text: str) -> str:
    """The site's checker of parameters puts its complaints as JSON into a text."""
    try:
        complaints = parsed(text)
    except ValueError:
        return text
    if not isinstance(complaints, list):
        return text
    told = [
        f"{'.'.join(str(step) for step in complaint.get('path') or [])}: {complaint.get('message')}"
        for complaint in complaints
        if isinstance(complaint, dict)
    ]
    return "; ".join(told) or text
