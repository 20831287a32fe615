"""What a search finds among real pictures, in either database: turned ones, flat ones, the same pixels."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import Connection, Engine, select

from harvester.blobs import BlobStore, digest
from harvester.catalogue import pairs, searches, taken
from harvester.catalogue.mending import adopt_blob, drop_blob
from harvester.catalogue.schema import blobs, compared
from harvester.catalogue.schema import pairs as table
from harvester.duplicates.groups import groups
from harvester.duplicates.identical import UNREADABLE
from harvester.duplicates.limits import limits
from harvester.duplicates.search import Compared, search
from harvester.errors import Refused
from harvester.imaging import decode
from harvester.imaging.described import described
from harvester.imaging.pixels import pixel_digest
from harvester.imaging.values import RECIPE, Options
from tests.catalogue.conftest import engine
from tests.farsite import bombs, pictures, scenes

__all__ = ["engine"]

OFF = dict.fromkeys(("phash", "dhash", "average", "whash"), "off")
PHASH = OFF | {"phash": "4"}
TURNS = {
    "flip-horizontal": Image.Transpose.FLIP_LEFT_RIGHT,
    "flip-vertical": Image.Transpose.FLIP_TOP_BOTTOM,
    "rotate-180": Image.Transpose.ROTATE_180,
    "rotate-90": Image.Transpose.ROTATE_270,  # Pillow turns the other way round
    "rotate-270": Image.Transpose.ROTATE_90,
    "transpose": Image.Transpose.TRANSPOSE,
    "transverse": Image.Transpose.TRANSVERSE,
}

Keep = Callable[[bytes], str]


@pytest.fixture
def store(tmp_path: Path) -> BlobStore:
    """An empty blob store."""
    return BlobStore(tmp_path / "blobs")


@pytest.fixture
def keep(engine: Engine, store: BlobStore) -> Keep:
    """Puts a picture into both; returns its sha256."""

    def keep_one(data: bytes) -> str:
        row = described(data, Options(format="original")) | {"sha256": digest(data)}
        store.put(row["sha256"], row["ext"], data)
        with engine.begin() as connection:
            adopt_blob(connection, row)
        return str(row["sha256"])

    return keep_one


def _png(image: Image.Image, **options: object) -> bytes:
    return pictures.encoded(image, "PNG", **options)


def _search(engine: Engine, store: BlobStore, given: dict[str, str], *, turned: bool = False) -> Compared:
    return search(engine, store, limits(given, {}, orientations=turned), decode.Limits())


def _pairs(engine: Engine) -> dict[tuple[str, str], tuple[str, str]]:
    with engine.connect() as connection:
        rows = connection.execute(select(table)).all()
    return {(row.first, row.second): (row.method, row.orientation) for row in rows}


@pytest.mark.parametrize("late", ["turned", "straight"])
@pytest.mark.parametrize("orientation", TURNS)
def test_turned_pictures_are_found_and_the_turn_is_named(
    engine: Engine, store: BlobStore, keep: Keep, orientation: str, late: str
) -> None:
    """Whichever of the two came later; the first of the pair, turned so, looks like the second. Not without asking."""
    picture = scenes.landscape(5, 400, 300)
    files = {"straight": _png(picture), "turned": _png(picture.transpose(TURNS[orientation]))}
    shas = {word: digest(data) for word, data in files.items()}
    early = "straight" if late == "turned" else "turned"
    keep(files[early])
    keep(_png(scenes.landscape(6, 400, 300)))
    _search(engine, store, PHASH, turned=True)
    keep(files[late])
    _search(engine, store, PHASH, turned=True)
    told = pairs.pair(shas["straight"], shas["turned"], "phash", orientation, 0)
    assert _pairs(engine) == {(told.first, told.second): ("phash", told.orientation)}
    _search(engine, store, PHASH)
    assert _pairs(engine) == {}


def test_flat_pictures_are_paired_by_their_pixels_only(engine: Engine, store: BlobStore, keep: Keep) -> None:
    """Blank pages of all sizes and colours are no look-alikes; two files of the very same blank page are."""
    white = [keep(_png(Image.new("RGB", (200, 100), "white"), compress_level=level)) for level in (1, 9)]
    keep(_png(Image.new("RGB", (300, 300), "white")))
    keep(_png(Image.new("RGB", (200, 100), "navy")))
    found = _search(engine, store, {})
    assert (found.flat, found.pairs) == (4, {"pixels": 1})
    with engine.connect() as connection:
        (group,) = groups(connection)
    assert {member.sha256 for member in group.members} == set(white)


def test_pixels_are_decoded_once(engine: Engine, store: BlobStore, keep: Keep) -> None:
    """What was decoded is remembered: the next file of these pixels is paired though the others are not there."""
    shas = [keep(pictures.numbered(number)) for number in range(2)]
    assert _search(engine, store, OFF).pairs == {"pixels": 1}
    for sha256 in shas:
        store.path(sha256, "jpg").unlink()
    keep(pictures.numbered(2))
    assert _search(engine, store, OFF).pairs == {"pixels": 1}


def test_pictures_that_differ_in_little_have_not_the_same_pixels(engine: Engine, store: BlobStore, keep: Keep) -> None:
    """One grey level of one pixel; another frame behind the first."""
    picture = scenes.scene().copy()
    keep(_png(picture))
    picture.putpixel((9, 9), tuple(min(255, part + 1) for part in picture.getpixel((9, 9))))  # type: ignore[union-attr]
    keep(_png(picture))
    first, second, third = scenes.frames()
    for others in ([second], [third]):
        keep(pictures.encoded(first, "PNG", save_all=True, append_images=others, duration=100))
    assert _search(engine, store, OFF).pairs == {}
    with engine.connect() as connection:
        looked_at = connection.execute(select(compared.c.pixels).where(compared.c.pixels.is_not(None))).scalars().all()
    assert len(set(looked_at)) == len(looked_at) == 4


def test_a_killed_search_leaves_nothing_that_counts(engine: Engine, store: BlobStore, keep: Keep) -> None:
    """What it found is invisible, and the next search finds it all."""
    shas = [keep(pictures.photo(1)), keep(pictures.photo(1, 400, 300))]
    with engine.begin() as connection:
        row = searches.begin(connection, 2, limits({}, {}, orientations=False).as_dict())
        taken.enter(connection, row, 2, "")
        pairs.add(connection, row, [pairs.pair(*shas, "phash", "", 0)])
    with engine.connect() as connection:
        assert groups(connection) == []
        assert pairs.pairs_of(connection, shas) == []
    found = _search(engine, store, {})
    assert found.new == 2
    assert found.pairs["phash"] == 1


def test_animations_of_too_many_pixels_are_equal_to_none(engine: Engine, store: BlobStore, keep: Keep) -> None:
    """10,000 frames of 81 Mpx, twice, with a byte behind one of them: no frame is decoded, and that is remembered."""
    bomb = bombs.KEPT["frames.gif"]()
    for data in (bomb, bomb + b"\0"):
        keep(data)
    assert _search(engine, store, OFF).pairs == {}
    with engine.connect() as connection:
        assert connection.execute(select(compared.c.pixels)).scalars().all() == [UNREADABLE] * 2


def test_pages_are_decoded_as_long_as_their_pixels_are_few() -> None:
    """The first page of a TIFF is small, those behind it are not: it is refused before they are decoded."""
    pages = [Image.new("1", size) for size in ((8, 8), (30_000, 30_000), (30_000, 30_000))]
    file = pictures.encoded(pages[0], "TIFF", save_all=True, append_images=pages[1:], compression="group4")
    with pytest.raises(Refused, match="too-many-pixels"):
        pixel_digest(file, decode.Limits())


def test_pixels_that_a_killed_search_decoded_are_kept(engine: Engine, store: BlobStore, keep: Keep) -> None:
    """The next search finds the pair, though the files are not there any more."""
    shas = [keep(pictures.numbered(number)) for number in range(2)]
    with engine.begin() as connection:
        row = searches.begin(connection, RECIPE, limits(OFF, {}, orientations=False).as_dict())
        taken.enter(connection, row, RECIPE, "")
        taken.note_pixels(connection, dict.fromkeys(shas, "pixels"))
    for sha256 in shas:
        store.path(sha256, "jpg").unlink()
    found = _search(engine, store, OFF)
    assert (found.new, found.pairs) == (2, {"pixels": 1})


def test_a_profile_counts_where_it_changes_colours() -> None:
    """The same numbers under another profile are other colours; sRGB said or not said is the same."""
    plain, said, other = (
        pixel_digest(pictures.KINDS[name](), decode.Limits())
        for name in ("jpeg-rgb.jpg", "jpeg-srgb-icc.jpg", "jpeg-adobergb.jpg")
    )
    assert plain == said
    assert plain != other


@pytest.mark.parametrize("going", range(4))
def test_the_others_stay_together_when_one_of_equal_hashes_goes(
    engine: Engine, store: BlobStore, keep: Keep, going: int
) -> None:
    """Three of equal hashes are chained and only one is paired with the fourth: whichever goes, three are left."""
    shas = [keep(pictures.numbered(number)) for number in range(3)]
    with engine.begin() as connection:
        near = f"{_phash(connection, shas[0]) ^ 1:016x}"
        row = connection.execute(select(blobs).where(blobs.c.sha256 == shas[0])).one()
        adopt_blob(connection, {**row._mapping, "sha256": "f" * 64, "phash": near, "width": 9})
    _search(engine, store, PHASH)
    every = [*shas, "f" * 64]
    with engine.begin() as connection:
        assert [len(group.members) for group in groups(connection)] == [4]
        drop_blob(connection, every.pop(going))
        (group,) = groups(connection)
    assert {member.sha256 for member in group.members} == set(every)


def _phash(connection: Connection, sha256: str) -> int:
    return int(connection.execute(select(blobs.c.phash).where(blobs.c.sha256 == sha256)).scalar_one(), 16)
