"""Filters that the API ignored: everybody's images are not taken for those that were asked for."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from harvester.errors import ListingIncomplete
from harvester.spider_arguments import declared_arguments
from harvester.spiders.civitai import api
from harvester.spiders.civitai.query import build_query
from harvester.spiders.civitai.spider import CivitaiSpider
from tests.conftest import Commands
from tests.dataset_files import rows
from tests.farsite.process import Farsite


@pytest.fixture
def site(farsite: Farsite, commands: Commands) -> Farsite:
    """The loopback server, which the spider takes for Civitai."""
    commands.environment["CIVITAI_BASE_URL"] = farsite.url("")
    return farsite


def _listing(commands: Commands) -> Any:
    (summary,) = json.loads(commands.scrapy("status", "--json").stdout)
    (listing,) = summary["listings"]
    return listing


@pytest.mark.parametrize(
    ("argument", "detail"),
    [
        ("username=deleted", "the server ignored username=deleted"),
        ("post_id=99", "the server ignored post_id=99"),
        ("model_version_id=99", "the server ignored model_version_id=99"),
        ("tags=98,99", "the server ignored tags=[98, 99]"),
        ("base_models=Pony,Flux.1 D", "the server ignored base_models=Pony,Flux.1 D"),
        ("period=Week", "the server ignored period=Week"),
    ],
)
def test_an_ignored_filter_ends_the_listing_as_incomplete(
    site: Farsite, commands: Commands, argument: str, detail: str
) -> None:
    """Everybody's feed in answer to a query: no image is taken, and one page is requested."""
    # mikf/gallery-dl#8299
    done = commands.harvest("civitai", argument, "min_count=-1")
    assert detail in done.stderr
    listing = _listing(commands)
    assert (listing["state"], listing["pages"], listing["detail"]) == ("incomplete", 0, detail)
    assert rows(commands.data, "SELECT count(*) FROM images") == [(0,)]
    assert sum(path["path"].startswith("/api/v1/images") for path in site.log()) == 1


def test_a_filter_that_is_ignored_later_keeps_what_was_listed(site: Farsite, commands: Commands) -> None:
    """The first page has the user's images, the second everybody's: the walk waits there for the next run."""
    commands.harvest("civitai", "username=closing", "min_count=-1")
    listing = _listing(commands)
    assert (listing["state"], listing["pages"]) == ("incomplete", 1)
    assert listing["detail"] == "the server ignored username=closing"
    assert rows(commands.data, "SELECT count(*) FROM images") == [(10,)]


@pytest.mark.parametrize(
    ("user", "detail"),
    [
        ("nothing", "HTTP 200, nothing instead of JSON"),
        ("listed", "HTTP 200, a list instead of a JSON object"),
        ("renamed", "10 items, none of which can be read: the API has changed"),
    ],
)
def test_an_answer_that_is_no_page_is_described(site: Farsite, commands: Commands, user: str, detail: str) -> None:
    """An empty body, a list, or items of another form: the reason says what came instead of a page."""
    commands.harvest("civitai", f"username={user}", options=("-s", "HARVESTER_BACKOFF=0.1"))
    listing = _listing(commands)
    assert (listing["state"], listing["detail"]) == ("incomplete", detail)


ITEM = {"id": 5, "url": "https://image.civitai.com/b/c.jpeg"}
WANTED = {
    "username": "alice", "postId": 7, "modelVersionIds": [3, 4], "baseModel": "SDXL 1.0", "nsfwLevel": "None",
    "tags": [{"id": 8, "name": "castle"}],
}  # fmt: skip


def _keys(arguments: dict[str, str], items: Sequence[dict[str, Any]]) -> list[str]:
    declared = declared_arguments(CivitaiSpider)
    given = {"min_count": "-1", **arguments}
    query = build_query({name: argument.parse(given) for name, argument in declared.items()}, api.SITE_URL)
    return [image.key for image in api.select_items(items, query.item_filter).images]


@pytest.mark.parametrize(
    ("arguments", "other", "silent"),
    [
        ({"username": "ALICE"}, {"username": None}, None),
        ({"username": "alice"}, {"username": "Malice"}, None),
        ({"post_id": "7"}, {"postId": None}, None),
        ({"ids": "1"}, {}, None),
        ({"model_version_id": "4"}, {"modelVersionIds": [5]}, {"modelVersionIds": [], "meta": None}),
        ({"base_models": "Pony,sdxl 1.0"}, {"baseModel": "SD 1.5"}, {"baseModel": ""}),
        ({"tags": "1,8"}, {"tags": [{"id": 2, "name": "tower"}]}, {"tags": []}),
        ({"nsfw": "Soft"}, {"nsfwLevel": "Mature"}, {"nsfwLevel": None}),
        ({"period": "Day"}, {"createdAt": "2020-01-01T00:00:00.000Z"}, {"createdAt": "unknown"}),
    ],
)
def test_every_item_is_checked_against_every_filter(
    arguments: dict[str, str], other: dict[str, Any], silent: dict[str, Any] | None
) -> None:
    """Other items are left out; one that does not say is taken, but not from a page where no item shows the filter."""
    # mikf/gallery-dl#8299
    wanted = {**ITEM, **WANTED, "id": 1, "createdAt": "2999-01-01T00:00:00.000Z"}
    strangers = [{**wanted, "id": number, **other} for number in (2, 3)]
    unclear = [{**wanted, "id": 4, **silent}] if silent is not None else []
    assert _keys(arguments, [wanted, *strangers, *unclear]) == ["1", *(["4"] if silent is not None else [])]
    with pytest.raises(ListingIncomplete, match="the server ignored"):
        _keys(arguments, [*strangers, *unclear])


def test_an_empty_page_ignores_nothing() -> None:
    """The API filters after counting, so pages without items are usual."""
    assert _keys({"username": "alice"}, []) == []


def test_a_query_by_model_alone_is_not_checked_by_base_model() -> None:
    """The site's database names groups of base models there, and an item does not name its model."""
    assert _keys({"model_id": "9", "base_models": "SDXL 1.0"}, [{**ITEM, "baseModel": "SDXL"}]) == ["5"]


def test_a_version_among_the_resources_counts() -> None:
    """`modelVersionIds` is often incomplete; the generation data names further versions."""
    item = {**ITEM, "modelVersionIds": [], "meta": {"civitaiResources": [{"modelVersionId": 4}]}}
    assert _keys({"model_version_id": "4"}, [item]) == ["5"]
