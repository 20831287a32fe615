"""Lists of everything of one kind, and the numbers over all of it, on both databases."""

import io
import itertools
import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Engine, insert, update

from harvester.catalogue import rows, writer
from harvester.catalogue.schema import album_images, images, placements
from harvester.catalogue.selection import Selection, selection_conditions
from harvester.catalogue.sql import chunks
from harvester.catalogue.store import open_catalogue
from harvester.catalogue.tags import tag_assignment
from harvester.items import Collection
from harvester.maintenance import tagging
from harvester.reporting.listings import TABLES
from harvester.reporting.statistics import read_statistics
from harvester.reporting.tables import write_json
from harvester.storage.paths import DataPaths
from tests.catalogue.test_removing import fill_catalogue


def test_lists_and_totals_agree(engine: Engine, tmp_path: Path) -> None:
    """Images, places and bytes of every user and album, and the sums over all of them, are those that were put in."""
    places = DataPaths(tmp_path, "")
    with engine.begin() as connection:
        fill_catalogue(
            connection, [[(0, 0), (1, 1)], [(1, None), (2, None)], [(3, 0)], []], [(0, 0), (1, 1), (2, None)]
        )
        connection.execute(update(images).where(images.c.key == "2").values(status="failed", reason="gone"))
    with engine.connect() as connection:
        users = {(row["name"], row["images"], row["failed"], row["bytes"]) for row in rows.iter_users(connection)}
        albums = {(row["user"], row["key"], row["images"], row["bytes"]) for row in rows.iter_albums(connection)}
        images_by_key = {row["key"]: row for row in rows.iter_images(connection, [])}
        filters = selection_conditions(connection, places, Selection(tag="all", album="owner 0/0"))
        of_album = [row["key"] for row in rows.iter_images(connection, filters)]
    assert users == {("owner 0", 3, 1, 20), ("owner 1", 1, 0, 10), ("user0@example.social", 2, 0, 10),
                     ("user1@example.social", 1, 0, 10)}  # fmt: skip
    assert albums == {("0", "0", 2, 20), ("0", "1", 2, 10), ("1", "2", 1, 10), ("1", "3", 0, 0)}
    assert images_by_key["1"]["albums"] == ["owner 0/album 0", "owner 0/album 1"]
    assert (images_by_key["0"]["tags"], images_by_key["2"]["tags"], images_by_key["https://h/0"]["names"]) == (
        ["all"],
        [],
        ["0_0_0.jpg"],
    )
    assert of_album == ["0", "1"]
    totals = read_statistics(engine, places, thumbs=False)
    assert totals.users == {"imagefap": 2, "mastodon": 2}
    assert (totals.occurrences.unique, totals.occurrences.total, totals.occurrences.saved) == (2, 6, 40)
    assert (totals.albums, totals.albums_pending, totals.failed, totals.gone, totals.tags) == (4, 4, 1, 1, 1)
    assert totals.sizes.total == 50
    with engine.connect() as connection:
        for name, subject in TABLES.items():
            output = io.StringIO()
            write_json(subject.read_rows(connection, places, Selection()), subject.columns, output)
            assert json.loads(output.getvalue()) or name in ("groups", "runs")
    assert json.loads(json.dumps(totals.as_dict()))["sizes"]["total"] == 50


def test_pages_of_tagged_images_cost_no_more_than_all_at_once(
    catalogue: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The images with a tag are not searched again for each page; counted in steps of SQLite."""
    steps = {}
    for page in (400, 10):
        monkeypatch.setattr(rows, "chunks", partial(chunks, size=page))
        steps[page] = _count_steps(catalogue, Selection(tag="all"), 400)
    assert steps[10] < 3 * steps[400]


def test_a_few_sparse_images_are_found_without_scanning(catalogue: Engine) -> None:
    """Two of 400 are pending: the first and the last. Counted in steps of SQLite."""
    with catalogue.begin() as connection:
        connection.execute(update(images).where(images.c.id.in_([1, 400])).values(status="pending"))
    assert _count_steps(catalogue, Selection(status="pending"), 2) < _count_steps(catalogue, Selection(), 400) / 20


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Engine]:
    """400 images with a tag and a name each."""
    engine = open_catalogue(f"sqlite:///{tmp_path / 'catalogue.db'}")
    shas = [f"{number:064x}" for number in range(400)]
    with engine.begin() as connection:
        collection_id = writer.get_or_create_collection(
            connection, Collection("imagefap", "images/imagefap", "original", "albums")
        )
        image = {"collection_id": collection_id, "host": "h", "status": "done", "discovered_at": 0}
        connection.execute(insert(images), [{**image, "key": sha, "sha256": sha} for sha in shas])
        names = [{"collection_id": collection_id, "image_id": n, "name": str(n)} for n in range(1, 401)]
        connection.execute(insert(placements), names)
        tagging.add_tag(connection, "all")
        tagging.apply_tag(connection, "all", tag_assignment.from_list(connection, shas))
    yield engine
    engine.dispose()


def _count_steps(engine: Engine, selection: Selection, expected: int) -> int:
    """Tens of steps that SQLite takes to show the images that fit, so many."""
    counter = itertools.count()
    with engine.connect() as connection:
        filters = selection_conditions(connection, DataPaths(Path("/"), ""), selection)
        connection.connection.set_progress_handler(lambda: next(counter) < 0, 10)
        assert len(list(rows.iter_images(connection, filters))) == expected
    return next(counter)


def test_an_image_in_no_album_and_no_folder_is_shown(engine: Engine) -> None:
    """With empty lists."""
    with engine.begin() as connection:
        fill_catalogue(connection, [[(0, 0)], [], [], []], [])
        connection.execute(album_images.delete())
    with engine.connect() as connection:
        (row,) = rows.iter_images(connection, [])
    assert (row["names"], row["albums"]) == ([], [])
