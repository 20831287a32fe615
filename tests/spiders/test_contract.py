"""One contract for every spider, and for the one that docs/add-a-site.md builds."""

import importlib.util
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scrapy.crawler import Crawler
from scrapy.utils.test import get_crawler

from harvester.catalogue.listings import Listing
from harvester.crawl.spider import HarvestSpider
from harvester.errors import ListingIncomplete, UsageProblem
from harvester.parsing.responses import PageStatus, SiteResponse
from harvester.spider_arguments import declared_arguments
from harvester.spiders.base import JsonApiSpider
from harvester.spiders.civitai.spider import CivitaiSpider
from harvester.spiders.imagefap.spider import ImagefapSpider
from harvester.spiders.mastodon.dataset_spider import DatasetSpider
from harvester.spiders.mastodon.timeline_spider import TimelineSpider
from harvester.text import count_noun
from tests.conftest import ROOT, Commands
from tests.dataset_files import rows
from tests.farsite.process import Farsite

FIXTURES = Path(__file__).parent / "fixtures"
RECORDED_SITES = sorted(folder.name for folder in FIXTURES.iterdir())
PAGE = (ROOT / "docs/add-a-site.md").read_text(encoding="utf-8")
CODE = max(re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL), key=len)


def _filled(template: str) -> str:
    return template.replace("$name", "example").replace("$classname", "ExampleSpider").replace("$domain", "x.example")


TEMPLATE = _filled((ROOT / "harvester/templates/spiders/json_api.tmpl").read_text(encoding="utf-8"))


def _load(code: str, name: str, folder: Path) -> type[JsonApiSpider]:
    (folder / f"{name}.py").write_text(code, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(name, folder / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return next(cls for cls in vars(module).values() if isinstance(cls, type) and getattr(cls, "name", None) == name)


@pytest.fixture(scope="module")
def danbooru(tmp_path_factory: pytest.TempPathFactory) -> type[JsonApiSpider]:
    """The spider that docs/add-a-site.md builds."""
    return _load(CODE, "danbooru", tmp_path_factory.mktemp("danbooru"))


SITES: dict[str, tuple[type[HarvestSpider] | None, dict[str, str]]] = {
    "civitai": (CivitaiSpider, {}),
    "imagefap": (ImagefapSpider, {"user": "alice"}),
    "mastodon (API)": (TimelineSpider, {"acct": "alice@social.example"}),
    "mastodon (data set)": (DatasetSpider, {}),
    "danbooru": (None, {"tags": "lake", "page_size": "3"}),
}


@pytest.fixture(params=list(SITES))
def site(request: pytest.FixtureRequest, danbooru: type[JsonApiSpider]) -> tuple[type[HarvestSpider], dict[str, str]]:
    """Every spider class, with the arguments it cannot do without."""
    spider, arguments = SITES[request.param]
    return spider or danbooru, arguments


@pytest.fixture(params=RECORDED_SITES)
def recorded(request: pytest.FixtureRequest, danbooru: type[JsonApiSpider]) -> tuple[Any, dict[str, str]]:
    """Every spider with a fixture folder, with the arguments that its requests need."""
    assert request.param in SITES, f"fixtures/{request.param} has no entry in SITES of {Path(__file__).name}"
    spider, arguments = SITES[request.param]
    return spider or danbooru, arguments


def _crawler(spider: type[HarvestSpider], data: Path, **more: str) -> Crawler:
    from harvester import settings as ours

    values = {name: value for name, value in vars(ours).items() if name.isupper()}
    return get_crawler(spider, {**values, "ADDONS": {}, "EXTENSIONS": {}, "HARVESTER_DATA_DIR": str(data), **more})


def test_an_unknown_argument_is_refused(site: tuple[type[HarvestSpider], dict[str, str]], tmp_path: Path) -> None:
    """One sentence names it and its nearest neighbour, before anything is opened."""
    spider, arguments = site
    with pytest.raises(UsageProblem, match=r"-a retri=: the .* spider has no such argument. Did you mean retry\?"):
        spider.from_crawler(_crawler(spider, tmp_path), **arguments, retri="all")
    assert list(tmp_path.iterdir()) == []


def test_every_argument_says_what_it_is(site: tuple[type[HarvestSpider], dict[str, str]]) -> None:
    """Each has a description; a default is one of the choices and can be converted."""
    for name, argument in declared_arguments(site[0]).items():
        assert argument.description, name
        if argument.default is not None:
            argument.parse({})


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=300) | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(
    lambda value: json.dumps(value).encode()), status=st.sampled_from([200, 302, 403, 404, 429, 500]))  # fmt: skip
def test_classification_never_raises(
    site: tuple[type[HarvestSpider], dict[str, str]], tmp_path_factory: pytest.TempPathFactory, body: bytes, status: int
) -> None:
    """Whatever a server sends is one of the statuses, or nothing where a spider asks for no pages."""
    spider = site[0]()
    page_status = spider.classify(SiteResponse("https://site.example/x", status, {}, body))
    assert page_status is None if site[0] is DatasetSpider else page_status in PageStatus


def _pages(name: str) -> Iterator[tuple[str, bytes, dict[str, Any]]]:
    for folder in sorted((FIXTURES / name).iterdir()):
        request = (folder / "request.txt").read_text(encoding="utf-8").strip()
        expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
        yield request, (folder / "response.json").read_bytes(), expected


def _listing(cursor: str | None) -> Listing:
    return Listing(1, "posts", cursor, None, 0, 0, {}, "open", "")


def test_pages_give_the_images_and_the_cursor_of_their_fixtures(
    recorded: tuple[Any, dict[str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Requests, keys, counts and cursors are those of the fixture folder; the listing ends where a page has none."""
    spider_class, arguments = recorded
    monkeypatch.delenv(f"{spider_class.name.upper()}_BASE_URL", raising=False)
    spider = spider_class.from_crawler(_crawler(spider_class, tmp_path), **arguments)
    cursor: str | None = None
    for request, body, expected in _pages(spider_class.name):
        url = spider.page_request(_listing(cursor)).url
        assert url == f"{spider.base_url}{request}"
        page = spider.parse_page(SiteResponse(url, 200, {}, body), _listing(cursor))
        assert [image.key for image in page.images] == expected["images"]
        assert (page.next_cursor, page.counts) == (expected["next"], expected["counts"])
        cursor = page.next_cursor
    assert cursor is None


def _member_names(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from value
    if isinstance(value, dict | list):
        for member in value.values() if isinstance(value, dict) else value:
            yield from _member_names(member)


MEMBER_NAMES = sorted({name for site in RECORDED_SITES for _, body, _ in _pages(site) for name in
                       _member_names(json.loads(body))})  # fmt: skip

_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(MEMBER_NAMES), inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=_values, status=st.sampled_from([200, 404, 500]))
def test_hostile_pages_raise_nothing_unexpected(
    recorded: tuple[Any, dict[str, str]], tmp_path_factory: pytest.TempPathFactory, value: Any, status: int
) -> None:
    """A page is read, or the listing is incomplete with a reason; every image has a key and a reason or an address."""
    spider_class, arguments = recorded
    spider = spider_class.from_crawler(_crawler(spider_class, tmp_path_factory.getbasetemp()), **arguments)
    response = SiteResponse(f"{spider_class.base_url}/x", status, {}, json.dumps(value).encode())
    try:
        page = spider.parse_page(response, _listing(None))
    except ListingIncomplete as error:
        assert error.detail
        return
    assert all(image.key and (image.url or image.reason) for image in page.images)


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ('{"success": false, "reason": "too many tags"}', "the page has no list: too many tags"),
        ("{}", "the page has no list"),
        ('[{"file_url": "http://x.example/1.jpg"}]', "a full page on which no item has an id"),
    ],
)
def test_a_page_without_its_list_is_no_end(
    danbooru: type[JsonApiSpider], tmp_path: Path, body: str, detail: str
) -> None:
    """What cannot be read as a page makes the listing incomplete; it never ends as if there were no more images."""
    spider = danbooru.from_crawler(_crawler(danbooru, tmp_path), tags="lake", page_size="1")
    with pytest.raises(ListingIncomplete, match=re.escape(detail)):
        spider.parse_page(SiteResponse("https://danbooru.donmai.us/posts.json", 200, {}, body.encode()), _listing(None))


def test_a_full_page_continues_from_its_last_readable_item(danbooru: type[JsonApiSpider], tmp_path: Path) -> None:
    """An item without an id at its end does not hide the pages below."""
    spider = danbooru.from_crawler(_crawler(danbooru, tmp_path), tags="lake", page_size="2")
    response = SiteResponse("https://danbooru.donmai.us/posts.json", 200, {}, b'[{"id": 7}, {"name": "odd"}]')
    page = spider.parse_page(response, _listing(None))
    assert (page.next_cursor, page.counts) == ("7", {"unreadable": 1})


def test_a_reason_of_the_site_keeps_an_image_from_being_fetched(danbooru: type[JsonApiSpider]) -> None:
    """A deleted post is listed with its reason, whatever address it has."""
    image = danbooru().discovered("5", "http://x.example/5.jpg", reason="gone")
    assert image is not None
    assert (image.key, image.reason, image.path) == ("5", "gone", "5")


@pytest.mark.parametrize(("given", "missing"), [("LOGIN", "API_KEY"), ("API_KEY", "LOGIN")])
def test_half_a_login_is_refused(danbooru: type[JsonApiSpider], tmp_path: Path, given: str, missing: str) -> None:
    """A login without its key would crawl as a stranger, and say nothing of it."""
    crawler = _crawler(danbooru, tmp_path, **{f"DANBOORU_{given}": "something-long"})
    with pytest.raises(UsageProblem, match=f"DANBOORU_{given} is set, but DANBOORU_{missing} is not"):
        danbooru.from_crawler(crawler, tags="lake")


def test_a_refused_key_is_no_block(danbooru: type[JsonApiSpider], tmp_path: Path) -> None:
    """Waiting mends nothing: the listing is incomplete, and the sentence names the setting."""
    response = SiteResponse("https://danbooru.donmai.us/posts.json", 401, {}, b'{"message": "Invalid API key"}')
    spider = danbooru.from_crawler(_crawler(danbooru, tmp_path), tags="lake")
    assert spider.classify(response) is PageStatus.UNKNOWN
    assert spider.error_text(response) == "HTTP 401: Invalid API key; the site wants a key: set DANBOORU_API_KEY"


def test_an_error_names_another_server_and_hides_the_key(danbooru: type[JsonApiSpider], tmp_path: Path) -> None:
    """The API's own words on one line; the key is taken out of them, however the server has written it."""
    crawler = _crawler(danbooru, tmp_path, DANBOORU_LOGIN="ann", DANBOORU_API_KEY="key-0123456789")
    spider = danbooru.from_crawler(crawler, tags="lake")
    body = b'{"message": "no \\u006bey-0123456789\\nhere"}'
    response = SiteResponse("https://danbooru.donmai.us/posts.json", 403, {}, body)
    assert spider.error_text(response) == r"HTTP 403: no …\nhere"
    moved = SiteResponse("https://login.example/", 503, {}, b"")
    assert spider.error_text(moved) == "HTTP 503, nothing instead of JSON (from https://login.example)"


def test_an_empty_setting_hides_the_environment(
    danbooru: type[JsonApiSpider], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Empty settings crawl without the login and key that the environment has."""
    monkeypatch.setenv("DANBOORU_LOGIN", "ann")
    monkeypatch.setenv("DANBOORU_API_KEY", "key-0123456789")
    assert danbooru.from_crawler(_crawler(danbooru, tmp_path), tags="lake").credentials
    without = _crawler(danbooru, tmp_path, DANBOORU_LOGIN="", DANBOORU_API_KEY="")
    assert not danbooru.from_crawler(without, tags="lake").credentials


def test_the_spider_of_the_page_is_short(danbooru: type[JsonApiSpider]) -> None:
    """docs/add-a-site.md builds the spider of a real site in one file of at most 100 lines."""
    assert danbooru.base_url == "https://danbooru.donmai.us"
    assert CODE.count("\n") <= 100


def test_every_recorded_site_is_crawled_whole(
    recorded: tuple[Any, dict[str, str]], farsite: Farsite, commands: Commands, tmp_path: Path
) -> None:
    """The replayed pages lead to every image of the fixtures: done, or failed because it has no address."""
    spider_class, arguments = recorded
    name = spider_class.name
    options = _publish_page_spider(commands, tmp_path) if name == "danbooru" else ()
    commands.environment[f"{name.upper()}_BASE_URL"] = farsite.url(f"/replay/{name}")
    done = commands.harvest(name, *(f"{key}={value}" for key, value in arguments.items()), options=options)
    pages = list(_pages(name))
    assert f"ended after {count_noun(len(pages), 'page')}" in done.stderr
    outcomes = dict(rows(commands.data, "SELECT key, CASE reason WHEN '' THEN status ELSE reason END FROM images"))
    assert sorted(outcomes) == sorted(key for _, _, expected in pages for key in expected["images"])
    assert set(outcomes.values()) == {"done", "no-address"}


def test_the_spider_of_the_page_makes_folders(farsite: Farsite, commands: Commands, tmp_path: Path) -> None:
    """`layout=artist` puts each picture into the folder of its artist."""
    options = _publish_page_spider(commands, tmp_path)
    commands.environment["DANBOORU_BASE_URL"] = farsite.url("/replay/danbooru")
    commands.harvest("danbooru", "tags=lake", "page_size=3", "layout=artist", options=options)
    folder = commands.data / "images/danbooru"
    files = {str(path.relative_to(folder)) for path in folder.rglob("*.jpg")}
    assert files == {"ann/100.jpg", "bo/102.jpg", "ann/103.jpg"}


def _publish_page_spider(commands: Commands, folder: Path) -> tuple[str, ...]:
    (folder / "danbooru.py").write_text(CODE, encoding="utf-8")
    commands.environment["PYTHONPATH"] = os.pathsep.join((str(folder), str(ROOT)))
    return ("-s", "SPIDER_MODULES=danbooru")


@pytest.mark.parametrize("code", [CODE, TEMPLATE], ids=["page", "template"])
def test_the_code_of_the_page_passes_the_linter(code: str) -> None:
    """Neither docs/add-a-site.md nor the template of genspider begins with complaints."""
    ruff = [sys.executable, "-m", "ruff", "check", "--stdin-filename", "harvester/spiders/example.py", "-"]
    done = subprocess.run(ruff, cwd=ROOT, input=code, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_code_of_the_page_passes_the_type_checker(tmp_path: Path) -> None:
    """The annotations of docs/add-a-site.md agree with the base class."""
    (tmp_path / "danbooru.py").write_text(CODE, encoding="utf-8")
    mypy = [sys.executable, "-m", "mypy", "--config-file", str(ROOT / "pyproject.toml"), str(tmp_path / "danbooru.py")]
    done = subprocess.run(mypy, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_genspider_makes_a_spider_that_can_be_loaded(commands: Commands, tmp_path: Path) -> None:
    """The template of `scrapy genspider -t json_api` is a spider with the arguments of all spiders and its own."""
    done = commands.scrapy("genspider", "-d", "json_api")
    assert done.returncode == 0, done.stderr
    spider = _load(_filled(done.stdout), "example", tmp_path)
    assert list(declared_arguments(spider)) == ["query", "output", "format", "retry"]
