"""Albums, tags and verdicts: order is kept, logs only grow, the present follows from them. On both databases."""

from sqlalchemy import Connection, func, select

from harvester.catalogue import albums, writer
from harvester.catalogue.albums import Album, Owner
from harvester.catalogue.duplicates import verdicts
from harvester.catalogue.duplicates.verdicts import Verdict
from harvester.catalogue.schema import album_images, tag_log
from harvester.catalogue.schema import albums as album_table
from harvester.catalogue.tags import tag_assignment
from harvester.items import Collection, DiscoveredImage

SHA = "ab" * 32


def _images(connection: Connection, *keys: str) -> list[int]:
    collection = writer.get_or_create_collection(connection, Collection("imagefap", "images", "original"))
    writer.record_discovered(connection, collection, [DiscoveredImage(key, "h") for key in keys])
    return [writer.rows_by_key(connection, collection, list(keys))[key] for key in keys]


def _album(connection: Connection) -> int:
    return albums.upsert_album(
        connection, albums.upsert_owner(connection, Owner("imagefap", "1", "ann")), Album("5", "A")
    )


def test_an_image_keeps_its_place_in_an_album(connection: Connection) -> None:
    """New images come last, known ones stay where they are, whatever order they are listed in."""
    album, (a, b, c, d) = _album(connection), _images(connection, "a", "b", "c", "d")
    assert albums.append_images(connection, album, [(b, ""), (a, "a.jpg")]) == 2
    assert albums.append_images(connection, album, [(c, ""), (a, ""), (d, ""), (c, "")]) == 2
    order = select(album_images.c.image_id).where(album_images.c.album_id == album).order_by(album_images.c.position)
    assert list(connection.execute(order).scalars()) == [b, a, c, d]


def test_what_is_newer_about_an_album_replaces_what_is_older(connection: Connection) -> None:
    """Names change, times and pages only grow, an empty name says nothing."""
    owner = albums.upsert_owner(connection, Owner("imagefap", "1", "ann", listed_at=10))
    assert albums.upsert_owner(connection, Owner("imagefap", "1", "", listed_at=5)) == owner
    first = albums.upsert_album(connection, owner, Album("5", "A", pages=4, read_at=10))
    assert albums.upsert_album(connection, owner, Album("5", "B", pages=3, read_at=None, finished_at=7)) == first
    (row,) = connection.execute(select(album_table))
    assert (row.name, row.pages, row.read_at, row.finished_at) == ("B", 4, 10, 7)


def test_the_tree_of_tags_follows_from_the_log(connection: Connection) -> None:
    """Numbers are the smallest free; a tag made again under an old number has nothing of the old one's pictures."""
    change = tag_assignment.begin_change(connection, "test")
    first = tag_assignment.add_tag(connection, change, "Places")
    second = tag_assignment.add_tag(connection, change, "Lakes", first)
    assert (first, second, tag_assignment.add_tag(connection, change, "Good", preferred_number=7)) == (1, 2, 7)
    assert [
        tag_assignment.apply_tag(connection, change, number, tag_assignment.from_list(connection, [SHA]))
        for number in (2, 7, 2)
    ] == [
        1,
        1,
        0,
    ]
    tag_assignment.append(connection, change, "rename", 1, name="places")
    assert tag_assignment.clear_tag(connection, change, 7, tag_assignment.from_list(connection, [SHA, "cd" * 32])) == 1
    tag_assignment.append(connection, change, "move", 7, parent_id=1)
    assert _tagged(connection) == {2: [SHA], 7: []} | {1: []}
    tag_assignment.append(connection, change, "delete", 2)
    assert {number: (tag.name, tag.parent) for number, tag in tag_assignment.load_tree(connection).items()} == {
        1: ("places", None),
        7: ("Good", 1),
    }
    assert tag_assignment.add_tag(connection, change, "Rivers") == 2
    assert _tagged(connection) == {1: [], 2: [], 7: []}
    assert connection.execute(select(func.count()).select_from(tag_log)).scalar_one() == 3 + 2 + 4 + 1


def _tagged(connection: Connection) -> dict[int, list[str]]:
    tree = tag_assignment.load_tree(connection)
    return {
        number: list(connection.execute(tag_assignment.pictures_with_tag(number, tag)).scalars())
        for number, tag in tree.items()
    }


def test_a_decision_is_kept_as_it_was_made(connection: Connection) -> None:
    """Each look at a group is one decision; the same verdicts from elsewhere are another origin's."""
    group = [Verdict(SHA, "keep"), Verdict("cd" * 32, "false")]
    first, second = (
        verdicts.record_decision(connection, "test", group),
        verdicts.record_decision(connection, "test", group[:1]),
    )
    assert first < second
    assert verdicts.past_decisions(connection, "test") == {frozenset(group), frozenset(group[:1])}
    assert verdicts.past_decisions(connection, "review") == set()
