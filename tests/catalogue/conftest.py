"""An empty catalogue in either database."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine

from harvester.catalogue.store import open_catalogue
from tests.postgres import Postgres


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """An empty catalogue in either database."""
    if request.param == "sqlite":
        address = f"sqlite:///{tmp_path / 'catalogue.db'}"
    else:
        postgres: Postgres = request.getfixturevalue("postgres")
        address = postgres.new_database()
    opened = open_catalogue(address)
    yield opened
    opened.dispose()


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    """One transaction on it."""
    with engine.begin() as opened:
        yield opened
