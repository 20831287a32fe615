"""The sizes that stand with the images are those of their blobs, and sums need nothing else."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import Connection, Engine, event, insert, select, update

from harvester.catalogue import queries, repair, rows, writer
from harvester.catalogue.schema import blobs, images
from harvester.catalogue.store import open_catalogue
from harvester.catalogue.tags import tag_assignment
from harvester.items import Collection, DiscoveredImage, GenerationMetadata
from harvester.maintenance import tagging
from harvester.reporting.tags import read_tag_rows

HASHES = dict.fromkeys(("phash", "dhash", "average", "whash"), "0" * 16)
KEYS, PICTURES, FOLDERS = st.sampled_from("abcd"), st.integers(0, 2), st.sampled_from(["one", "other"])


def _blob(number: int, animated: bool) -> dict[str, Any]:
    return {"sha256": f"{number:064x}", "ext": "gif", "format": "GIF", "mode": "P", "width": 1, "height": 1,
            "bytes": number + 1, "animated": animated, "frames": 1, "fingerprint_version": 1, **HASHES}  # fmt: skip


def _sizes(connection: Connection) -> tuple[list[Any], list[Any]]:
    """Those with the images, and those of their blobs."""
    joined = images.outerjoin(blobs, blobs.c.sha256 == images.c.sha256)
    stored, expected = (
        connection.execute(select(table.c.bytes, table.c.animated).select_from(joined).order_by(images.c.id)).all()
        for table in (images, blobs)
    )
    return list(stored), list(expected)


class CatalogueMachine(RuleBasedStateMachine):
    """Two folders of one site, in which the same files are met again and again."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.engine = open_catalogue(f"sqlite:///{self.folder.name}/catalogue.db")

    def teardown(self) -> None:
        """Nothing stays."""
        self.engine.dispose()
        self.folder.cleanup()

    @rule(folder=FOLDERS, key=KEYS, identity=st.sampled_from([None, "u", "v"]))
    def discover(self, folder: str, key: str, identity: str | None) -> None:
        """A file of this identity at the source."""
        with self.engine.begin() as connection:
            collection = writer.get_or_create_collection(connection, Collection("civitai", folder, "jpeg"))
            writer.record_discovered(
                connection, collection, [DiscoveredImage(key, "h", generation=GenerationMetadata(uuid=identity))]
            )

    @rule(folder=FOLDERS, picture=PICTURES, animated=st.booleans(), status=st.sampled_from(["done", "failed"]))
    def finish(self, folder: str, picture: int, animated: bool, status: str) -> None:
        """The first pending image is known already, or not."""
        blob = _blob(picture, animated) if status == "done" else None
        with self.engine.begin() as connection:
            collection = writer.get_or_create_collection(connection, Collection("civitai", folder, "jpeg"))
            for image in queries.pending_images(connection, collection, "h", 0, 1):
                writer.record_outcomes(
                    connection, [writer.ImageOutcome(image.row, status, sha256=blob and blob["sha256"], blob=blob)]
                )

    @rule(picture=PICTURES)
    def mark_lost(self, picture: int) -> None:
        """A blob was found damaged."""
        with self.engine.begin() as connection:
            repair.blob_lost(connection, f"{picture:064x}")

    @rule(picture=PICTURES, animated=st.booleans())
    def measure_again(self, picture: int, animated: bool) -> None:
        """A later version may think otherwise of what moves."""
        with self.engine.begin() as connection:
            repair.add_found_blob(connection, _blob(picture, animated))

    @invariant()
    def sizes_are_those_of_the_blobs(self) -> None:
        """Null where there is none."""
        with self.engine.connect() as connection:
            stored, expected = _sizes(connection)
        assert stored == expected


def test_sizes_are_those_of_the_blobs_in_any_order() -> None:
    """Whatever is listed, finished, imported, lost and measured again."""
    run_state_machine_as_test(
        CatalogueMachine, settings=settings(max_examples=20, stateful_step_count=15, deadline=None)
    )


@pytest.fixture
def plans(tmp_path: Path) -> Iterator[tuple[Engine, list[str]]]:
    """An empty catalogue in SQLite, and how it has answered every question."""
    engine, steps = open_catalogue(f"sqlite:///{tmp_path / 'catalogue.db'}"), list[str]()

    def explain(connection: Connection, _cursor: object, statement: str, parameters: Any, *_: object) -> None:
        if statement.startswith("SELECT"):
            raw = connection.connection.cursor()
            steps.extend(row[3] for row in raw.execute(f"EXPLAIN QUERY PLAN {statement}", parameters))

    event.listen(engine, "before_cursor_execute", explain)
    yield engine, steps
    engine.dispose()


def test_sums_over_images_look_up_no_blob_and_sort_no_image(plans: tuple[Engine, list[str]]) -> None:
    """Authors and tags come out of an index in its order, whole; images of albums by their row."""
    engine, steps = plans
    with engine.begin() as connection:
        tagging.add_tag(connection, "all")
        steps.clear()
        assert list(rows.iter_users(connection)) == list(rows.iter_albums(connection)) == []
        assert len(read_tag_rows(connection)) == 1
    assert not [step for step in steps if "blobs" in step]
    image_steps = {step for step in steps if " images" in step and "PRIMARY KEY" not in step}
    assert image_steps == {
        "SEARCH images USING COVERING INDEX ix_images_authors (author>?)",
        "SEARCH images USING COVERING INDEX ix_images_sha256 (sha256=?)",
    }


def test_a_tag_cleared_and_applied_again_is_on(engine: Engine) -> None:
    """On each picture the latest word counts, and only its own."""
    shas = [f"{number:064x}" for number in range(3)]
    with engine.begin() as connection:
        collection = writer.get_or_create_collection(connection, Collection("mastodon", "one", "jpeg"))
        writer.record_discovered(connection, collection, [DiscoveredImage(sha, "h") for sha in shas])
        connection.execute(update(images).values(sha256=images.c.key))
        tag = tag_assignment.add_tag(connection, tag_assignment.begin_change(connection, "test"), "all")
        for act, which in (
            (tag_assignment.apply_tag, shas[:2]), (tag_assignment.clear_tag, shas[:2]),
            (tag_assignment.apply_tag, shas[1:]),
            (tag_assignment.clear_tag, shas[1:]), (tag_assignment.apply_tag, shas[:2]),
            (tag_assignment.clear_tag, shas[:1]),
        ):  # fmt: skip
            act(
                connection,
                tag_assignment.begin_change(connection, "test"),
                tag,
                tag_assignment.from_list(connection, which),
            )
        assert set(
            connection.execute(
                tag_assignment.pictures_with_tag(tag, tag_assignment.load_tree(connection)[tag])
            ).scalars()
        ) == {shas[1]}
        (counted,) = read_tag_rows(connection)
    assert (counted.images, counted.bytes) == (1, 0)
    with engine.connect() as connection:
        tags_by_key = {row["key"]: row["tags"] for row in rows.iter_images(connection, [])}
    assert tags_by_key == dict(zip(shas, ([], ["all"], []), strict=True))


def test_sums_do_not_depend_on_how_authors_are_spread_over_folders(connection: Connection) -> None:
    """One author of two folders of a site is one user."""
    for folder in ("one", "other"):
        collection = writer.get_or_create_collection(connection, Collection("mastodon", folder, "jpeg"))
        writer.record_discovered(
            connection,
            collection,
            [DiscoveredImage(folder, "h", author="a"), DiscoveredImage(folder + "s", "h", author="b")],
        )
    connection.execute(insert(blobs).values(**_blob(7, True), stored_at=0))
    connection.execute(update(images).where(images.c.key == "one").values(sha256=f"{7:064x}", bytes=8, animated=True))
    users = {
        row["name"]: (row["images"], row["animated"], row["bytes"], row["least"]) for row in rows.iter_users(connection)
    }
    assert users == {"a": (2, 1, 8, 8), "b": (2, 0, 0, None)}
