"""Import of albums and their order, tags and verdicts into the catalogue.

Each function is one part of a caller's transaction and imports nothing twice.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection

from harvester.catalogue import albums
from harvester.catalogue.duplicates import verdicts
from harvester.catalogue.tags import tag_assignment
from harvester.spiders.imagefap.old_database.records import OldBlob, OldDatabase, OldFolder


@dataclass
class ImportReport:
    """Numbers of what was imported, and one sentence for everything that was not."""

    counts: dict[str, int] = field(default_factory=dict)
    complaints: list[str] = field(default_factory=list)

    def count(self, label: str, number: int = 1) -> None:
        """Add to a count."""
        self.counts[label] = self.counts.get(label, 0) + number


ORIGIN = "import-favorites"

SITE_NAME = "imagefap"


def import_albums(
    connection: Connection, old_database: OldDatabase, image_rows: Mapping[int, int], report: ImportReport
) -> dict[tuple[int, int], int]:
    """Import site users and folders with their order.

    Failed images, which the old tool took out of the order, come last.
    Returns the row of every album by user and folder.
    """
    names = {
        (placement.user, placement.folder, placement.image): placement.file
        for blob in old_database.blobs
        for placement in blob.placements
    }
    owners = {
        user.id: albums.upsert_owner(
            connection, albums.Owner(SITE_NAME, str(user.id), user.name, user.listed_at, user.finished_at)
        )
        for user in old_database.users
    }
    album_rows: dict[tuple[int, int], int] = {}
    for folder in old_database.folders:
        if folder.user not in owners:
            owners[folder.user] = albums.upsert_owner(connection, albums.Owner(SITE_NAME, str(folder.user), ""))
        album = albums.Album(str(folder.id), folder.name, "pictures", folder.pages, folder.read_at, folder.finished_at)
        album_row = album_rows[folder.user, folder.id] = albums.upsert_album(connection, owners[folder.user], album)
        placements = [(image_rows[image], name) for image, name in _ordered_images(folder, names)]
        report.count("places in folders", len(placements))
        albums.append_images(connection, album_row, placements)
    report.count("users", len(owners))
    report.count("folders", len(album_rows))
    return album_rows


def _ordered_images(folder: OldFolder, names: Mapping[tuple[int, int, int], str]) -> Iterator[tuple[int, str]]:
    for image in folder.images:
        yield image, names.get((folder.user, folder.id, image), "")
    latest = {failure.image: failure.name for failure in folder.failed}
    yield from ((image, name) for image, name in latest.items() if image not in folder.images)


def import_tags(connection: Connection, old_database: OldDatabase, report: ImportReport) -> None:
    """Import tags by name, because names are unique in the whole tree; existing tags are reused."""
    change = tag_assignment.begin_change(connection, ORIGIN)
    tag_by_name = {tag.name.casefold(): tag_id for tag_id, tag in tag_assignment.load_tree(connection).items()}
    tag_id_of: dict[int, int] = {}
    for tag in old_database.tags:
        name = tag.name.casefold()
        if name not in tag_by_name:
            parent = None if tag.parent is None else tag_id_of[tag.parent]
            tag_by_name[name] = tag_assignment.add_tag(connection, change, tag.name, parent, tag.id)
        tag_id_of[tag.id] = tag_by_name[name]
    report.count("tags", len(old_database.tags))
    report.count("tags on images", sum(len(blob.tags) for blob in old_database.blobs))
    pictures_by_tag: dict[int, list[str]] = {}
    for blob in old_database.blobs:
        for old_tag in blob.tags:
            pictures_by_tag.setdefault(tag_id_of[old_tag], []).append(blob.sha256)
    for tag_id, pictures in sorted(pictures_by_tag.items()):
        tag_assignment.apply_tag(connection, change, tag_id, tag_assignment.from_list(connection, pictures))
    tag_assignment.close_change(connection, change)


def import_verdicts(
    connection: Connection, old_database: OldDatabase, image_rows: Mapping[int, int],
    album_rows: Mapping[tuple[int, int], int], report: ImportReport,
) -> None:  # fmt: skip
    """Import verdicts; undecided groups are left out, because a search finds them again."""
    recorded = verdicts.past_decisions(connection, ORIGIN)
    groups = [[verdicts.Verdict(sha, verdict) for sha, verdict in group.items()] for group in old_database.groups]
    placement_groups = [_placement_verdicts(blob, image_rows, album_rows) for blob in old_database.blobs]
    for group in groups + placement_groups:
        if any(member.verdict != "new" for member in group):
            report.count("decisions")
            if frozenset(group) not in recorded:
                verdicts.record_decision(connection, ORIGIN, group)


def _placement_verdicts(
    blob: OldBlob, image_rows: Mapping[int, int], album_rows: Mapping[tuple[int, int], int]
) -> list[verdicts.Verdict]:
    return [
        verdicts.Verdict(
            blob.sha256, placement.verdict, album_rows[placement.user, placement.folder], image_rows[placement.image]
        )
        for placement in blob.placements
        if (placement.user, placement.folder) in album_rows
    ]
