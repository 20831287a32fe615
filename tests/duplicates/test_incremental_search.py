"""A search with nothing new reads no fingerprint, and still notices all that has changed. In either database."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import Engine, delete, event, update

from harvester.catalogue.duplicates import compared_blobs, dedupe_runs
from harvester.catalogue.repair import add_found_blob, delete_blob
from harvester.catalogue.schema import blobs, dedupe_state, pairs
from harvester.duplicates.groups import find_groups
from harvester.duplicates.limits import parse_limits
from harvester.duplicates.search import SearchResult, find_duplicates
from harvester.imaging import types
from harvester.imaging.convert import describe_blob
from harvester.imaging.types import FINGERPRINT_VERSION, NO_FINGERPRINT, ConversionOptions
from harvester.storage.blobs import BlobStore, digest
from tests.catalogue.conftest import engine
from tests.farsite import pictures, scenes

__all__ = ["engine"]


class DedupeCatalogue:
    """A catalogue with its blobs, and how often a search has read fingerprints."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.engine, self.store, self.reads = engine, BlobStore(folder / "blobs"), 0
        event.listen(engine, "before_cursor_execute", self._count_reads)

    def _count_reads(self, _connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        self.reads += statement.startswith("SELECT blobs.sha256, blobs.phash")

    def add_picture(self, data: bytes, **changed: Any) -> str:
        """Puts a picture there, measured so; returns its sha256."""
        row = describe_blob(data, ConversionOptions(format="original")) | {"sha256": digest(data)} | changed
        self.store.put(row["sha256"], row["ext"], data)
        with self.engine.begin() as connection:
            add_found_blob(connection, row)
        return str(row["sha256"])

    def search(self, given: dict[str, str] | None = None, *, orientations: bool = False) -> SearchResult:
        """With the usual limits, or those given."""
        return find_duplicates(
            self.engine, self.store, parse_limits(given or {}, {}, orientations=orientations), types.ImageLimits()
        )

    def groups(self) -> set[frozenset[str]]:
        """As they are now."""
        with self.engine.connect() as connection:
            return {frozenset(member.sha256 for member in group.members) for group in find_groups(connection)}


@pytest.fixture
def catalogue(engine: Engine, tmp_path: Path) -> Iterator[DedupeCatalogue]:
    """Two near-duplicates, one other picture, and a blank one."""
    filled = DedupeCatalogue(engine, tmp_path)
    for picture in (pictures.photo(1), pictures.photo(1, 400, 300), pictures.photo(2)):
        filled.add_picture(picture)
    filled.add_picture(pictures.encoded(Image.new("RGB", (200, 100), "white"), "PNG"))
    filled.search()
    filled.reads = 0
    return filled


def test_a_search_with_nothing_new_reads_no_fingerprint_and_reports_the_same(catalogue: DedupeCatalogue) -> None:
    """How many are known, flat, videos and outdated; the groups stay as they are."""
    before = catalogue.groups()
    catalogue.add_picture(pictures.photo(3), fingerprint_version=NO_FINGERPRINT)
    catalogue.add_picture(pictures.photo(4), fingerprint_version=FINGERPRINT_VERSION + 1)
    assert catalogue.search() == SearchResult(0, 4, 1, 1, 1, {})
    assert (catalogue.reads, len(before), catalogue.groups()) == (0, 1, before)


def test_one_new_picture_is_compared_with_all(catalogue: DedupeCatalogue) -> None:
    """It joins the group."""
    (group,) = catalogue.groups()
    new = catalogue.add_picture(pictures.photo(1, 320, 240))
    result = catalogue.search()
    assert ((result.new, result.known, result.low_detail), catalogue.reads) == ((1, 4, 1), 1)
    assert catalogue.groups() == {group | {new}}


def test_a_removal_is_noticed_and_what_comes_back_is_new(catalogue: DedupeCatalogue) -> None:
    """Numbers and groups without it at once, without reading; once it is back, with it."""
    before = catalogue.groups()
    removed = sorted(*before)[0]
    with catalogue.engine.begin() as connection:
        row = connection.execute(blobs.select().where(blobs.c.sha256 == removed)).one()._asdict()
        delete_blob(connection, removed)
    assert (catalogue.search(), catalogue.reads) == (SearchResult(0, 3, 1, 0, 0, {}), 0)
    assert catalogue.groups() == set()
    with catalogue.engine.begin() as connection:
        add_found_blob(connection, row)
    assert (catalogue.search().new, catalogue.groups()) == (1, before)


def test_a_picture_that_was_measured_anew_is_new(catalogue: DedupeCatalogue) -> None:
    """Other hashes for the same bytes: its pairs are those of the new ones."""
    (group,) = catalogue.groups()
    changed, other = sorted(group)
    with catalogue.engine.begin() as connection:
        row = connection.execute(blobs.select().where(blobs.c.sha256 == changed)).one()._asdict()
        add_found_blob(connection, row | dict.fromkeys(dedupe_runs.HASHES, "0123456789abcdef"))
    assert catalogue.search().new == 1
    assert catalogue.groups() == set()
    with catalogue.engine.begin() as connection:
        add_found_blob(connection, row)
    assert catalogue.search().new == 1
    assert catalogue.groups() == {frozenset((changed, other))}


def test_changed_limits_are_noticed_with_nothing_new(catalogue: DedupeCatalogue) -> None:
    """Narrower ones drop pairs without reading; wider ones compare all with all again."""
    first, second = (f"{number:064x}" for number in (1, 2))
    for sha256, phash in ((first, "8000000000000000"), (second, "800000000000001f")):
        catalogue.add_picture(pictures.photo(5), sha256=sha256, phash=phash)
    usual = {"dhash": "off", "average": "off", "whash": "off"}
    assert catalogue.search(usual).new == 2
    assert frozenset((first, second)) not in catalogue.groups()
    catalogue.reads = 0
    wide = catalogue.search(usual | {"phash": "5"})
    assert (wide.new, catalogue.reads, frozenset((first, second)) in catalogue.groups()) == (0, 1, True)
    narrow = catalogue.search(usual)
    assert (narrow.new, catalogue.reads, frozenset((first, second)) in catalogue.groups()) == (0, 1, False)
    catalogue.search(usual | {"phash": "5"})
    assert (catalogue.reads, frozenset((first, second)) in catalogue.groups()) == (2, True)


def test_orientations_are_searched_and_dropped_with_nothing_new(catalogue: DedupeCatalogue) -> None:
    """Asked for, they compare all with all; not asked for, what they found goes."""
    picture = scenes.landscape(5, 400, 300)
    pair = frozenset(
        catalogue.add_picture(pictures.encoded(variant, "PNG"))
        for variant in (picture, picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT))
    )
    catalogue.search()
    assert pair not in catalogue.groups()
    assert catalogue.search(orientations=True).new == 0
    assert pair in catalogue.groups()
    catalogue.reads = 0
    assert (catalogue.search(orientations=True).new, catalogue.reads, pair in catalogue.groups()) == (0, 0, True)
    catalogue.search()
    assert (catalogue.reads, pair in catalogue.groups()) == (0, False)


def test_pictures_of_an_older_version_are_compared_once(catalogue: DedupeCatalogue) -> None:
    """Its catalogue does not say which pictures are flat."""
    with catalogue.engine.begin() as connection:
        connection.execute(update(dedupe_state).values(low_detail=None))
    before = catalogue.groups()
    assert [catalogue.search(), catalogue.search()] == [SearchResult(0, 4, 1, 0, 0, {})] * 2
    assert catalogue.groups() == before


def test_portions_make_no_difference(catalogue: DedupeCatalogue, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read by the first digits, and few rows at a time, as a large catalogue is."""
    monkeypatch.setattr(compared_blobs, "BLOBS_PER_READ", 2)
    before = catalogue.groups()
    new = catalogue.add_picture(pictures.photo(2, 400, 300))
    assert catalogue.search() == SearchResult(1, 4, 1, 0, 0, dict.fromkeys(dedupe_runs.HASHES, 1))
    assert catalogue.groups() == before | {frozenset((new, digest(pictures.photo(2))))}
    with catalogue.engine.begin() as connection:
        for table in (pairs, dedupe_state, dedupe_runs.dedupe_runs):
            connection.execute(delete(table))
    assert catalogue.search().new == 5
    assert catalogue.groups() == before | {frozenset((new, digest(pictures.photo(2))))}
