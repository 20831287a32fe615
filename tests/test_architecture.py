"""The three laws of the house, read from the imports: downward only, no Scrapy below, nothing on import."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "harvester"
LAYERS = (
    ("errors", "items", "links", "memory", "processes", "reasons", "text", "version"),
    ("arguments", "sites", "imaging", "network", "orders", "places", "politeness"),
    ("blobs", "catalogue", "locks", "options"),
    ("duplicates", "export", "favorites", "review", "upkeep", "workbench"),
    ("addon", "console", "feeds", "logs", "signals", "middlewares", "extensions", "spiders", "pipelines"),
    ("commands",),
)
LAYER_OF = {part: number for number, parts in enumerate(LAYERS) for part in parts}
FIRST_SCRAPY_LAYER = 4
MODULES = sorted(path for path in ROOT.rglob("*.py") if "versions" not in path.parts)


def _imports(path: Path, *, top_only: bool = False) -> Iterator[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in tree.body if top_only else ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield str(node.module)


def _part(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


def _part_of_path(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_modules_import_only_from_own_or_lower_layers(path: Path) -> None:
    """A module imports nothing of ours from a higher rung, and Scrapy only from the fourth rung on."""
    if path.name == "__init__.py":
        assert path.read_bytes() == b""
        return
    if path.name == "settings.py":
        assert list(_imports(path)) == ["os"]
        return
    layer = LAYER_OF[_part_of_path(path)]
    for module in _imports(path):
        if module.startswith("harvester."):
            assert LAYER_OF[_part(module)] <= layer, f"{path} imports {module}"
        if module.split(".")[0] in ("scrapy", "twisted"):
            assert layer >= FIRST_SCRAPY_LAYER, f"{path} imports {module}"


@pytest.mark.parametrize("path", sorted((ROOT / "commands").glob("[a-z]*.py")), ids=lambda path: path.stem)
def test_commands_load_nothing_of_ours_before_they_run(path: Path) -> None:
    """Every command is imported by every call of scrapy, so only Scrapy and the standard library stand at its top."""
    assert not [module for module in _imports(path, top_only=True) if module.startswith("harvester")]


def test_there_are_no_import_cycles() -> None:
    """No module reaches itself through its imports."""
    graph = {
        ".".join(("harvester", *path.relative_to(ROOT).with_suffix("").parts)): set(_imports(path)) for path in MODULES
    }

    def visit(module: str, seen: frozenset[str]) -> None:
        assert module not in seen, f"{module} imports itself"
        for imported in graph.get(module, ()):
            if imported in graph:
                visit(imported, seen | {module})

    for module in graph:
        visit(module, frozenset())
