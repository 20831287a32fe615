"""Documentation that lists things lists what there is."""

import ast
import re
import tomllib
from dataclasses import fields
from importlib import import_module
from operator import itemgetter
from pathlib import Path

import pytest
from scrapy.settings import Settings
from scrapy.spiderloader import SpiderLoader
from scrapy.utils.misc import load_object

from harvester.catalogue.schema import metadata
from harvester.crawl.listing_spider import ListingSpider
from harvester.items import ImageItem
from harvester.maintenance.findings import KINDS
from harvester.reasons import REASONS
from harvester.settings import SPIDER_MODULES
from harvester.spider_arguments import declared_arguments
from harvester.spiders.mastodon.opt_out import OPT_OUTS
from harvester.spiders.mastodon.responses import REFUSAL_MEANINGS
from harvester.version import VERSION

ROOT = Path(__file__).parent.parent
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")])
INTERNAL_SETTINGS = {"BOT_NAME", "TEMPLATES_DIR", "SPIDER_MODULES", "NEWSPIDER_MODULE", "COMMANDS_MODULE", "ADDONS",
          "DOWNLOADER_MIDDLEWARES", "DOWNLOADER", "SCHEDULER_PRIORITY_QUEUE", "ITEM_PIPELINES", "EXTENSIONS",
          "SPIDER_MIDDLEWARES", "CONCURRENT_ITEMS"}  # fmt: skip


def _table_rows(page: str, heading: str = "") -> list[list[str]]:
    """The rows of a page's tables, or of the one behind a heading; header rows left out."""
    text = (ROOT / page).read_text(encoding="utf-8")
    if heading:
        text = text.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = [line.strip() for line in text.splitlines()]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    rules = [number for number, row in enumerate(rows) if set(row[0]) <= {"-"}]
    return [row for number, row in enumerate(rows) if number not in rules and number + 1 not in rules]


def _code_spans(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_the_readme_lists_every_setting() -> None:
    """Each setting that settings.py gives a value stands in the table, and no other."""
    tree = ast.parse((ROOT / "harvester/settings.py").read_text(encoding="utf-8"))
    targets = [node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None) for node in tree.body]
    defined = {target.id for target in targets if isinstance(target, ast.Name)} - INTERNAL_SETTINGS
    documented = [name for row in _table_rows("README.md", "Settings") for name in _code_spans(row[0])]
    assert sorted(documented) == sorted(defined)


def test_the_readme_lists_every_command() -> None:
    """Each module of harvester/commands stands in the table."""
    documented = {_code_spans(row[0])[0].split()[1] for row in _table_rows("README.md", "Commands")}
    assert documented == {path.stem for path in (ROOT / "harvester/commands").glob("[a-z]*.py")}


def test_the_readme_lists_every_spider_argument() -> None:
    """Each argument of a spider stands in the table."""
    documented = [
        (row[0], _code_spans(row[1])[0], row[2]) for row in _table_rows("README.md", "Arguments of the spiders")
    ]
    loader = SpiderLoader.from_settings(Settings({"SPIDER_MODULES": SPIDER_MODULES}))
    assert sorted(documented, key=itemgetter(0)) == [
        (spider, name, argument.description)
        for spider in sorted(loader.list())
        for name, argument in declared_arguments(loader.load(spider)).items()
    ]


def test_the_page_on_reasons_is_the_table_in_the_code() -> None:
    """Words, statuses, what the next run does and meanings are the same."""
    documented = {_code_spans(row[0])[0]: tuple(row[1:]) for row in _table_rows("docs/reasons.md")}
    assert documented == {
        word: (reason.status, "tries again" if reason.temporary else "–", reason.meaning)
        for word, reason in REASONS.items()
    }


def test_the_page_on_mastodon_lists_opt_outs_and_refusals() -> None:
    """Words and meanings are those of the code."""
    opt_outs = {_code_spans(row[0])[0]: row[1].replace("`", "") for row in _table_rows("docs/mastodon.md", "Opt-outs")}
    assert opt_outs == OPT_OUTS
    refusals = {
        _code_spans(row[0])[0]: row[1] for row in _table_rows("docs/mastodon.md", "Why an account cannot be read")
    }
    assert refusals == {str(word): meaning for word, meaning in REFUSAL_MEANINGS.items()}


def test_the_page_on_recovery_is_the_table_in_the_code() -> None:
    """Kinds of damage, meanings, what is done about each and the exit code are the same."""
    documented = {
        _code_spans(row[0])[0]: tuple(row[1:]) for row in _table_rows("docs/recovery.md", "Verify the collection")
    }
    assert documented == {
        word: (kind.meaning, kind.repair, kind.delete, "0" if kind.harmless else "1") for word, kind in KINDS.items()
    }


def test_the_page_on_feeds_lists_every_field() -> None:
    """Each field of an item stands in the table, in its order."""
    assert [_code_spans(row[0])[0] for row in _table_rows("docs/feeds.md")] == [
        field.name for field in fields(ImageItem)
    ]


def test_the_page_on_the_catalogue_lists_every_column() -> None:
    """Each column of each table stands in the table."""
    documented: dict[str, list[str]] = {}
    for row in _table_rows("docs/catalogue.md"):
        documented.setdefault(row[0], []).extend(_code_spans(row[1]))
    assert documented == {name: [column.name for column in table.columns] for name, table in metadata.tables.items()}


def _glossary_entries() -> dict[str, str]:
    """The terms of the glossary and their sentences."""
    text = (ROOT / "docs/glossary.md").read_text(encoding="utf-8")
    return dict(re.findall(r"^- \*\*(.+?)\*\*: (.+?)(?=\n- |\Z)", text, flags=re.DOTALL | re.MULTILINE))


def _packages() -> set[str]:
    """The packages directly below `harvester` and those of `crawl`, with a slash at their end."""
    paths = {path.parent.relative_to(ROOT / "harvester") for path in (ROOT / "harvester").rglob("__init__.py")}
    return {f"{path}/" for path in paths if len(path.parts) == 1 or path.parts[:1] == ("crawl",)}


def test_the_glossary_is_short_and_sorted() -> None:
    """At most 25 terms in alphabetical order, one sentence each."""
    entries = _glossary_entries()
    assert 20 <= len(entries) <= 25
    assert list(entries) == sorted(entries)
    assert [
        term for term, text in entries.items() if not text.strip().endswith(".") or re.search(r"\.\s", text[:-2])
    ] == []


def test_the_glossary_names_every_table_once() -> None:
    """Each table of the catalogue stands in backticks in one sentence."""
    named = [name for text in _glossary_entries().values() for name in _code_spans(text)]
    assert [name for name in metadata.tables if named.count(name) != 1] == []


def test_the_glossary_names_every_package_and_status_once() -> None:
    """Packages stand with a slash at their end; those inside `crawl` are named, too."""
    named = [name for text in _glossary_entries().values() for name in _code_spans(text)]
    assert sorted(name for name in named if name.endswith("/")) == sorted(_packages())
    statuses = {"pending", "done"} | {reason.status for reason in REASONS.values()}
    assert [status for status in statuses if named.count(status) != 1] == []


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_the_glossary_is_linked(page: str) -> None:
    """Users and contributors find it."""
    assert "(docs/glossary.md)" in (ROOT / page).read_text(encoding="utf-8")


def test_the_page_on_politeness_names_attributes_of_spiders() -> None:
    """Each attribute in the table for authors of spiders is one of the base spiders."""
    names = [_code_spans(row[0])[0] for row in _table_rows("docs/politeness.md", "For authors of spiders")]
    assert names
    assert [name for name in names if not hasattr(ListingSpider, name)] == []


def test_the_page_on_parity_names_existing_tests() -> None:
    """Every line of the old tool's that is proven is proven by a test of ours."""
    tests = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    named = re.findall(r"`(test_\w+)`", (ROOT / "docs/imagefap-parity.md").read_text(encoding="utf-8"))
    assert named
    assert [name for name in named if f"def {name}(" not in tests] == []


def test_the_page_on_security_names_existing_tests() -> None:
    """Every attack has a test, and every test that is named is one."""
    tests = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    attacks = [_code_spans(row[2]) for row in _table_rows("docs/security.md")]
    assert len(attacks) > 20
    assert all(attacks)
    assert [name for named in attacks for name in named if f"def {name}(" not in tests] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link of a page names a file that is there."""
    targets = re.findall(r"\]\((?!https?://)([^)#]+)", page.read_text(encoding="utf-8"))
    assert [target for target in targets if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_anchors_lead_to_headings(page: Path) -> None:
    """The part of a relative link behind # is a heading of the page it leads to."""
    links = re.findall(r"\]\((?!https?://)([^)#]*)#([^)]+)\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if link[1] not in _anchors(page.parent / link[0] if link[0] else page)] == []


def _anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).lower().replace(" ", "-") for heading in headings}


def test_the_changelog_names_importable_classes() -> None:
    """Each new path in the table of renames can be loaded."""
    rows = _table_rows("CHANGELOG.md")
    assert rows
    for row in rows:
        for path in _code_spans(row[2]):
            load_object(f"harvester.{path}") if path.split(".")[-1][0].isupper() else import_module(f"harvester.{path}")


def test_the_changelog_knows_the_version() -> None:
    """The newest heading of the changelog is the version of the program, and packaging reads the same one."""
    newest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert newest is not None
    assert newest[1] == VERSION
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "harvester.version.VERSION"}


def test_required_packages_have_an_upper_bound() -> None:
    """A new major release of a library never breaks an installation by itself."""
    for name in ("requirements.txt", "requirements-dev.txt", "requirements-scrapyd.txt"):
        lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
        requirements = [line for line in lines if line and not line.startswith(("#", "-r"))]
        assert [line for line in requirements if not re.fullmatch(r"\S+>=[\d.]+,<[\d.]+", line)] == []


def test_contributing_names_only_files_that_are_there() -> None:
    """Each path that CONTRIBUTING.md names lies in the repository or in the package."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    prose = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    named = {word for word in _code_spans(prose) if re.fullmatch(r"[\w./-]+(/|\.py|\.md)", word)}
    named |= set(re.findall(r"[\w/]+\.py\b", text))
    assert {"crawl/contract.py", "harvester/reasons.py", "harvester/spiders/", "crawl/politeness/"} <= named
    assert [path for path in named if not any((ROOT / base / path).exists() for base in ("", "harvester"))] == []


def test_contributing_names_every_package() -> None:
    """The table of packages has each directory of the program, and those inside `crawl`."""
    assert _packages() <= {
        name for row in _table_rows("CONTRIBUTING.md", "The packages") for name in _code_spans(row[0])
    }
