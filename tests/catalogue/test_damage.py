"""A catalogue that somebody has damaged by hand: a sentence, exit code 2, and nothing of it changed."""

import ast
import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harvester.catalogue.integrity import find_invalid_value
from harvester.catalogue.store import open_catalogue
from tests import dataset_files as dataset
from tests.conftest import ROOT, Commands
from tests.farsite.process import Farsite

Damage = Callable[[Path], None]


def _run_sql(script: str) -> Damage:
    def damage(path: Path) -> None:
        connection = sqlite3.connect(path)
        connection.executescript(script)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()

    return damage


def _overwrite(content: bytes) -> Damage:
    return lambda path: (path.write_bytes(content), None)[1]


def _randomize_body(path: Path) -> None:
    body = bytearray(path.read_bytes())
    body[4096:] = random.Random(7).randbytes(len(body) - 4096)
    path.write_bytes(body)


def _replace_by_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _replace_by_other_database(path: Path) -> None:
    path.unlink()
    connection = sqlite3.connect(path)
    connection.executescript("CREATE TABLE recipes (name TEXT); INSERT INTO recipes VALUES ('soup');")
    connection.close()


DAMAGES: dict[str, tuple[Damage, str]] = {
    "random bytes": (_overwrite(random.Random(1).randbytes(9000)), "is not a catalogue: file is not a database"),
    "random bytes behind the header": (_randomize_body, "is damaged"),
    "zero bytes": (_overwrite(b""), "is an empty file, although there are blobs beside it"),
    "a folder": (_replace_by_folder, "unable to open"),
    "a database of something else": (_replace_by_other_database, "is the database of another program"),
    "a missing table": (_run_sql("DROP TABLE placements"), "it has no table placements"),
    "a missing column": (_run_sql("ALTER TABLE images DROP COLUMN alt"), "its table images has no column alt"),
    "an unknown revision": (
        _run_sql("UPDATE alembic_version SET version_num = 'ffff'"),
        "by one from before 0.1.0 (schema ffff",
    ),
    "two heads": (_run_sql("INSERT INTO alembic_version VALUES ('0001')"), "it has 2 schema versions"),
    "no head": (_run_sql("DELETE FROM alembic_version"), "it has 0 schema versions"),
    "a head that is none": (
        _run_sql("UPDATE alembic_version SET version_num = x'00ff'"),
        "its schema version is invalid",
    ),
    "a development version's head": (
        _run_sql("UPDATE alembic_version SET version_num = '0009'"),
        "by one from before 0.1.0 (schema 0009",
    ),
}


@pytest.fixture(scope="module")
def harvested(server: Farsite, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with three pictures."""
    folder = tmp_path_factory.mktemp("harvested")
    files = dataset.write(folder / "in", dataset.one_user([server.url(f"/photo/{number}.jpg") for number in range(3)]))
    Commands(folder / "data").crawl(files)
    return folder


def _state(data: Path) -> dict[str, bytes]:
    """Everything that is kept; SQLite's helpers and the locks come and go."""
    return {
        str(path.relative_to(data)): path.read_bytes()
        for path in sorted(data.rglob("*"))
        if path.is_file() and not path.name.endswith(("-wal", "-shm", ".lock"))
    }


_CASES = [(kind, words) for kind in DAMAGES for words in ("crawl", "status")]
_CASES += [("a missing column", words) for words in ("why", "verify", "forget")]


@pytest.mark.parametrize(("kind", "words"), _CASES)
def test_a_damaged_catalogue_is_reported_and_unchanged(
    commands: Commands, harvested: Path, kind: str, words: str
) -> None:
    """Whichever command looks at it first."""
    damage, says = DAMAGES[kind]
    shutil.copytree(harvested / "data", commands.data)
    damage(commands.data / "catalogue.db")
    before = _state(commands.data)
    arguments = {
        "crawl": ("mastodon", "-a", f"posts={harvested / 'in/user_posts.json'}",
                  "-a", f"accounts={harvested / 'in/accounts_labeled.csv'}", "--nolog"),
        "why": ("0_0_0.jpg",),
        "forget": ("--site", "mastodon"),
    }.get(words, ())  # fmt: skip
    done = commands.scrapy(words, *arguments)
    assert (done.returncode, "Traceback" in done.stderr, done.stderr.count("\n")) == (2, False, 1), done.stderr
    expected = ("There is no catalogue in",) if words != "crawl" and kind in ("zero bytes", "a folder") else (says,)
    assert expected[0] in done.stderr
    assert _state(commands.data) == before


@pytest.mark.parametrize(
    ("script", "says"),
    [
        (
            "UPDATE images SET discovered_at = 'yesterday'",
            "images.discovered_at of row 1 has an invalid value",
        ),
        ("UPDATE images SET metadata = '{not json'", "images.metadata of row 1 has an invalid value"),
        ("UPDATE images SET finished_at = x'00ff'", "images.finished_at of row 1 has an invalid value"),
        ("UPDATE placements SET name = CAST(name AS BLOB)", "placements.name of row 1 has an invalid value"),
        ("UPDATE placements SET name = CAST(name || x'ff' AS TEXT)", "Could not decode to UTF-8 column 'name'"),
    ],
)
def test_values_of_a_wrong_type_are_reported(
    commands: Commands, server: Farsite, harvested: Path, script: str, says: str
) -> None:
    """SQLite keeps a word where a number belongs; who reads it says where it stands."""
    shutil.copytree(harvested / "data", commands.data)
    _run_sql(script)(commands.data / "catalogue.db")
    done = commands.scrapy("why", server.url("/photo/0.jpg"))
    assert (done.returncode, "Traceback" in done.stderr) == (2, False), done.stderr
    assert says in done.stderr


def test_an_intact_catalogue_has_no_invalid_value(commands: Commands, farsite: Farsite, tmp_path: Path) -> None:
    """With coefficients, and with near-duplicates in tables whose rows have no number; a word is found there."""
    urls = [farsite.url(f"/numbered/{number}.jpg") for number in (1, 2)]
    commands.crawl(dataset.write(tmp_path, dataset.one_user(urls)))
    assert commands.scrapy("dedupe").returncode == 0
    file = commands.data / "catalogue.db"
    catalogue = open_catalogue(f"sqlite:///{file}")
    query = "SELECT count(*), min(typeof(coefficients)), (SELECT count(*) > 0 FROM pairs) FROM blobs JOIN dedupe_state"
    assert dataset.rows(commands.data, f"{query} USING (sha256)") == [(2, "blob", 1)]
    assert find_invalid_value(catalogue) == ""
    _run_sql("UPDATE dedupe_state SET pixels = 7")(file)
    assert find_invalid_value(catalogue) == ""  # a column of text makes a text of it
    _run_sql("UPDATE pairs SET score = 'near'")(file)
    assert find_invalid_value(catalogue).startswith("pairs.score of row '")
    catalogue.dispose()


def _calls(path: Path) -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            yield node


def test_values_reach_the_database_as_bound_parameters_only() -> None:
    """SQL is built by SQLAlchemy, or is a text that stands in the source as it is: no f-string, %, + or format."""
    sql_functions = {
        "text",
        "exec_driver_sql",
        "execute",
        "executemany",
        "executescript",
        "literal_column",
        "select_from",
    }
    violations, literals = [], 0
    for path in sorted((ROOT / "harvester").rglob("*.py")):
        for call in _calls(path):
            name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
            if name not in sql_functions or not call.args:
                continue
            statement = call.args[0]
            literals += isinstance(statement, ast.Constant)
            is_composed = isinstance(statement, ast.JoinedStr | ast.BinOp) or (
                isinstance(statement, ast.Call) and getattr(statement.func, "attr", "") in ("format", "join", "replace")
            )
            if is_composed:
                violations.append(f"{path.relative_to(ROOT)}:{call.lineno}")
    assert literals > 3
    assert violations == []


@pytest.mark.parametrize("hostile", ["'; DROP TABLE images; --", '"; DELETE FROM images; --', "%' OR '1'='1", "_%"])
def test_hostile_words_are_only_words(commands: Commands, harvested: Path, hostile: str) -> None:
    """In a name that is looked for, and in a site that is forgotten."""
    shutil.copytree(harvested / "data", commands.data)
    assert commands.scrapy("why", hostile).returncode == 1
    assert commands.scrapy("forget", "--site", hostile).returncode == 2
    assert dataset.rows(commands.data, "SELECT count(*), min(status) FROM images") == [(3, "done")]
