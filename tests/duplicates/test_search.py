"""What a search finds among real pictures, in either database: turned ones, flat ones, the same pixels."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import Connection, Engine, select

from harvester.catalogue.duplicates import compared_blobs, dedupe_runs, pairs
from harvester.catalogue.repair import add_found_blob, delete_blob
from harvester.catalogue.schema import blobs, dedupe_state
from harvester.catalogue.schema import pairs as table
from harvester.duplicates.groups import find_groups
from harvester.duplicates.limits import parse_limits
from harvester.duplicates.same_pixels import UNREADABLE
from harvester.duplicates.search import SearchResult, find_duplicates
from harvester.errors import ImageRejected
from harvester.imaging import decode
from harvester.imaging.convert import describe_blob
from harvester.imaging.pixel_digest import compute_pixel_digest
from harvester.imaging.types import FINGERPRINT_VERSION, ConversionOptions
from harvester.storage.blobs import BlobStore, digest
from tests.catalogue.conftest import engine
from tests.farsite import bombs, pictures, scenes

__all__ = ["engine"]

OFF = dict.fromkeys(("phash", "dhash", "average", "whash"), "off")
PHASH = OFF | {"phash": "4"}
ORIENTATIONS = {
    "flip-horizontal": Image.Transpose.FLIP_LEFT_RIGHT,
    "flip-vertical": Image.Transpose.FLIP_TOP_BOTTOM,
    "rotate-180": Image.Transpose.ROTATE_180,
    "rotate-90": Image.Transpose.ROTATE_270,  # Pillow turns the other way round
    "rotate-270": Image.Transpose.ROTATE_90,
    "transpose": Image.Transpose.TRANSPOSE,
    "transverse": Image.Transpose.TRANSVERSE,
}

AddPicture = Callable[[bytes], str]


@pytest.fixture
def store(tmp_path: Path) -> BlobStore:
    """An empty blob store."""
    return BlobStore(tmp_path / "blobs")


@pytest.fixture
def add_picture(engine: Engine, store: BlobStore) -> AddPicture:
    """Puts a picture into both; returns its sha256."""

    def add(data: bytes) -> str:
        row = describe_blob(data, ConversionOptions(format="original")) | {"sha256": digest(data)}
        store.put(row["sha256"], row["ext"], data)
        with engine.begin() as connection:
            add_found_blob(connection, row)
        return str(row["sha256"])

    return add


def _png(image: Image.Image, **options: object) -> bytes:
    return pictures.encoded(image, "PNG", **options)


def _search(engine: Engine, store: BlobStore, given: dict[str, str], *, orientations: bool = False) -> SearchResult:
    return find_duplicates(engine, store, parse_limits(given, {}, orientations=orientations), decode.ImageLimits())


def _pairs(engine: Engine) -> dict[tuple[str, str], tuple[str, str]]:
    with engine.connect() as connection:
        rows = connection.execute(select(table)).all()
    return {(row.first, row.second): (row.method, row.orientation) for row in rows}


@pytest.mark.parametrize("late", ["turned", "straight"])
@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_rotated_pictures_are_found_with_their_orientation(
    engine: Engine, store: BlobStore, add_picture: AddPicture, orientation: str, late: str
) -> None:
    """Whichever of the two came later; the first of the pair, turned so, looks like the second. Not without asking."""
    picture = scenes.landscape(5, 400, 300)
    files = {"straight": _png(picture), "turned": _png(picture.transpose(ORIENTATIONS[orientation]))}
    shas = {word: digest(data) for word, data in files.items()}
    early = "straight" if late == "turned" else "turned"
    add_picture(files[early])
    add_picture(_png(scenes.landscape(6, 400, 300)))
    _search(engine, store, PHASH, orientations=True)
    add_picture(files[late])
    _search(engine, store, PHASH, orientations=True)
    pair = pairs.make_pair(shas["straight"], shas["turned"], "phash", orientation, 0)
    assert _pairs(engine) == {(pair.first, pair.second): ("phash", pair.orientation)}
    _search(engine, store, PHASH)
    assert _pairs(engine) == {}


def test_low_detail_pictures_are_paired_by_their_pixels_only(
    engine: Engine, store: BlobStore, add_picture: AddPicture
) -> None:
    """Blank pages of all sizes and colours are no near-duplicates; two files of the very same blank page are."""
    white = [add_picture(_png(Image.new("RGB", (200, 100), "white"), compress_level=level)) for level in (1, 9)]
    add_picture(_png(Image.new("RGB", (300, 300), "white")))
    add_picture(_png(Image.new("RGB", (200, 100), "navy")))
    result = _search(engine, store, {})
    assert (result.low_detail, result.pairs) == (4, {"pixels": 1})
    with engine.connect() as connection:
        (group,) = find_groups(connection)
    assert {member.sha256 for member in group.members} == set(white)


def test_pixels_are_decoded_once(engine: Engine, store: BlobStore, add_picture: AddPicture) -> None:
    """What was decoded is remembered: the next file of these pixels is paired though the others are not there."""
    shas = [add_picture(pictures.numbered(number)) for number in range(2)]
    assert _search(engine, store, OFF).pairs == {"pixels": 1}
    for sha256 in shas:
        store.path(sha256, "jpg").unlink()
    add_picture(pictures.numbered(2))
    assert _search(engine, store, OFF).pairs == {"pixels": 1}


def test_nearly_equal_pictures_do_not_have_the_same_pixels(
    engine: Engine, store: BlobStore, add_picture: AddPicture
) -> None:
    """One grey level of one pixel; another frame behind the first."""
    picture = scenes.scene().copy()
    add_picture(_png(picture))
    picture.putpixel((9, 9), tuple(min(255, part + 1) for part in picture.getpixel((9, 9))))  # type: ignore[union-attr]
    add_picture(_png(picture))
    first, second, third = scenes.frames()
    for others in ([second], [third]):
        add_picture(pictures.encoded(first, "PNG", save_all=True, append_images=others, duration=100))
    assert _search(engine, store, OFF).pairs == {}
    with engine.connect() as connection:
        digests = (
            connection.execute(select(dedupe_state.c.pixels).where(dedupe_state.c.pixels.is_not(None))).scalars().all()
        )
    assert len(set(digests)) == len(digests) == 4


def test_a_killed_search_leaves_nothing_that_counts(engine: Engine, store: BlobStore, add_picture: AddPicture) -> None:
    """What it found is invisible, and the next search finds it all."""
    shas = [add_picture(pictures.photo(1)), add_picture(pictures.photo(1, 400, 300))]
    with engine.begin() as connection:
        row = dedupe_runs.begin_dedupe_run(connection, 2, parse_limits({}, {}, orientations=False).as_dict())
        compared_blobs.register_new(connection, row, 2, "")
        pairs.add_pairs(connection, row, [pairs.make_pair(*shas, "phash", "", 0)])
    with engine.connect() as connection:
        assert find_groups(connection) == []
        assert pairs.pairs_of(connection, shas) == []
    result = _search(engine, store, {})
    assert result.new == 2
    assert result.pairs["phash"] == 1


def test_animations_of_too_many_pixels_are_equal_to_none(
    engine: Engine, store: BlobStore, add_picture: AddPicture
) -> None:
    """10,000 frames of 81 Mpx, twice, with a byte behind one of them: no frame is decoded, and that is remembered."""
    bomb = bombs.VALID["frames.gif"]()
    for data in (bomb, bomb + b"\0"):
        add_picture(data)
    assert _search(engine, store, OFF).pairs == {}
    with engine.connect() as connection:
        assert connection.execute(select(dedupe_state.c.pixels)).scalars().all() == [UNREADABLE] * 2


def test_pages_are_decoded_as_long_as_their_pixels_are_few() -> None:
    """The first page of a TIFF is small, those behind it are not: it is refused before they are decoded."""
    pages = [Image.new("1", size) for size in ((8, 8), (30_000, 30_000), (30_000, 30_000))]
    file = pictures.encoded(pages[0], "TIFF", save_all=True, append_images=pages[1:], compression="group4")
    with pytest.raises(ImageRejected, match="too-many-pixels"):
        compute_pixel_digest(file, decode.ImageLimits())


def test_pixels_that_a_killed_search_decoded_are_kept(
    engine: Engine, store: BlobStore, add_picture: AddPicture
) -> None:
    """The next search finds the pair, though the files are not there any more."""
    shas = [add_picture(pictures.numbered(number)) for number in range(2)]
    with engine.begin() as connection:
        row = dedupe_runs.begin_dedupe_run(
            connection, FINGERPRINT_VERSION, parse_limits(OFF, {}, orientations=False).as_dict()
        )
        compared_blobs.register_new(connection, row, FINGERPRINT_VERSION, "")
        compared_blobs.record_pixel_digests(connection, dict.fromkeys(shas, "pixels"))
    for sha256 in shas:
        store.path(sha256, "jpg").unlink()
    result = _search(engine, store, OFF)
    assert (result.new, result.pairs) == (2, {"pixels": 1})


def test_a_profile_counts_where_it_changes_colours() -> None:
    """The same numbers under another profile are other colours; sRGB said or not said is the same."""
    plain, srgb, adobe = (
        compute_pixel_digest(pictures.KINDS[name](), decode.ImageLimits())
        for name in ("jpeg-rgb.jpg", "jpeg-srgb-icc.jpg", "jpeg-adobergb.jpg")
    )
    assert plain == srgb
    assert plain != adobe


@pytest.mark.parametrize("removed_index", range(4))
def test_the_others_stay_grouped_when_one_of_equal_hashes_is_removed(
    engine: Engine, store: BlobStore, add_picture: AddPicture, removed_index: int
) -> None:
    """Three of equal hashes are chained and only one is paired with the fourth: whichever goes, three are left."""
    shas = [add_picture(pictures.numbered(number)) for number in range(3)]
    with engine.begin() as connection:
        near = f"{_phash(connection, shas[0]) ^ 1:016x}"
        row = connection.execute(select(blobs).where(blobs.c.sha256 == shas[0])).one()
        add_found_blob(connection, {**row._mapping, "sha256": "f" * 64, "phash": near, "width": 9})
    _search(engine, store, PHASH)
    remaining = [*shas, "f" * 64]
    with engine.begin() as connection:
        assert [len(group.members) for group in find_groups(connection)] == [4]
        delete_blob(connection, remaining.pop(removed_index))
        (group,) = find_groups(connection)
    assert {member.sha256 for member in group.members} == set(remaining)


def _phash(connection: Connection, sha256: str) -> int:
    return int(connection.execute(select(blobs.c.phash).where(blobs.c.sha256 == sha256)).scalar_one(), 16)
