"""Every way in which bytes from a server or a file of a stranger's are read, each as a function of those bytes alone.

Nothing may come out of one but values, or an error that the caller expects (`EXPECTED`).
"""

import io
import json
from collections.abc import Callable, Mapping
from typing import Any

from harvester.dataset import reader
from harvester.errors import ListingIncomplete, UsageProblem
from harvester.imaging.embedded import read_generation_data
from harvester.parsing.api_responses import error_text
from harvester.parsing.responses import PageStatus, SiteResponse
from harvester.spiders.civitai import api, item, query
from harvester.spiders.imagefap import folders, photo_page
from harvester.spiders.imagefap import page_kind as imagefap
from harvester.spiders.imagefap.listing_pages import FolderListReader, FolderReader
from harvester.spiders.imagefap.urls import ImagefapUrls
from harvester.spiders.mastodon import accounts, posts, responses, webfinger
from harvester.spiders.mastodon import api as mastodon_api
from harvester.spiders.mastodon.addresses import Handle
from harvester.spiders.mastodon.numbering import PositionAllocator
from tests.farsite import civitai as good
from tests.farsite import toots
from tests.farsite.imagefap.pages import PageWriter
from tests.farsite.imagefap.signing import Signer
from tests.farsite.imagefap.world import make_world
from tests.farsite.pictures import KINDS, with_text

EXPECTED = (UsageProblem, ListingIncomplete)
_BASE = "https://site.example"


def _civitai(body: bytes) -> None:
    for status in (200, 400, 429):
        answer = SiteResponse(f"{_BASE}{api.IMAGES_PATH}", status, {}, body)
        error_text(answer)
        api.is_dead_cursor(answer)
        if api.classify(answer) is not PageStatus.OK:
            continue
        items, metadata = api.parse_items(answer)
        api.has_no_reactions(items)
        for layout in ("flat", "user", "model", "date"):
            item_filter = api.ItemFilter(reaction="reactions", threshold=-1, layout=layout)
            page = api.with_cursor(api.select_items(items, item_filter), api.next_cursor(metadata, _BASE), 0)
            for image in page.images:
                json.dumps(image.metadata)
                item.sidecar_files(image.metadata or {})


def _mastodon(body: bytes) -> None:
    for path in ("/api/v1/accounts/1/statuses", "/api/v1/accounts/lookup"):
        for status in (200, 404):
            answer = SiteResponse(f"{_BASE}{path}", status, {"link": body[:2000].decode("latin-1")}, body)
            responses.classify(answer)
            responses.find_refusal(answer)
    handle = Handle("alice", "site.example")
    accounts.parse_lookup(answer, handle, ("site.example",))
    webfinger.parse_webfinger(body, handle)
    for read in (posts.parse_page, posts.parse_single):
        page = read(body, "site.example", posts.PostFilter(boosts=True))
        json.dumps([image.metadata for image in PositionAllocator({}, {}).discovered_images(page.posts, {})])
        mastodon_api.find_next_cursor(answer.headers, page.ids, set())


def _imagefap(body: bytes) -> None:
    addresses = ImagefapUrls(_BASE)
    for url in (
        addresses.profile_url("alice"),
        addresses.folder_list_url(1, 0),
        addresses.folder_url(1, 2, 0),
        addresses.photo_url(3),
    ):
        answer = SiteResponse(url, 200, {}, body)
        imagefap.kind_of_page(answer)
        for folder_reader in (FolderListReader(addresses, 1, "lakes"), FolderReader(addresses, 1, 2)):
            try:
                folder_reader.read_page(answer, None)
            except ListingIncomplete:
                continue
    folders.parse_user(body)
    folders.parse_folder_list(body)
    folders.parse_folder_page(body)
    photo_page.parse_photo_page(body, addresses.photo_url(3))
    folders.has_unread_images(body, addresses.folder_url(1, 2, 0))
    folders.has_unread_folders(body, is_first=True)


def _data_set(body: bytes) -> None:
    listed = reader.AccountsFile({"a@x": 0})
    reader.summarise_posts(io.BytesIO(body), "posts.json", listed)
    list(reader.discover_images(io.BytesIO(body), "posts.json", listed))


def _accounts(body: bytes) -> None:
    reader.read_accounts(io.TextIOWrapper(io.BytesIO(body), encoding="utf-8-sig", newline=""), "accounts.csv")


def _ids(body: bytes) -> None:
    list(query.read_ids(io.TextIOWrapper(io.BytesIO(body), encoding="utf-8-sig"), "seen.txt"))


def _embedded(body: bytes) -> None:
    json.dumps(read_generation_data(body))


PARSERS: Mapping[str, Callable[[bytes], None]] = {
    "civitai": _civitai,
    "mastodon": _mastodon,
    "imagefap": _imagefap,
    "data-set": _data_set,
    "accounts": _accounts,
    "ids": _ids,
    "embedded": _embedded,
}
"""What is fuzzed, by name."""


def _pages() -> list[bytes]:
    site, alice = make_world(), make_world().users[1001]
    writer = PageWriter(site, _BASE, Signer(_BASE, 2_000_000_000, "2026"), False)
    html_pages = [writer.profile(alice), writer.folder_list(alice, 0), writer.folder(alice, alice.folders[501], 0)]
    return [text.encode() for text in (*html_pages, writer.photo(site.photos[305551212], in_strip=True))]


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()


def samples(name: str) -> list[bytes]:
    """Good bytes of that kind, to begin with."""
    items = [good.item(n, _BASE) for n in range(1, 4)]
    makers = {
        "civitai": lambda: [
            _json({"items": items, "metadata": {"nextCursor": "a"}}),
            _json({"error": {"message": "[]"}}),
        ],
        "mastodon": lambda: [
            *(_json(toots.statuses(who, _BASE, 80)[:3]) for who in ("alice", "carol", "gus", "wild")),
            _json(toots.account("alice", _BASE)),
            _json({"subject": "acct:a@b", "links": [{"rel": "self", "href": _BASE}]}),
        ],
        "imagefap": _pages,
        "data-set": lambda: [_json({"a@x": [{"index": 0, "image_urls": ["http://a/b.jpg"]}]})],
        "accounts": lambda: [b'id,acct\r\n0,a@x\r\n1,"b,""@x"\r\n'],
        "ids": lambda: [b"1\n22\n\n333\n"],
        "embedded": lambda: [
            with_text(_png(), "parameters", "a castle\nNegative prompt: x\nSteps: 20, Seed: 1"),
            with_text(_png(), "prompt", '{"3": {"class_type": "KSampler", "inputs": {"positive": ["3", 0]}}}'),
        ],
    }
    return makers[name]()


def _png() -> bytes:
    return KINDS["tiny.png"]()
