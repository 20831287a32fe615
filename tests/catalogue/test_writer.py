"""Promises, outcomes and books: the laws of the catalogue, on SQLite and on PostgreSQL."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, create_engine, inspect, select, text

from harvester.catalogue import queries, writer
from harvester.catalogue.schema import HEAD, images, metadata, sightings
from harvester.catalogue.store import open_catalogue
from harvester.items import Collection, Position, Promise

SHA = "ab" * 32
BLOB = dict.fromkeys(("phash", "dhash", "average", "whash"), "0" * 16) | {
    "sha256": SHA, "ext": "jpg", "format": "JPEG", "mode": "RGB", "width": 1, "height": 1, "bytes": 1,
    "animated": False, "frames": 1, "recipe": 1,
}  # fmt: skip


def _collection(connection: Connection, directory: str = "images") -> int:
    return writer.collection_id(connection, Collection("mastodon", directory, "jpeg"))


def _promise(key: str, *position: int, reason: str | None = None) -> Promise:
    return Promise(key=key, host="h", position=Position(*position) if position else None, reason=reason)


def _statuses(connection: Connection) -> dict[str, str]:
    return {row.key: row.status for row in connection.execute(select(images.c.key, images.c.status))}


def _finish(connection: Connection, row: int, *, asked: bool = True) -> None:
    (owed,) = queries.owed(connection, 1, "h", row - 1, 1)
    files = {sighting: f"{name}.jpg" for sighting, name in owed.names.items()}
    outcome = writer.Outcome(row, "done", asked_at=1 if asked else None, sha256=SHA, files=files, blob=BLOB)
    writer.finish(connection, [outcome])


def _tables(engine: Engine) -> dict[str, Any]:
    found = inspect(engine)
    return {
        name: (
            {column["name"]: (str(column["type"]), column["nullable"]) for column in found.get_columns(name)},
            sorted(str(key["constrained_columns"]) for key in found.get_foreign_keys(name)),
            sorted(str(key["column_names"]) for key in found.get_unique_constraints(name)),
            sorted((str(index["name"]), str(index["column_names"])) for index in found.get_indexes(name)),
            found.get_pk_constraint(name)["constrained_columns"],
        )
        for name in found.get_table_names()
    }


def test_the_schema_is_what_the_migrations_make(engine: Engine, tmp_path: Path) -> None:
    """A new catalogue has the tables that an old one gets by its migrations, and both are those of schema.py."""
    from alembic import command
    from alembic.autogenerate import compare_metadata
    from alembic.config import Config
    from alembic.migration import MigrationContext

    config = Config()
    config.set_main_option("script_location", "harvester.catalogue:migrations")
    old = create_engine(f"sqlite:///{tmp_path / 'old.db'}")
    with old.begin() as opened:
        config.attributes["connection"] = opened
        command.upgrade(config, "head")
    for catalogue in (engine, old):
        with catalogue.connect() as opened:
            assert compare_metadata(MigrationContext.configure(opened), metadata) == []
            assert opened.execute(text("SELECT version_num FROM alembic_version")).scalars().all() == [HEAD]
    if engine.dialect.name == "sqlite":
        assert _tables(engine) == _tables(old)
    old.dispose()


def test_a_promise_made_twice_is_one_image(connection: Connection) -> None:
    """Promising again changes nothing and owes nothing new."""
    collection = _collection(connection)
    promised = [_promise("a", 0, 0, 0), _promise("b", 0, 0, 1), _promise("a", 1, 0, 0)]
    assert writer.promise(connection, collection, promised) == {"h": 1}
    before = connection.execute(select(sightings)).all()
    assert writer.promise(connection, collection, promised) == {}
    assert connection.execute(select(sightings)).all() == before
    assert queries.owed_count(connection, collection) == 2


def test_a_new_name_reopens_a_finished_image(connection: Connection) -> None:
    """A finished image that gets another name is owed again, with its bytes known and only that name to make."""
    collection = _collection(connection)
    writer.promise(connection, collection, [_promise("a", 0, 0, 0)])
    _finish(connection, 1)
    assert _statuses(connection) == {"a": "done"}
    assert writer.promise(connection, collection, [_promise("a", 5, 0, 0)]) == {"h": 1}
    (owed,) = queries.owed(connection, collection, "h", 0, 10)
    assert (owed.sha256, list(owed.names.values())) == (SHA, ["5_0_0"])


def test_an_image_is_not_done_before_all_its_names_are(connection: Connection) -> None:
    """A name that was promised while the image was under way keeps it pending."""
    collection = _collection(connection)
    writer.promise(connection, collection, [_promise("a", 0, 0, 0)])
    (owed,) = queries.owed(connection, collection, "h", 0, 10)
    writer.promise(connection, collection, [_promise("a", 0, 0, 1)])
    files = {sighting: f"{name}.jpg" for sighting, name in owed.names.items()}
    writer.finish(connection, [writer.Outcome(owed.row, "done", asked_at=1, sha256=SHA, files=files, blob=BLOB)])
    assert _statuses(connection) == {"a": "pending"}
    _finish(connection, 1, asked=False)
    assert _statuses(connection) == {"a": "done"}
    assert connection.execute(select(images.c.attempts)).scalar() == 1


def test_a_promise_with_a_name_wins_over_one_without(connection: Connection) -> None:
    """An address of an unlisted and of a listed account is owed, in whichever order they come."""
    collection = _collection(connection)
    unlisted = _promise("a", reason="account-not-listed"), _promise("b", reason="account-not-listed")
    writer.promise(connection, collection, [unlisted[0], _promise("a", 0, 0, 0), _promise("b", 0, 0, 1), unlisted[1]])
    assert _statuses(connection) == {"a": "pending", "b": "pending"}
    writer.promise(connection, collection, [_promise("c", reason="account-not-listed")])
    writer.promise(connection, collection, [_promise("c", 0, 0, 2)])
    assert _statuses(connection)["c"] == "pending"


def test_another_collection_knows_the_bytes(connection: Connection) -> None:
    """An image that another output folder of the site has is owed with its sha256, so it needs no fetch."""
    writer.promise(connection, _collection(connection), [_promise("a", 0, 0, 0)])
    _finish(connection, 1)
    other = _collection(connection, "elsewhere")
    writer.promise(connection, other, [_promise("a", 9, 0, 0), _promise("b", 9, 0, 1)])
    assert [image.sha256 for image in queries.owed(connection, other, "h", 0, 10)] == [SHA, None]


def test_retry_knows_temporary_from_permanent(connection: Connection) -> None:
    """`failed` reopens a timeout, `all` a 404 and a bomb too, and nothing reopens an address that is none."""
    collection = _collection(connection)
    keys = ["timeout", "http-gone", "too-many-pixels"]
    writer.promise(connection, collection, [_promise(key, 0, 0, number) for number, key in enumerate(keys)])
    writer.promise(connection, collection, [_promise("bad", 0, 0, 9, reason="bad-url")])
    statuses = ["failed", "failed", "skipped"]
    outcomes = zip(range(1, 4), statuses, keys, strict=True)
    writer.finish(connection, [writer.Outcome(row, status, reason) for row, status, reason in outcomes])
    assert writer.owe_again(connection, collection, "none") == 0
    assert writer.owe_again(connection, collection, "failed") == 1
    assert writer.owe_again(connection, collection, "all") == 2
    assert _statuses(connection) == {"timeout": "pending", "http-gone": "pending", "too-many-pixels": "pending",
                                     "bad": "failed"}  # fmt: skip


KEYS = st.sampled_from("abcdef")
BATCHES = st.lists(st.lists(st.tuples(KEYS, st.booleans()), min_size=1, max_size=6), max_size=6)


@given(batches=BATCHES)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_books_add_up_however_promises_come(
    tmp_path_factory: pytest.TempPathFactory, batches: list[list[tuple[str, bool]]]
) -> None:
    """Any batches of promises, some finished in between: each address is one image, and in the end all are done."""
    engine = open_catalogue(f"sqlite:///{tmp_path_factory.mktemp('law') / 'catalogue.db'}")
    names = iter(range(10**6))
    with engine.begin() as connection:
        collection = _collection(connection)
        for batch in batches:
            promised = [_promise(key, 0, 0, next(names)) for key, _ in batch]
            lowest = writer.promise(connection, collection, promised)
            owed = queries.owed(connection, collection, "h", 0, 100)
            assert lowest["h"] >= owed[0].row
            for image in owed:
                if (image.key, True) in batch:
                    _finish(connection, image.row)
        for image in queries.owed(connection, collection, "h", 0, 100):
            _finish(connection, image.row)
        statuses = _statuses(connection)
        assert set(statuses) == {key for batch in batches for key, _ in batch}
        assert set(statuses.values()) <= {"done"}
        assert connection.execute(select(sightings).where(sightings.c.file.is_(None))).all() == []
    engine.dispose()
