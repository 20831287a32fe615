"""What people and the old tool noted about images, into the catalogue: albums and their order, tags, verdicts.

Each function is one part of a caller's transaction, and notes nothing twice.
"""

from collections.abc import Iterator, Mapping

from sqlalchemy import Connection

from harvester.catalogue import albums, tags, verdicts
from harvester.favorites.records import Blob, Folder, OldBase
from harvester.favorites.report import Report

ORIGIN = "import-favorites"
SITE_NAME = "imagefap"


def note_albums(
    connection: Connection, base: OldBase, rows: Mapping[int, int], report: Report
) -> dict[tuple[int, int], int]:
    """Owners and folders, order kept; failed images, which the old tool took out of the order, come last.

    Returns the row of every album by user and folder.
    """
    names = {(p.user, p.folder, p.image): p.file for blob in base.blobs for p in blob.places}
    owners = {
        user.id: albums.keep_owner(
            connection, albums.Owner(SITE_NAME, str(user.id), user.name, user.listed_at, user.finished_at)
        )
        for user in base.users
    }
    found: dict[tuple[int, int], int] = {}
    for folder in base.folders:
        if folder.user not in owners:
            owners[folder.user] = albums.keep_owner(connection, albums.Owner(SITE_NAME, str(folder.user), ""))
        album = albums.Album(str(folder.id), folder.name, "pictures", folder.pages, folder.read_at, folder.finished_at)
        row = found[folder.user, folder.id] = albums.keep_album(connection, owners[folder.user], album)
        placed = [(rows[image], name) for image, name in _ordered(folder, names)]
        report.count("places in folders", len(placed))
        albums.place_images(connection, row, placed)
    report.count("users", len(owners))
    report.count("folders", len(found))
    return found


def _ordered(folder: Folder, names: Mapping[tuple[int, int, int], str]) -> Iterator[tuple[int, str]]:
    for image in folder.images:
        yield image, names.get((folder.user, folder.id, image), "")
    latest = {failure.image: failure.name for failure in folder.failed}
    yield from ((image, name) for image, name in latest.items() if image not in folder.images)


def note_tags(connection: Connection, base: OldBase, report: Report) -> None:
    """Tags by name, because names are unique in the whole tree; one that is there already is used."""
    change = tags.begin(connection, ORIGIN)
    known = {tag.name.casefold(): number for number, tag in tags.tree(connection).items()}
    number_of: dict[int, int] = {}
    for tag in base.tags:
        name = tag.name.casefold()
        if name not in known:
            parent = None if tag.parent is None else number_of[tag.parent]
            known[name] = tags.add(connection, change, tag.name, parent, tag.id)
        number_of[tag.id] = known[name]
    report.count("tags", len(base.tags))
    report.count("tags on pictures", sum(len(blob.tags) for blob in base.blobs))
    having: dict[int, list[str]] = {}
    for blob in base.blobs:
        for old in blob.tags:
            having.setdefault(number_of[old], []).append(blob.sha256)
    for number, pictures in sorted(having.items()):
        tags.apply(connection, change, number, tags.picked(connection, pictures))
    tags.close(connection, change)


def note_verdicts(
    connection: Connection, base: OldBase, rows: Mapping[int, int], album_rows: Mapping[tuple[int, int], int],
    report: Report,
) -> None:  # fmt: skip
    """Groups in which nothing was decided are left out: they will be found again."""
    known = verdicts.decided(connection, ORIGIN)
    groups = [[verdicts.Verdict(sha, verdict) for sha, verdict in group.items()] for group in base.groups]
    places = [_on_places(blob, rows, album_rows) for blob in base.blobs]
    for group in groups + places:
        if any(one.verdict != "new" for one in group):
            report.count("decisions")
            if frozenset(group) not in known:
                verdicts.decide(connection, ORIGIN, group)


def _on_places(
    blob: Blob, rows: Mapping[int, int], album_rows: Mapping[tuple[int, int], int]
) -> list[verdicts.Verdict]:
    return [
        verdicts.Verdict(blob.sha256, place.verdict, album_rows[place.user, place.folder], rows[place.image])
        for place in blob.places
        if (place.user, place.folder) in album_rows
    ]
