"""What a removal takes, and what it leaves, in any collection. On both databases."""

from collections.abc import Iterable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, func, select

from harvester.catalogue import albums, listings, removing, writer
from harvester.catalogue.albums import Album, Owner
from harvester.catalogue.duplicates.verdicts import Verdict, record_decision
from harvester.catalogue.removing import RemovalScope
from harvester.catalogue.schema import (
    album_images,
    blobs,
    collections,
    images,
    pending_deletes,
    placements,
    site_users,
    tag_log,
    verdicts,
)
from harvester.catalogue.schema import albums as album_table
from harvester.catalogue.schema import listings as listing_table
from harvester.catalogue.tags import tag_assignment
from harvester.items import Collection, DatasetPosition, DiscoveredImage, ListingPage
from harvester.maintenance import tagging
from tests.catalogue.test_statistics import insert_blobs

SHAS = [f"{number:064x}" for number in range(5)]

_albums = st.lists(
    st.lists(st.tuples(st.integers(0, 7), st.integers(0, 4) | st.none()), max_size=5), min_size=4, max_size=4
)
_named = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 4) | st.none()), max_size=4)
_scopes = st.sampled_from(["album", "owner", "author", "imagefap", "mastodon"])


def fill_catalogue(
    connection: Connection, in_albums: list[list[tuple[int, int | None]]], named: list[tuple[int, int | None]]
) -> None:
    """Two owners with two albums each, and a data set of two users; every picture that is there is tagged."""
    insert_blobs(connection, [("JPEG", False, 1, 1, 10)] * len(SHAS))
    collection_id = writer.get_or_create_collection(
        connection, Collection("imagefap", "images/imagefap", "original", "albums")
    )
    for number, placed in enumerate(in_albums):
        owner = albums.upsert_owner(connection, Owner("imagefap", str(number // 2), f"owner {number // 2}"))
        album = albums.upsert_album(connection, owner, Album(str(number), f"album {number}"))
        writer.record_discovered(connection, collection_id, [DiscoveredImage(str(key), "h") for key, _ in placed])
        rows = writer.rows_by_key(connection, collection_id, [str(key) for key, _ in placed])
        albums.append_images(connection, album, [(rows[str(key)], "") for key, _ in placed])
        for key, sha in placed:
            _finish(connection, rows[str(key)], sha, {})
            record_decision(connection, "test", [Verdict(SHAS[0], "keep", album, rows[str(key)])])
    data_set = writer.get_or_create_collection(connection, Collection("mastodon", "images/mastodon", "jpeg"))
    writer.begin_discovery(connection, data_set, "a")
    writer.end_discovery(connection, data_set)
    for key, sha in named:
        author, place = f"user{key % 2}@example.social", DatasetPosition(key % 2, key, 0)
        writer.record_discovered(
            connection, data_set, [DiscoveredImage(f"https://h/{key}", "h", position=place, author=author)]
        )
        row = writer.rows_by_key(connection, data_set, [f"https://h/{key}"])[f"https://h/{key}"]
        query = select(placements.c.id).where(placements.c.image_id == row)
        _finish(connection, row, sha, {connection.execute(query).scalar_one(): f"{place.name}.jpg"})
    tagging.add_tag(connection, "all")
    tagging.apply_tag(connection, "all", tag_assignment.from_list(connection, SHAS))


def _finish(connection: Connection, row: int, sha: int | None, files: dict[int, str]) -> None:
    if sha is not None:
        outcome = writer.ImageOutcome(row, "done", sha256=SHAS[sha], files=files, file_sha256=SHAS[sha])
        writer.record_outcomes(connection, [outcome])


def _removal_scope(connection: Connection, word: str) -> RemovalScope:
    if word == "author":
        return RemovalScope("mastodon", author="user0@example.social")
    if word in ("imagefap", "mastodon"):
        return RemovalScope(word)
    owner, album = connection.execute(
        select(site_users.c.id, album_table.c.id).join(album_table).order_by(album_table.c.id)
    ).first() or (0, 0)
    return RemovalScope("imagefap", album if word == "album" else None, owner)


def _shas(connection: Connection, column: object) -> set[str]:
    return {sha for sha in connection.execute(select(column)).scalars() if sha is not None}  # type: ignore[call-overload]


def _count_rows(connection: Connection, *tables: object) -> list[int]:
    counted: Iterable[int] = (
        connection.execute(select(func.count()).select_from(table)).scalar_one() for table in tables
    )  # type: ignore[arg-type]
    return list(counted)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(in_albums=_albums, named=_named, word=_scopes)
def test_a_removal_deletes_only_what_nothing_else_uses(
    connection: Connection,
    in_albums: list[list[tuple[int, int | None]]],
    named: list[tuple[int, int | None]],
    word: str,
) -> None:
    """Bytes stay while an image has them, an image while an album or a folder has it; the toll is the truth."""
    with connection.begin_nested() as example:
        fill_catalogue(connection, in_albums, named)
        stray = _shas(connection, blobs.c.sha256) - _shas(connection, images.c.sha256)
        before, scope = (
            _count_rows(connection, images, blobs, album_images, placements),
            _removal_scope(connection, word),
        )
        used = _shas(connection, images.c.sha256)
        summary = removing.select_for_removal(connection, scope)
        removing.record_files(connection, "site mastodon", "blobs")
        removing.remove_selected(connection, scope)
        after = _count_rows(connection, images, blobs, album_images, placements)
        assert before[0] - after[0] == summary.images
        assert before[1] - after[1] == summary.blobs == summary.bytes // 10
        assert before[2] - after[2] + before[3] - after[3] == summary.occurrences
        assert _shas(connection, blobs.c.sha256) == _shas(connection, images.c.sha256) | stray
        lost = used - _shas(connection, images.c.sha256)
        paths = connection.execute(select(pending_deletes.c.path)).scalars().all()
        assert sorted(path for path in paths if path.startswith("blobs/")) == [
            f"blobs/{s[:2]}/{s}.x" for s in sorted(lost)
        ]
        assert len(paths) == summary.blobs + summary.output_files
        (tag,) = tag_assignment.load_tree(connection).items()
        assert _shas(connection, tag_assignment.pictures_with_tag(*tag).subquery().c.sha256) == set(SHAS) - lost
        orphans = select(func.count()).select_from(images.outerjoin(album_images).outerjoin(placements))
        orphans = orphans.where(album_images.c.album_id.is_(None), placements.c.id.is_(None))
        assert connection.execute(orphans).scalar_one() == 0
        albums_left = {"album": 3, "owner": 2, "imagefap": 0}.get(word, 4)
        assert _count_rows(connection, album_table) == [albums_left]
        example.rollback()


def test_a_data_set_is_read_again_after_a_removal(connection: Connection) -> None:
    """Nothing of it counts as expected, so the same files list again what was removed."""
    fill_catalogue(connection, [[]] * 4, [(0, 0), (1, 1)])
    scope = RemovalScope("mastodon", author="user0@example.social")
    removing.select_for_removal(connection, scope)
    removing.remove_selected(connection, scope)
    result = connection.execute(select(collections.c.discovered_from).where(collections.c.site == "mastodon"))
    assert result.scalar_one() is None
    assert _count_rows(connection, verdicts, tag_log) == [0, 1 + len(SHAS) + 1]


def test_an_empty_owner_and_an_unfetched_album_can_be_removed(connection: Connection) -> None:
    """Both ended the old tool with an error."""
    owner = albums.upsert_owner(connection, Owner("imagefap", "7", "nobody"))
    assert removing.select_for_removal(connection, RemovalScope("imagefap", owner=owner)).images == 0
    removing.remove_selected(connection, RemovalScope("imagefap", owner=owner))
    collection_id = writer.get_or_create_collection(
        connection, Collection("imagefap", "images/imagefap", "original", "albums")
    )
    writer.record_discovered(connection, collection_id, [DiscoveredImage("1", "h")])
    owner = albums.upsert_owner(connection, Owner("imagefap", "8", "ann"))
    album = albums.upsert_album(connection, owner, Album("5", "A"))
    albums.append_images(connection, album, [(writer.rows_by_key(connection, collection_id, ["1"])["1"], "")])
    assert removing.select_for_removal(connection, RemovalScope("imagefap", album, owner)).images == 1
    removing.remove_selected(connection, RemovalScope("imagefap", album, owner))
    assert _count_rows(connection, images, album_table, site_users) == [0, 0, 1]


def _list_albums(connection: Connection, owner_row: int, album: Album) -> None:
    """What a crawl of one album of an owner leaves: a listing of the list, one of the album."""
    collection_id = writer.get_or_create_collection(
        connection, Collection("imagefap", "images/imagefap", "original", "albums")
    )
    listed = listings.begin_listing(connection, collection_id, f"list of {owner_row}")
    albums.record_list_page(connection, collection_id, listed.row, ListingPage(), owner_row, [album], True)
    read = listings.begin_listing(connection, collection_id, f"album {album.key}")
    albums.record_album_page(connection, collection_id, read.row, ListingPage(), owner_row, album, [], {})


@pytest.mark.parametrize(
    ("word", "left"), [("album", ["album 2", "album 3", "list of 2"]), ("owner", ["album 3", "list of 2"])]
)
def test_listings_go_with_the_album_or_the_owner(connection: Connection, word: str, left: list[str]) -> None:
    """The list of the owner's albums goes with any of them; other albums and other owners keep theirs."""
    ann, bob = (albums.upsert_owner(connection, Owner("imagefap", key, key)) for key in ("1", "2"))
    for owner, key in ((ann, "1"), (ann, "2"), (bob, "3")):
        _list_albums(connection, owner, Album(key, key))
    names = {ann: "list of 1", bob: "list of 2"}
    album = connection.execute(select(album_table.c.id).where(album_table.c.key == "1")).scalar_one()
    scope = RemovalScope("imagefap", album if word == "album" else None, ann)
    removing.select_for_removal(connection, scope)
    removing.remove_selected(connection, scope)
    queries = connection.execute(select(listing_table.c.query)).scalars()
    assert sorted(names.get(int(query[8:]), query) if query.startswith("list") else query for query in queries) == left


def test_a_removal_knows_the_sidecars_of_a_crawl_that_died(connection: Connection) -> None:
    """They were noted before they were written, and the picture has no file yet."""
    collection_id = writer.get_or_create_collection(connection, Collection("civitai", "images/civitai", "rgb", "flat"))
    writer.record_discovered(connection, collection_id, [DiscoveredImage("1", "h", path="1")])
    placement = connection.execute(select(placements.c.id)).scalar_one()
    writer.record_sidecars(connection, {placement: {"1.json": SHAS[1], "1.txt": SHAS[2]}})
    removing.select_for_removal(connection, RemovalScope("civitai"))
    sidecars = list(removing.iter_selected_sidecars(connection))
    assert sorted(sidecars) == [(collection_id, "1.json", SHAS[1]), (collection_id, "1.txt", SHAS[2])]
