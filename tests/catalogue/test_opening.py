"""A catalogue is made, or brought to a newer schema, wholly or not at all."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, create_engine, event

from harvester.catalogue import store
from harvester.catalogue.schema import HEAD


class _Killed(BaseException):
    """Stands for a SIGKILL: nothing catches it."""


def _killed_at(word: str) -> Callable[..., None]:
    def look(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if word in statement:
            raise _Killed

    return look


def _open(path: Path) -> str:
    engine = store.open_catalogue(f"sqlite:///{path}")
    with engine.connect() as connection:
        found = str(connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar())
    engine.dispose()
    return found


@pytest.mark.parametrize("word", ["CREATE TABLE runs", "CREATE TABLE alembic_version", "INSERT INTO alembic_version"])
def test_a_crawl_killed_while_it_makes_the_catalogue_leaves_none(tmp_path: Path, word: str) -> None:
    """The next one makes it; half a catalogue would be taken for a database of something else."""
    path, look = tmp_path / "catalogue.db", _killed_at(word)
    event.listen(Engine, "before_cursor_execute", look)
    try:
        with pytest.raises(_Killed):
            _open(path)
    finally:
        event.remove(Engine, "before_cursor_execute", look)
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == []
    assert _open(path) == HEAD


def test_a_crawl_killed_while_it_changes_the_schema_leaves_the_old_one(tmp_path: Path) -> None:
    """The next one changes it; half a change could not be made again."""
    path, look = tmp_path / "catalogue.db", _killed_at("CREATE INDEX ix_asked_host_at")
    engine, config = create_engine(f"sqlite:///{path}"), Config()
    config.set_main_option("script_location", "harvester.catalogue:migrations")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    engine.dispose()
    event.listen(Engine, "before_cursor_execute", look)
    try:
        with pytest.raises(_Killed):
            _open(path)
    finally:
        event.remove(Engine, "before_cursor_execute", look)
    assert _open(path) == HEAD
