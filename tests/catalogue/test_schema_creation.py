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


def test_a_crawl_killed_while_it_changes_the_schema_leaves_the_old_one(tmp_path: Path) -> None:
    """The next one changes it; half a change could not be made again."""
    path, listener = tmp_path / "catalogue.db", _kill_at("CREATE INDEX ix_asked_host_at")
    engine, config = create_engine(f"sqlite:///{path}"), Config()
    config.set_main_option("script_location", "harvester.catalogue:migrations")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    engine.dispose()
    event.listen(Engine, "before_cursor_execute", listener)
    try:
        with pytest.raises(_Killed):
            _open_and_read_version(path)
    finally:
        event.remove(Engine, "before_cursor_execute", listener)
    assert _open_and_read_version(path) == HEAD
