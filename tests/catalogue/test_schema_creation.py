"""A catalogue is made wholly or not at all, and one of an unknown schema is left alone."""

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine, event

from harvester.catalogue import store
from harvester.catalogue.schema import HEAD
from harvester.errors import CatalogueError
from tests.conftest import ROOT


class _Killed(BaseException):
    """Stands for a SIGKILL: nothing catches it."""


def _kill_at(word: str) -> Callable[..., None]:
    def check_statement(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if word in statement:
            raise _Killed

    return check_statement


def _open_and_read_version(path: Path) -> str:
    engine = store.open_catalogue(f"sqlite:///{path}")
    with engine.connect() as connection:
        version = str(connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar())
    engine.dispose()
    return version


@pytest.mark.parametrize("word", ["CREATE TABLE runs", "CREATE TABLE alembic_version", "INSERT INTO alembic_version"])
def test_a_crawl_killed_while_it_makes_the_catalogue_leaves_none(tmp_path: Path, word: str) -> None:
    """The next one makes it; half a catalogue would be taken for a database of something else."""
    path, listener = tmp_path / "catalogue.db", _kill_at(word)
    event.listen(Engine, "before_cursor_execute", listener)
    try:
        with pytest.raises(_Killed):
            _open_and_read_version(path)
    finally:
        event.remove(Engine, "before_cursor_execute", listener)
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == []
    assert _open_and_read_version(path) == HEAD


@pytest.mark.parametrize("revision", [*(f"{number:04}" for number in range(1, 10)), "initial"])
def test_a_catalogue_of_a_development_version_is_refused(tmp_path: Path, revision: str) -> None:
    """One sentence, and every byte stays: its tables have other names, and nothing was released that made them."""
    path = tmp_path / "catalogue.db"
    with sqlite3.connect(path) as connection:
        connection.executescript(
            "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY);"
            f"INSERT INTO alembic_version VALUES ('{revision}');"
            "CREATE TABLE sightings (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO sightings VALUES (1, 'a');"
        )
    before = path.read_bytes()
    with pytest.raises(CatalogueError, match=rf"from before 0\.1\.0 \(schema {revision}, this one knows {HEAD}\)"):
        _open_and_read_version(path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["catalogue.db"]


def test_an_up_to_date_catalogue_is_opened_without_alembic() -> None:
    """Its import takes a fifth of a second, which every command would pay."""
    code = "import sys; import harvester.catalogue.store; sys.exit('alembic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
