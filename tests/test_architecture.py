"""The laws of the house, read from the imports and from the paths of modules in strings."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "harvester"
LEVELS: tuple[
    tuple[str, ...], ...
] = (  # a module imports from lower levels and from its own room, never from a sibling
    ("errors", "memory", "reasons", "text", "version"),
    ("items",),
    ("parsing", "storage"),
    ("checks", "spider_arguments"),
    ("imaging",),
    ("catalogue",),
    ("dataset", "duplicates"),
    ("export", "reporting", "maintenance"),
    ("logs", "feeds", "cli"),
    ("crawl.contract",),
    ("crawl.http", "crawl.run"),
    ("crawl.politeness",),
    ("crawl.workers",),
    ("crawl",),
    ("pipelines", "spiders"),
    ("commands", "addon"),
)
LEVEL_OF = {room: number for number, rooms in enumerate(LEVELS) for room in rooms}
SITES = ("civitai", "imagefap", "mastodon")
WITHOUT_SCRAPY = LEVELS[:8]
FILES_OF_SPIDERS_WITH_SCRAPY = re.compile(r"(.*_)?spider|base|plan|photo_requests|save_names|sources")
MODULES = sorted(path for path in ROOT.rglob("*.py") if "versions" not in path.parts)
NAMES = {path: ".".join(("harvester", *path.relative_to(ROOT).with_suffix("").parts)) for path in MODULES}
IN_STRINGS = re.compile(r"harvester(?:\.[a-z_0-9]+)+")


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _imports(path: Path, *, top_only: bool = False) -> Iterator[str]:
    tree = _tree(path)
    for node in tree.body if top_only else ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            known = set(NAMES.values())
            for name in node.names:
                yield module if (module := f"{node.module}.{name.name}") in known else str(node.module)


def _modules_in_strings(path: Path) -> Iterator[str]:
    """Module paths in strings that are not docstrings: programs, entry points, hooks."""
    tree = _tree(path)
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield from IN_STRINGS.findall(node.value)


def _room(module: str) -> str:
    """The room of a module: its package, a wing of `crawl`, or a loose file."""
    parts = module.split(".")[1:]
    wing = ".".join(parts[:2])
    return wing if wing in LEVEL_OF else (parts or [""])[0]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_imports_only_its_own_room_and_lower_levels(path: Path) -> None:
    """Siblings do not import each other, nothing imports upwards, and a path in a string is an import."""
    if path.name == "__init__.py":
        assert path.read_bytes() == b""
        return
    if path == ROOT / "settings.py":
        assert list(_imports(path)) == ["os"]
        return
    room = _room(NAMES[path])
    for module in (*_imports(path), *_modules_in_strings(path)):
        if module.startswith("harvester."):
            other = _room(module)
            assert other == room or LEVEL_OF[other] < LEVEL_OF[room], f"{room} imports {module}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_scrapy_stays_above_the_line(path: Path) -> None:
    """Catalogue, imaging, exports and the parsers of the sites know neither Scrapy nor Twisted."""
    room = _room(NAMES[path])
    is_pure = any(room in rooms for rooms in WITHOUT_SCRAPY) or (
        room == "spiders" and not FILES_OF_SPIDERS_WITH_SCRAPY.fullmatch(path.stem)
    )
    assert not is_pure or not {module.split(".")[0] for module in _imports(path)} & {"scrapy", "twisted"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_site_is_known_only_in_its_own_folder(path: Path) -> None:
    """No other module imports a site's, but for `import-favorites`."""
    own = path.relative_to(ROOT).parts[1] if path.is_relative_to(ROOT / "spiders") else ""
    known = {match[1] for module in _imports(path) if (match := re.match(r"harvester\.spiders\.(\w+)\.", module))}
    assert known & set(SITES) <= ({"imagefap"} if path.stem == "import-favorites" else {own})


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_only_the_catalogue_knows_its_tables(path: Path) -> None:
    """`catalogue/schema.py` is imported in `catalogue/` only."""
    assert _room(NAMES[path]) == "catalogue" or "harvester.catalogue.schema" not in set(_imports(path))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_spider_is_used_through_its_contract(path: Path) -> None:
    """No attribute of a spider is read by name, and no spider is cast to its class."""
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and len(node.args) > 1:
            target = ast.unparse(node.args[0])
            assert node.func.id != "getattr" or not target.endswith("spider"), ast.unparse(node)
            assert node.func.id != "cast" or not target.strip("'\"").endswith("Spider"), ast.unparse(node)


def test_every_level_exists_and_every_room_has_a_level() -> None:
    """A room that goes, goes from the table."""
    rooms = {_room(name) for path, name in NAMES.items() if path.name != "__init__.py" and path != ROOT / "settings.py"}
    assert rooms == set(LEVEL_OF)


def test_a_public_class_name_stands_once() -> None:
    """No two classes share a name; every command is called Command because Scrapy wants it so."""
    names = Counter(
        node.name
        for path in MODULES
        for node in _tree(path).body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_") and path.parent.name != "commands"
    )
    assert [name for name, count in names.items() if count > 1] == []


@pytest.mark.parametrize(
    "path", [ROOT / "cli.py", *sorted((ROOT / "commands").glob("[a-z]*.py"))], ids=lambda path: path.stem
)
def test_commands_load_little_before_they_run(path: Path) -> None:
    """Every command is imported by every call of scrapy: Scrapy, the standard library, our exceptions, the base."""
    imported = {module for module in _imports(path, top_only=True) if module.startswith("harvester")}
    assert imported <= ({"harvester.errors"} if path.stem == "cli" else {"harvester.cli"})
    assert imported or path.stem == "crawl"


def test_there_are_no_import_cycles() -> None:
    """No module reaches itself through its imports."""
    graph = {NAMES[path]: set(_imports(path)) for path in MODULES}

    def visit(module: str, seen: frozenset[str]) -> None:
        assert module not in seen, f"{module} imports itself"
        for imported in graph.get(module, ()):
            if imported in graph:
                visit(imported, seen | {module})

    for module in graph:
        visit(module, frozenset())
