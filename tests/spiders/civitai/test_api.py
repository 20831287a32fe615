"""Reading Civitai's answers: pure functions from bytes to images, page states and sentences."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvester.errors import ListingIncomplete
from harvester.items import ListingPage
from harvester.parsing.api_responses import error_text
from harvester.parsing.json_values import dump_json, parse_json
from harvester.parsing.responses import PageStatus, SiteResponse
from harvester.spider_arguments import declared_arguments
from harvester.spiders.civitai import api
from harvester.spiders.civitai import item as facts
from harvester.spiders.civitai.item import FULL_VIDEO, original_url, uuid_of
from harvester.spiders.civitai.query import Query, build_query
from harvester.spiders.civitai.spider import CivitaiSpider

UUID = "cc5caabb-e05f-4976-ff3c-7058598c4e00"
FILE = f"https://image.civitai.com/bucket/{UUID}"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
KEYS = ("meta", "stats", "tags", "username", "type", "createdAt", "baseModel", "modelVersionIds", "postId")
GOOD = {"id": st.integers(1, 2**62), "url": st.just(f"{FILE}/width=450/x.jpeg")}
ITEMS = st.fixed_dictionaries(GOOD, optional=dict.fromkeys(KEYS, JSON)) | JSON


def parse_query(arguments: dict[str, str], base: str) -> Query:
    """The query that arguments as on the command line make."""
    declared = declared_arguments(CivitaiSpider)
    return build_query({name: argument.parse(arguments) for name, argument in declared.items()}, base)


def _answer(status: int, body: Any, path: str = api.IMAGES_PATH, **headers: str) -> SiteResponse:
    data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    return SiteResponse(f"https://civitai.com{path}", status, headers, data)


@pytest.mark.parametrize(
    ("answer", "page_status"),
    [
        (_answer(200, {"items": [], "metadata": {}}), PageStatus.OK),
        (_answer(200, {"items": [{"meta": {"prompt": "just a moment"}}]}), PageStatus.OK),
        (_answer(200, "<html>maintenance</html>"), PageStatus.UNKNOWN),
        (_answer(200, "<html><title>Just a moment...</title>"), PageStatus.BLOCKED),
        (_answer(200, ""), PageStatus.UNKNOWN),
        (
            _answer(400, {"message": "This cursor can no longer be continued; start again without it"}),
            PageStatus.MISSING,
        ),
        (_answer(404, {"error": "User not found", "code": "NOT_FOUND"}), PageStatus.MISSING),
        (_answer(404, "<html>"), PageStatus.UNKNOWN),
        (_answer(401, {"error": "Unauthorized"}, api.KEY_PATH), PageStatus.MISSING),
        (_answer(401, "error code: 1020"), PageStatus.BLOCKED),
        (_answer(403, "<html>"), PageStatus.BLOCKED),
        (_answer(451, {"error": "Access …", "code": "REGION_BLOCKED"}), PageStatus.MISSING),
        (_answer(451, "<html>"), PageStatus.BLOCKED),
        (_answer(429, {"error": "You've requested too many pages, please use cursors instead"}), PageStatus.MISSING),
        (_answer(429, "slow down"), PageStatus.UNKNOWN),
        (_answer(503, {"error": "Server busy, please retry shortly."}), PageStatus.UNKNOWN),
        (_answer(503, "challenge", **{"cf-mitigated": "challenge"}), PageStatus.BLOCKED),
        (_answer(502, "<html>Bad gateway</html>"), PageStatus.UNKNOWN),
    ],
)
def test_every_response_is_classified(answer: SiteResponse, page_status: PageStatus) -> None:
    """Only a JSON object with 200 may be parsed; only JSON errors of the API mean that something is not there."""
    assert api.classify(answer) is page_status


@given(status=st.integers(100, 599), body=st.binary(max_size=200), kind=st.text(max_size=20))
def test_classifying_and_error_texts_never_raise(status: int, body: bytes, kind: str) -> None:
    """Whatever a server sends."""
    answer = SiteResponse("https://civitai.com/api/v1/images", status, {"content-type": kind}, body)
    assert api.classify(answer) in PageStatus
    assert error_text(answer).startswith(f"HTTP {status}")


@given(items=st.lists(ITEMS, max_size=5), layout=st.sampled_from(["flat", "user", "model", "date"]))
def test_any_page_is_filtered(items: list[Any], layout: str) -> None:
    """Every item is expected or skipped and counted; all can be written as JSON, and paths stay in the folder."""
    answer = _answer(200, {"items": items, "metadata": {}})
    parsed_items, _ = api.parse_items(answer)
    page = api.select_items(parsed_items, api.ItemFilter(threshold=-1, layout=layout, media_types=("image", "video")))
    assert len(page.images) + sum(page.counts.values()) == page.entry_count == len(items)
    for image in page.images:
        assert image.metadata is not None
        assert all(json.loads(data) for ext, data in facts.sidecar_files(image.metadata).items() if ext == "json")
        if image.path:
            *folders, name = image.path.split("/")
            assert name.isdigit()
            assert all(folder.strip(". ") == folder and folder and len(folder) <= 81 for folder in folders)
            assert len(folders) <= 1


@given(value=JSON)
def test_untrusted_json_can_be_written_again(value: Any) -> None:
    """NaN and infinities become null, halves of characters survive; reading what was written gives the same."""
    read = parse_json(json.dumps(value))
    assert parse_json(dump_json(read)) == read
    json.dumps(read, allow_nan=False)


@pytest.mark.parametrize("body", ["", "[1", '{"items": 5}', "{}", "[" * 100_000])
def test_invalid_pages_make_the_listing_incomplete(body: str) -> None:
    """Broken, without items, nested without end."""
    with pytest.raises(ListingIncomplete):
        api.parse_items(_answer(200, body if body != "[1" else "{"))


@pytest.mark.parametrize(
    ("metadata", "cursor"),
    [
        ({}, None),
        ({"nextCursor": None}, None),
        ({"nextCursor": "feed:1744925337225:9173928"}, "feed:1744925337225:9173928"),
        ({"nextCursor": 101}, "101"),
        ({"nextPage": "https://civitai.com/api/v1/images?cursor=100%7C5&token=secret"}, "100|5"),
    ],
)
def test_only_the_cursor_is_used(metadata: dict[str, Any], cursor: str | None) -> None:
    """It goes into our own query; nothing else of the server's address is used."""
    assert api.next_cursor(metadata, "https://civitai.com") == cursor


@pytest.mark.parametrize(
    "metadata",
    [
        {"nextPage": "https://elsewhere.example/api/v1/images?cursor=5"},
        {"nextPage": "http://civitai.com/api/v1/images?cursor=5"},
        {"nextPage": "https://civitai.com/api/v1/models?cursor=5"},
        {"nextPage": "https://civitai.com/api/v1/images?page=2"},
        {"nextPage": "https://[civitai.com/api/v1/images?cursor=5"},
        {"nextCursor": ["x"]},
        {"nextCursor": "x" * 5000},
    ],
)
def test_a_foreign_cursor_makes_the_listing_incomplete(metadata: dict[str, Any]) -> None:
    """Another host, scheme or path, page numbers, nonsense."""
    with pytest.raises(ListingIncomplete):
        api.next_cursor(metadata, "https://civitai.com")


def test_the_limit_of_the_api_is_no_end() -> None:
    """An end behind about 50,000 items is incomplete, an earlier one is an end."""
    assert api.with_cursor(ListingPage(entry_count=200), None, 49_800).incomplete
    assert not api.with_cursor(ListingPage(entry_count=200), None, 40_000).incomplete
    assert not api.with_cursor(ListingPage(entry_count=200), "on", 49_800).incomplete


@pytest.mark.parametrize(
    ("stats", "is_kept"),
    [
        ({"heartCount": 10}, False),
        ({"heartCount": 11}, True),
        ({"heartCount": "99"}, False),
        ({}, False),
        (None, False),
    ],
)
def test_the_minimum_is_exclusive(stats: Any, is_kept: bool) -> None:
    """More than ten hearts, as the seed has it; what is missing is 0."""
    page = api.select_items([{"id": 1, "url": f"{FILE}/width=450/x.jpeg", "stats": stats}], api.ItemFilter())
    assert bool(page.images) is is_kept
    assert page.counts.get("below the threshold", 0) == int(not is_kept)


def test_reactions_are_all_but_comments() -> None:
    """`reactions` sums up five counts."""
    item = {"stats": dict.fromkeys(facts.REACTIONS, 2)}
    assert facts.count_reactions(item, facts.ALL_REACTIONS) == 10
    assert facts.count_reactions(item, "commentCount") == 2


@pytest.mark.parametrize(
    "parameters", ["width=450", "width=832", "anim=false,width=450", "transcode=true,original=true"]
)
def test_the_original_is_requested(parameters: str) -> None:
    """Whatever rendition the item names."""
    assert original_url(f"{FILE}/{parameters}/{UUID}.jpeg") == f"{FILE}/original=true/{UUID}.jpeg"


def test_addresses_of_files() -> None:
    """The old host, a missing parameter, the form for videos, the identity, and what is no address."""
    old = f"https://imagecache.civitai.com/bucket/{UUID}/width=1024/{UUID}.jpeg"
    assert original_url(old) == f"{FILE}/original=true/{UUID}.jpeg"
    assert original_url(f"{FILE}/a.png") == f"{FILE}/original=true/a.png"
    assert original_url(f"{FILE}/original=true/a.mp4", FULL_VIDEO) == f"{FILE}/original=true,quality=100/a.mp4"
    assert uuid_of(old.upper()) == UUID
    assert original_url("ftp://image.civitai.com/x") is None
    assert original_url("https://[::1/x") is None


def test_meta_is_unwrapped_once() -> None:
    """{"id", "meta"} is unwrapped; a generator's own `meta` key is not; null stays null."""
    assert facts.unwrap_item({"meta": {"id": 5, "meta": {"prompt": "x"}}})["meta"] == {"prompt": "x"}
    assert facts.unwrap_item({"meta": {"id": 5, "meta": None}})["meta"] is None
    assert facts.unwrap_item({"meta": {"meta": 1, "prompt": "x"}})["meta"] == {"meta": 1, "prompt": "x"}


@pytest.mark.parametrize(
    ("item", "model"),
    [
        ({"meta": {"Model": "castles"}}, "castles"),
        ({"meta": {"Model": {"meina_belly_7": "3mix"}}}, "meina_belly_7:3mix"),
        ({"meta": {"resources": [{"type": "lora"}, {"type": "model", "name": "mist"}]}}, "mist"),
        (
            {"meta": {"civitaiResources": [{"type": "checkpoint", "modelVersionId": 5, "modelVersionName": "Dev"}]}},
            "Dev",
        ),
        ({"meta": {"civitaiResources": [{"type": "checkpoint", "modelVersionId": 5}]}}, "version 5"),
        ({"meta": None, "modelVersionIds": [7, 8]}, "version 7"),
        ({"meta": {"Model": 5}}, None),
    ],
)
def test_the_model_is_found_where_it_is_stated(item: dict[str, Any], model: str | None) -> None:
    """An item has no field for it."""
    assert facts.model_name(item) == model


def test_a_listing_has_one_name() -> None:
    """The same arguments give the same text, other ones or another server another; thousands of ids stay short."""
    base = "https://civitai.com"
    assert parse_query({}, base).text == parse_query({"sort": "Most Reactions", "min_count": "10"}, base).text
    other = [{"min_count": "5"}, {"nsfw": "X"}, {"type": "all"}, {"max_images": "5"}, {"username": "a"}, {"ids": "5"}]
    assert len({parse_query(arguments, base).text for arguments in [{}, *other]}) == 7
    assert parse_query({}, "https://civitai.red").text != parse_query({}, base).text
    many = [parse_query({"ids": ",".join(map(str, range(1, number)))}, base).text for number in (3000, 3001)]
    assert many[0] != many[1]
    assert max(map(len, many)) <= 600


def test_ids_are_requested_a_hundred_at_a_time() -> None:
    """Our own cursor counts them."""
    id_query = parse_query({"ids": ",".join(map(str, range(1, 251)))}, "https://civitai.com")
    assert id_query.url("200").endswith("ids=" + "%2C".join(map(str, range(201, 251))))
