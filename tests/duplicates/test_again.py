"""A search with nothing new reads no fingerprint, and still notices all that has changed. In either database."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import Engine, delete, event, update

from harvester.blobs import BlobStore, digest
from harvester.catalogue import searches, taken
from harvester.catalogue.mending import adopt_blob, drop_blob
from harvester.catalogue.schema import blobs, compared, pairs
from harvester.duplicates.groups import groups
from harvester.duplicates.limits import limits
from harvester.duplicates.search import Compared, search
from harvester.imaging import values
from harvester.imaging.described import described
from harvester.imaging.values import NO_FINGERPRINT, RECIPE, Options
from tests.catalogue.conftest import engine
from tests.farsite import pictures, scenes

__all__ = ["engine"]


class Shelf:
    """A catalogue with its blobs, and how often a search has read fingerprints."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.engine, self.store, self.reads = engine, BlobStore(folder / "blobs"), 0
        event.listen(engine, "before_cursor_execute", self._look)

    def _look(self, _connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        self.reads += statement.startswith("SELECT blobs.sha256, blobs.phash")

    def keep(self, data: bytes, **changed: Any) -> str:
        """Puts a picture there, measured so; returns its sha256."""
        row = described(data, Options(format="original")) | {"sha256": digest(data)} | changed
        self.store.put(row["sha256"], row["ext"], data)
        with self.engine.begin() as connection:
            adopt_blob(connection, row)
        return str(row["sha256"])

    def search(self, given: dict[str, str] | None = None, *, turned: bool = False) -> Compared:
        """With the usual limits, or those given."""
        return search(self.engine, self.store, limits(given or {}, {}, orientations=turned), values.Limits())

    def groups(self) -> set[frozenset[str]]:
        """As they are now."""
        with self.engine.connect() as connection:
            return {frozenset(member.sha256 for member in group.members) for group in groups(connection)}


@pytest.fixture
def shelf(engine: Engine, tmp_path: Path) -> Iterator[Shelf]:
    """Two look-alikes, one other picture, and a blank one."""
    found = Shelf(engine, tmp_path)
    for picture in (pictures.photo(1), pictures.photo(1, 400, 300), pictures.photo(2)):
        found.keep(picture)
    found.keep(pictures.encoded(Image.new("RGB", (200, 100), "white"), "PNG"))
    found.search()
    found.reads = 0
    return found


def test_a_search_with_nothing_new_reads_no_fingerprint_and_tells_the_same(shelf: Shelf) -> None:
    """How many are known, flat, videos and outdated; the groups stay as they are."""
    before = shelf.groups()
    shelf.keep(pictures.photo(3), recipe=NO_FINGERPRINT)
    shelf.keep(pictures.photo(4), recipe=RECIPE + 1)
    assert shelf.search() == Compared(0, 4, 1, 1, 1, {})
    assert (shelf.reads, len(before), shelf.groups()) == (0, 1, before)


def test_one_new_picture_is_compared_with_all(shelf: Shelf) -> None:
    """It joins the group."""
    (group,) = shelf.groups()
    new = shelf.keep(pictures.photo(1, 320, 240))
    found = shelf.search()
    assert ((found.new, found.known, found.flat), shelf.reads) == ((1, 4, 1), 1)
    assert shelf.groups() == {group | {new}}


def test_a_removal_is_noticed_and_what_comes_back_is_new(shelf: Shelf) -> None:
    """Numbers and groups without it at once, without reading; once it is back, with it."""
    before = shelf.groups()
    gone = sorted(*before)[0]
    with shelf.engine.begin() as connection:
        row = connection.execute(blobs.select().where(blobs.c.sha256 == gone)).one()._asdict()
        drop_blob(connection, gone)
    assert (shelf.search(), shelf.reads) == (Compared(0, 3, 1, 0, 0, {}), 0)
    assert shelf.groups() == set()
    with shelf.engine.begin() as connection:
        adopt_blob(connection, row)
    assert (shelf.search().new, shelf.groups()) == (1, before)


def test_a_picture_that_was_measured_anew_is_new(shelf: Shelf) -> None:
    """Other hashes for the same bytes: its pairs are those of the new ones."""
    (group,) = shelf.groups()
    changed, other = sorted(group)
    with shelf.engine.begin() as connection:
        row = connection.execute(blobs.select().where(blobs.c.sha256 == changed)).one()._asdict()
        adopt_blob(connection, row | dict.fromkeys(searches.HASHES, "0123456789abcdef"))
    assert shelf.search().new == 1
    assert shelf.groups() == set()
    with shelf.engine.begin() as connection:
        adopt_blob(connection, row)
    assert shelf.search().new == 1
    assert shelf.groups() == {frozenset((changed, other))}


def test_changed_limits_are_noticed_with_nothing_new(shelf: Shelf) -> None:
    """Narrower ones drop pairs without reading; wider ones compare all with all again."""
    one, other = (f"{number:064x}" for number in (1, 2))
    for sha256, phash in ((one, "8000000000000000"), (other, "800000000000001f")):
        shelf.keep(pictures.photo(5), sha256=sha256, phash=phash)
    usual = {"dhash": "off", "average": "off", "whash": "off"}
    assert shelf.search(usual).new == 2
    assert frozenset((one, other)) not in shelf.groups()
    shelf.reads = 0
    wide = shelf.search(usual | {"phash": "5"})
    assert (wide.new, shelf.reads, frozenset((one, other)) in shelf.groups()) == (0, 1, True)
    narrow = shelf.search(usual)
    assert (narrow.new, shelf.reads, frozenset((one, other)) in shelf.groups()) == (0, 1, False)
    shelf.search(usual | {"phash": "5"})
    assert (shelf.reads, frozenset((one, other)) in shelf.groups()) == (2, True)


def test_orientations_are_looked_for_and_dropped_with_nothing_new(shelf: Shelf) -> None:
    """Asked for, they compare all with all; not asked for, what they found goes."""
    picture = scenes.landscape(5, 400, 300)
    pair = frozenset(
        shelf.keep(pictures.encoded(look, "PNG"))
        for look in (picture, picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT))
    )
    shelf.search()
    assert pair not in shelf.groups()
    assert shelf.search(turned=True).new == 0
    assert pair in shelf.groups()
    shelf.reads = 0
    assert (shelf.search(turned=True).new, shelf.reads, pair in shelf.groups()) == (0, 0, True)
    shelf.search()
    assert (shelf.reads, pair in shelf.groups()) == (0, False)


def test_what_an_older_harvester_compared_is_looked_at_once(shelf: Shelf) -> None:
    """Its catalogue does not say which pictures are flat."""
    with shelf.engine.begin() as connection:
        connection.execute(update(compared).values(flat=None))
    before = shelf.groups()
    assert [shelf.search(), shelf.search()] == [Compared(0, 4, 1, 0, 0, {})] * 2
    assert shelf.groups() == before


def test_portions_make_no_difference(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read by the first digits, and few rows at a time, as a large catalogue is."""
    monkeypatch.setattr(taken, "ALL_AT_ONCE", 2)
    before = shelf.groups()
    new = shelf.keep(pictures.photo(2, 400, 300))
    assert shelf.search() == Compared(1, 4, 1, 0, 0, dict.fromkeys(searches.HASHES, 1))
    assert shelf.groups() == before | {frozenset((new, digest(pictures.photo(2))))}
    with shelf.engine.begin() as connection:
        for table in (pairs, compared, searches.searches):
            connection.execute(delete(table))
    assert shelf.search().new == 5
    assert shelf.groups() == before | {frozenset((new, digest(pictures.photo(2))))}
