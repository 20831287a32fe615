"""Every way in which bytes from a server or a file of a stranger's are read, each as a function of those bytes alone.

Nothing may come out of one but values, or an error that the caller expects (`EXPECTED`).
"""

import io
import json
from collections.abc import Callable, Mapping
from typing import Any

from harvester.errors import BadInput, Cut
from harvester.imaging.embedded import generation_data
from harvester.sites import civitai, civitai_facts, idlist, userposts
from harvester.sites.imagefap import classify as imagefap
from harvester.sites.imagefap import folders, photos
from harvester.sites.imagefap.addresses import Addresses
from harvester.sites.imagefap.reading import FolderList, FolderPages
from harvester.sites.mastodon import accounts, answers, paging, posts, webfinger
from harvester.sites.mastodon.addresses import Handle
from harvester.sites.mastodon.numbers import Numbers
from harvester.sites.pages import Answer, Verdict
from tests.farsite import civitai as good
from tests.farsite import toots
from tests.farsite.civitaifiles import with_text
from tests.farsite.imagefap.pages import Writer
from tests.farsite.imagefap.signing import Signer
from tests.farsite.imagefap.world import world

EXPECTED = (BadInput, Cut)
_BASE = "https://site.example"


def _civitai(body: bytes) -> None:
    for status in (200, 400, 429):
        answer = Answer(f"{_BASE}{civitai.PATH}", status, {}, body)
        civitai.error_text(answer)
        civitai.is_dead_cursor(answer)
        if civitai.classify(answer) is not Verdict.OK:
            continue
        items, metadata = civitai.items_of(answer)
        civitai.all_zero(items)
        for layout in ("flat", "user", "model", "date"):
            wanted = civitai.Wanted(reaction="reactions", least=-1, layout=layout)
            page = civitai.with_next(civitai.sort_out(items, wanted), civitai.next_cursor(metadata, _BASE), 0)
            for promise in page.promises:
                json.dumps(promise.metadata)
                civitai_facts.sidecars(promise.metadata or {})


def _mastodon(body: bytes) -> None:
    for path in ("/api/v1/accounts/1/statuses", "/api/v1/accounts/lookup"):
        for status in (200, 404):
            answer = Answer(f"{_BASE}{path}", status, {"link": body[:2000].decode("latin-1")}, body)
            answers.classify(answer)
            answers.refusal(answer)
    handle = Handle("alice", "site.example")
    accounts.looked_up(answer, handle, ("site.example",))
    webfinger.home(body, handle)
    for read in (posts.page, posts.single):
        page = read(body, "site.example", posts.Wanted(boosts=True))
        json.dumps([promise.metadata for promise in Numbers({}, {}).promises(page.posts, {})])
        paging.older(answer.headers, page.ids, set())


def _imagefap(body: bytes) -> None:
    addresses = Addresses(_BASE)
    for url in (addresses.profile("alice"), addresses.folders(1, 0), addresses.folder(1, 2, 0), addresses.photo(3)):
        answer = Answer(url, 200, {}, body)
        imagefap.kind_of(answer)
        for reading in (FolderList(addresses, 1, "lakes"), FolderPages(addresses, 1, 2)):
            try:
                reading.read(answer, None)
            except Cut:
                continue
    folders.user(body)
    folders.folder_list(body)
    folders.folder_page(body)
    photos.photo_page(body, addresses.photo(3)).absence(3)


def _data_set(body: bytes) -> None:
    listed = userposts.Accounts({"a@x": 0})
    userposts.survey(io.BytesIO(body), "posts.json", listed)
    list(userposts.promises(io.BytesIO(body), "posts.json", listed))


def _accounts(body: bytes) -> None:
    userposts.read_accounts(io.TextIOWrapper(io.BytesIO(body), encoding="utf-8-sig", newline=""), "accounts.csv")


def _ids(body: bytes) -> None:
    list(idlist.ids(io.TextIOWrapper(io.BytesIO(body), encoding="utf-8-sig"), "seen.txt"))


def _embedded(body: bytes) -> None:
    json.dumps(generation_data(body))


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
    made, alice = world(), world().users[1001]
    writer = Writer(made, _BASE, Signer(_BASE, 2_000_000_000, "2026"), False)
    shown = [writer.profile(alice), writer.folder_list(alice, 0), writer.folder(alice, alice.folders[501], 0)]
    return [text.encode() for text in (*shown, writer.photo(made.photos[305551212], listed=True))]


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()


def samples(name: str) -> list[bytes]:
    """Good bytes of that kind, to begin with."""
    ten = [good.item(n, _BASE) for n in range(1, 4)]
    known = {
        "civitai": lambda: [
            _json({"items": ten, "metadata": {"nextCursor": "a"}}),
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
    return known[name]()


def _png() -> bytes:
    from tests.farsite.pictures import KINDS

    return KINDS["tiny.png"]()
