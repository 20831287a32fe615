"""Expected images, results and counts: the laws of the catalogue, on SQLite and on PostgreSQL."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, select, text

from harvester.catalogue import queries, revisions, writer
from harvester.catalogue.schema import HEAD, images, metadata, placements
from harvester.catalogue.store import open_catalogue
from harvester.items import Collection, DatasetPosition, DiscoveredImage

SHA = "ab" * 32
BLOB = dict.fromkeys(("phash", "dhash", "average", "whash"), "0" * 16) | {
    "sha256": SHA, "ext": "jpg", "format": "JPEG", "mode": "RGB", "width": 1, "height": 1, "bytes": 1,
    "animated": False, "frames": 1, "fingerprint_version": 1,
}  # fmt: skip


def _collection(connection: Connection, directory: str = "images") -> int:
    return writer.get_or_create_collection(connection, Collection("mastodon", directory, "jpeg"))


def _discovered(key: str, *position: int, reason: str | None = None) -> DiscoveredImage:
    return DiscoveredImage(key=key, host="h", position=DatasetPosition(*position) if position else None, reason=reason)


def _statuses(connection: Connection) -> dict[str, str]:
    return {row.key: row.status for row in connection.execute(select(images.c.key, images.c.status))}


def _finish(connection: Connection, row: int, *, was_requested: bool = True) -> None:
    (image,) = queries.pending_images(connection, 1, "h", row - 1, 1)
    files = {placement: f"{name}.jpg" for placement, name in image.names.items()}
    outcome = writer.ImageOutcome(
        row, "done", requested_at=1 if was_requested else None, sha256=SHA, files=files, blob=BLOB
    )
    writer.record_outcomes(connection, [outcome])


def test_a_new_catalogue_has_the_tables_of_the_schema(engine: Engine) -> None:
    """Both databases have what schema.py says, at the newest revision, with the indexes that each of them can use."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with engine.connect() as opened:
        assert compare_metadata(MigrationContext.configure(opened), metadata) == []
        assert opened.execute(text("SELECT version_num FROM alembic_version")).scalars().all() == [HEAD]
        if engine.dialect.name == "postgresql":
            query = "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'images'"
            definitions = {row.indexname: row.indexdef for row in opened.execute(text(query))}
            assert "USING hash (author)" in definitions["ix_images_author"]
            assert definitions["ix_images_authors"].endswith("WHERE false")
            assert "WHERE ((status)::text = 'pending'::text)" in definitions["ix_images_pending"]
            assert "(detail <> ''::text)" in definitions["ix_images_detail"]


def test_the_revisions_end_at_the_schema(tmp_path: Path) -> None:
    """A catalogue of the first revision is upgraded as it is opened, keeps its rows and has what a new one has."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    path = tmp_path / "catalogue.db"
    old_engine = open_catalogue(path)
    with old_engine.begin() as opened:
        writer.start_run(opened, _collection(opened), {}, "0.1.0", 1)
        for statement in (*_UNDO_REVISIONS, "UPDATE alembic_version SET version_num = 'tables'"):
            opened.exec_driver_sql(statement)
    old_engine.dispose()
    engine = open_catalogue(path)
    with engine.connect() as opened:
        assert compare_metadata(MigrationContext.configure(opened), metadata) == []
        assert opened.execute(text("SELECT version_num FROM alembic_version")).scalars().all() == [HEAD]
        assert opened.execute(text("SELECT version, log_lines FROM runs")).all() == [("0.1.0", None)]
    with revisions.open_revisions() as known:
        assert HEAD in known.known_versions()
    engine.dispose()


_UNDO_REVISIONS = ("ALTER TABLE runs DROP COLUMN log_lines", "ALTER TABLE runs DROP COLUMN log_offset")
"""What makes a new catalogue one of the first revision."""


def test_an_image_discovered_twice_is_one_image(connection: Connection) -> None:
    """Promising again changes nothing and owes nothing new."""
    collection = _collection(connection)
    discovered = [_discovered("a", 0, 0, 0), _discovered("b", 0, 0, 1), _discovered("a", 1, 0, 0)]
    assert writer.record_discovered(connection, collection, discovered) == {"h": 1}
    before = connection.execute(select(placements)).all()
    assert writer.record_discovered(connection, collection, discovered) == {}
    assert connection.execute(select(placements)).all() == before
    assert queries.count_pending(connection, collection) == 2


def test_a_new_name_reopens_a_finished_image(connection: Connection) -> None:
    """A finished image that gets another name is pending again, with its bytes known and only that name to make."""
    collection = _collection(connection)
    writer.record_discovered(connection, collection, [_discovered("a", 0, 0, 0)])
    _finish(connection, 1)
    assert _statuses(connection) == {"a": "done"}
    assert writer.record_discovered(connection, collection, [_discovered("a", 5, 0, 0)]) == {"h": 1}
    (image,) = queries.pending_images(connection, collection, "h", 0, 10)
    assert (image.sha256, list(image.names.values())) == (SHA, ["5_0_0"])


def test_an_image_is_not_done_before_all_its_names_are(connection: Connection) -> None:
    """A name that was listed while the image was in progress keeps it pending."""
    collection = _collection(connection)
    writer.record_discovered(connection, collection, [_discovered("a", 0, 0, 0)])
    (image,) = queries.pending_images(connection, collection, "h", 0, 10)
    writer.record_discovered(connection, collection, [_discovered("a", 0, 0, 1)])
    files = {placement: f"{name}.jpg" for placement, name in image.names.items()}
    writer.record_outcomes(
        connection, [writer.ImageOutcome(image.row, "done", requested_at=1, sha256=SHA, files=files, blob=BLOB)]
    )
    assert _statuses(connection) == {"a": "pending"}
    _finish(connection, 1, was_requested=False)
    assert _statuses(connection) == {"a": "done"}
    assert connection.execute(select(images.c.attempts)).scalar() == 1


def test_a_discovery_with_a_name_wins_over_one_without(connection: Connection) -> None:
    """An address of an unlisted and of a listed account is pending, in whichever order they come."""
    collection = _collection(connection)
    unlisted = _discovered("a", reason="account-not-listed"), _discovered("b", reason="account-not-listed")
    writer.record_discovered(
        connection, collection, [unlisted[0], _discovered("a", 0, 0, 0), _discovered("b", 0, 0, 1), unlisted[1]]
    )
    assert _statuses(connection) == {"a": "pending", "b": "pending"}
    writer.record_discovered(connection, collection, [_discovered("c", reason="account-not-listed")])
    writer.record_discovered(connection, collection, [_discovered("c", 0, 0, 2)])
    assert _statuses(connection)["c"] == "pending"


def test_another_collection_knows_the_bytes(connection: Connection) -> None:
    """An image that another output folder of the site has is pending with its sha256, so it needs no fetch."""
    writer.record_discovered(connection, _collection(connection), [_discovered("a", 0, 0, 0)])
    _finish(connection, 1)
    other = _collection(connection, "elsewhere")
    writer.record_discovered(connection, other, [_discovered("a", 9, 0, 0), _discovered("b", 9, 0, 1)])
    assert [image.sha256 for image in queries.pending_images(connection, other, "h", 0, 10)] == [SHA, None]


def test_retry_knows_temporary_from_permanent(connection: Connection) -> None:
    """`failed` reopens a timeout, `all` a 404 and a bomb too, and nothing reopens an address that is none."""
    collection = _collection(connection)
    keys = ["timeout", "http-gone", "too-many-pixels"]
    writer.record_discovered(
        connection, collection, [_discovered(key, 0, 0, number) for number, key in enumerate(keys)]
    )
    writer.record_discovered(connection, collection, [_discovered("bad", 0, 0, 9, reason="bad-url")])
    statuses = ["failed", "failed", "skipped"]
    outcomes = zip(range(1, 4), statuses, keys, strict=True)
    writer.record_outcomes(connection, [writer.ImageOutcome(row, status, reason) for row, status, reason in outcomes])
    assert writer.requeue(connection, collection, "none") == 0
    assert writer.requeue(connection, collection, "failed") == 1
    assert writer.requeue(connection, collection, "all") == 2
    assert _statuses(connection) == {"timeout": "pending", "http-gone": "pending", "too-many-pixels": "pending",
                                     "bad": "failed"}  # fmt: skip


KEYS = st.sampled_from("abcdef")
BATCHES = st.lists(st.lists(st.tuples(KEYS, st.booleans()), min_size=1, max_size=6), max_size=6)


@given(batches=BATCHES)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_totals_add_up_however_images_are_discovered(
    tmp_path_factory: pytest.TempPathFactory, batches: list[list[tuple[str, bool]]]
) -> None:
    """Any batches of images, some finished in between: each address is one image, and in the end all are done."""
    engine = open_catalogue(f"sqlite:///{tmp_path_factory.mktemp('law') / 'catalogue.db'}")
    names = iter(range(10**6))
    with engine.begin() as connection:
        collection = _collection(connection)
        for batch in batches:
            discovered = [_discovered(key, 0, 0, next(names)) for key, _ in batch]
            lowest = writer.record_discovered(connection, collection, discovered)
            pending = queries.pending_images(connection, collection, "h", 0, 100)
            assert lowest["h"] >= pending[0].row
            for image in pending:
                if (image.key, True) in batch:
                    _finish(connection, image.row)
        for image in queries.pending_images(connection, collection, "h", 0, 100):
            _finish(connection, image.row)
        statuses = _statuses(connection)
        assert set(statuses) == {key for batch in batches for key, _ in batch}
        assert set(statuses.values()) <= {"done"}
        assert connection.execute(select(placements).where(placements.c.file.is_(None))).all() == []
    engine.dispose()
