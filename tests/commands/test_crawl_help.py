"""`scrapy crawl --help`: the arguments of a spider are shown where its name is given."""

from pathlib import Path

import pytest

from harvester.spider_arguments import declared_arguments
from harvester.spiders.civitai.spider import CivitaiSpider
from harvester.spiders.imagefap.spider import ImagefapSpider
from harvester.spiders.mastodon.spider import MastodonSpider
from tests.conftest import Commands

OTHER_SPIDERS = '''
from scrapy import Spider
from harvester.spider_arguments import Argument

class Plain(Spider):
    """Of somebody who knows nothing of `Argument`."""
    name = "plain"
    modes = "fast"

class Terse(Spider):
    name = "terse"
    tags = Argument("100 % of what to search for", required=True)
    order = Argument("order of the posts", default="new", choices=("new", "old"))
'''


def _help(commands: Commands, *words: str) -> str:
    done = commands.scrapy("crawl", *words)
    assert (done.returncode, done.stderr) == (0, "")
    assert not commands.data.exists()
    return " ".join(done.stdout.split())


@pytest.fixture
def others(commands: Commands, tmp_path: Path) -> tuple[str, ...]:
    """Options that add the spiders of somebody else to the project."""
    (tmp_path / "others.py").write_text(OTHER_SPIDERS, encoding="utf-8")
    commands.environment["PYTHONPATH"] = str(tmp_path)
    return "-s", "SPIDER_MODULES=others"


@pytest.mark.parametrize("spider", [MastodonSpider, CivitaiSpider, ImagefapSpider], ids=lambda spider: spider.name)
def test_help_on_a_spider_lists_its_arguments(commands: Commands, spider: type) -> None:
    """Each with its description, its choices and its default, behind the options of Scrapy's."""
    text = _help(commands, spider.name, "--help")
    assert "Global Options" in text
    shown = text.partition(f"{spider.name.title()} Arguments")[2]
    declared = declared_arguments(spider)
    for name, argument in declared.items():
        own = shown.partition(f"-a {name}=VALUE ")[2].partition(" -a ")[0]
        assert own.startswith(argument.description.replace("`", ""))
        assert [choice for choice in argument.choices if choice not in own] == []
        assert argument.default is None or (argument.default in own and "default" in own), own
    assert shown.count("=VALUE ") == len(declared)


def test_help_says_what_a_short_description_leaves_out(commands: Commands, others: tuple[str, ...]) -> None:
    """Whether it is required, the choices, the default."""
    text = _help(commands, "terse", *others, "-h")
    assert "-a tags=VALUE 100 % of what to search for (required)" in text
    assert "-a order=VALUE order of the posts; one of new, old; new by default" in text


def test_help_on_a_spider_without_declarations(commands: Commands, others: tuple[str, ...]) -> None:
    """Any spider of Scrapy's has help."""
    assert _help(commands, "plain", *others, "--help").endswith("This spider has no arguments.")


def test_help_without_a_spider_says_how_to_see_them(commands: Commands) -> None:
    """And lists no argument."""
    text = _help(commands, "--help")
    assert text.endswith("scrapy crawl SPIDER --help. The names of the spiders: scrapy list.")
    assert "=VALUE " not in text.replace("NAME=VALUE", "")


def test_help_on_an_unknown_spider_names_the_nearest(commands: Commands) -> None:
    """As when it is to be run."""
    done = commands.scrapy("crawl", "mastodn", "--help")
    assert done.returncode == 2
    assert "there is no spider mastodn. Did you mean mastodon?" in done.stderr
