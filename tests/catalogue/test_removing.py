"""What a removal takes, and what it leaves, in any collection. On both databases."""

from collections.abc import Iterable

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, func, select

from harvester.catalogue import albums, going, removing, tags, writer
from harvester.catalogue.albums import Album, Owner
from harvester.catalogue.going import Scope
from harvester.catalogue.schema import (
    album_images,
    blobs,
    collections,
    images,
    owners,
    removals,
    sightings,
    tag_log,
    verdicts,
)
from harvester.catalogue.schema import albums as album_table
from harvester.catalogue.verdicts import Verdict, decide
from harvester.items import Collection, Position, Promise
from harvester.upkeep import tagging
from tests.catalogue.test_measures import keep

SHAS = [f"{number:064x}" for number in range(5)]

_albums = st.lists(
    st.lists(st.tuples(st.integers(0, 7), st.integers(0, 4) | st.none()), max_size=5), min_size=4, max_size=4
)
_named = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 4) | st.none()), max_size=4)
_scopes = st.sampled_from(["album", "owner", "author", "imagefap", "mastodon"])


def fill(
    connection: Connection, in_albums: list[list[tuple[int, int | None]]], named: list[tuple[int, int | None]]
) -> None:
    """Two owners with two albums each, and a data set of two users; every picture that is there is tagged."""
    keep(connection, [("JPEG", False, 1, 1, 10)] * len(SHAS))
    kept = writer.collection_id(connection, Collection("imagefap", "images/imagefap", "original", "albums"))
    for number, placed in enumerate(in_albums):
        owner = albums.keep_owner(connection, Owner("imagefap", str(number // 2), f"owner {number // 2}"))
        album = albums.keep_album(connection, owner, Album(str(number), f"album {number}"))
        writer.promise(connection, kept, [Promise(str(key), "h") for key, _ in placed])
        rows = writer._rows_of(connection, kept, [str(key) for key, _ in placed])
        albums.place_images(connection, album, [(rows[str(key)], "") for key, _ in placed])
        for key, sha in placed:
            _finish(connection, rows[str(key)], sha, {})
            decide(connection, "test", [Verdict(SHAS[0], "keep", album, rows[str(key)])])
    data_set = writer.collection_id(connection, Collection("mastodon", "images/mastodon", "jpeg"))
    writer.begin_promises(connection, data_set, "a")
    writer.end_promises(connection, data_set)
    for key, sha in named:
        author, place = f"user{key % 2}@example.social", Position(key % 2, key, 0)
        writer.promise(connection, data_set, [Promise(f"https://h/{key}", "h", position=place, author=author)])
        row = writer._rows_of(connection, data_set, [f"https://h/{key}"])[f"https://h/{key}"]
        found = select(sightings.c.id).where(sightings.c.image_id == row)
        _finish(connection, row, sha, {connection.execute(found).scalar_one(): f"{place.name}.jpg"})
    tagging.add(connection, "all")
    tagging.apply(connection, "all", tags.picked(connection, SHAS))


def _finish(connection: Connection, row: int, sha: int | None, files: dict[int, str]) -> None:
    if sha is not None:
        outcome = writer.Outcome(row, "done", sha256=SHAS[sha], files=files, file_sha256=SHAS[sha])
        writer.finish(connection, [outcome])


def _scope(connection: Connection, word: str) -> Scope:
    if word == "author":
        return Scope("mastodon", author="user0@example.social")
    if word in ("imagefap", "mastodon"):
        return Scope(word)
    owner, album = connection.execute(
        select(owners.c.id, album_table.c.id).join(album_table).order_by(album_table.c.id)
    ).first() or (0, 0)
    return Scope("imagefap", album if word == "album" else None, owner)


def _shas(connection: Connection, column: object) -> set[str]:
    return {sha for sha in connection.execute(select(column)).scalars() if sha is not None}  # type: ignore[call-overload]


def _rows(connection: Connection, *tables: object) -> list[int]:
    counted: Iterable[int] = (
        connection.execute(select(func.count()).select_from(table)).scalar_one() for table in tables
    )  # type: ignore[arg-type]
    return list(counted)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(in_albums=_albums, named=_named, word=_scopes)
def test_a_removal_takes_what_nothing_else_has_and_no_more(
    connection: Connection,
    in_albums: list[list[tuple[int, int | None]]],
    named: list[tuple[int, int | None]],
    word: str,
) -> None:
    """Bytes stay while an image has them, an image while an album or a folder has it; the toll is the truth."""
    with connection.begin_nested() as example:
        fill(connection, in_albums, named)
        stray = _shas(connection, blobs.c.sha256) - _shas(connection, images.c.sha256)
        before, scope = _rows(connection, images, blobs, album_images, sightings), _scope(connection, word)
        used = _shas(connection, images.c.sha256)
        toll = going.choose(connection, scope)
        removing.note_files(connection, "site mastodon", "blobs")
        removing.remove(connection, scope)
        after = _rows(connection, images, blobs, album_images, sightings)
        assert before[0] - after[0] == toll.images
        assert before[1] - after[1] == toll.blobs == toll.bytes // 10
        assert before[2] - after[2] + before[3] - after[3] == toll.occurrences
        assert _shas(connection, blobs.c.sha256) == _shas(connection, images.c.sha256) | stray
        lost = used - _shas(connection, images.c.sha256)
        noted = connection.execute(select(removals.c.path)).scalars().all()
        assert sorted(path for path in noted if path.startswith("blobs/")) == [
            f"blobs/{s[:2]}/{s}.x" for s in sorted(lost)
        ]
        assert len(noted) == toll.blobs + toll.copies
        (tag,) = tags.tree(connection).items()
        assert _shas(connection, tags.having(*tag).subquery().c.sha256) == set(SHAS) - lost
        homeless = select(func.count()).select_from(images.outerjoin(album_images).outerjoin(sightings))
        homeless = homeless.where(album_images.c.album_id.is_(None), sightings.c.id.is_(None))
        assert connection.execute(homeless).scalar_one() == 0
        rest = {"album": 3, "owner": 2, "imagefap": 0}.get(word, 4)
        assert _rows(connection, album_table) == [rest]
        example.rollback()


def test_a_data_set_is_read_again_after_a_removal(connection: Connection) -> None:
    """Nothing of it counts as promised, so the same files promise again what was removed."""
    fill(connection, [[]] * 4, [(0, 0), (1, 1)])
    scope = Scope("mastodon", author="user0@example.social")
    going.choose(connection, scope)
    removing.remove(connection, scope)
    found = connection.execute(select(collections.c.promised).where(collections.c.site == "mastodon"))
    assert found.scalar_one() is None
    assert _rows(connection, verdicts, tag_log) == [0, 1 + len(SHAS) + 1]


def test_an_owner_without_albums_and_an_album_of_nothing_fetched_can_go(connection: Connection) -> None:
    """Both ended the old tool with an error."""
    owner = albums.keep_owner(connection, Owner("imagefap", "7", "nobody"))
    assert going.choose(connection, Scope("imagefap", owner=owner)).images == 0
    removing.remove(connection, Scope("imagefap", owner=owner))
    kept = writer.collection_id(connection, Collection("imagefap", "images/imagefap", "original", "albums"))
    writer.promise(connection, kept, [Promise("1", "h")])
    owner = albums.keep_owner(connection, Owner("imagefap", "8", "ann"))
    album = albums.keep_album(connection, owner, Album("5", "A"))
    albums.place_images(connection, album, [(writer._rows_of(connection, kept, ["1"])["1"], "")])
    assert going.choose(connection, Scope("imagefap", album, owner)).images == 1
    removing.remove(connection, Scope("imagefap", album, owner))
    assert _rows(connection, images, album_table, owners) == [0, 0, 1]
