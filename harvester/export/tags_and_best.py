"""Tags of exported pictures, and the near-duplicates that `--dedupe best` leaves out."""

from collections.abc import Callable, Iterator, Sequence

from sqlalchemy import Connection

from harvester.catalogue.sql import chunks
from harvester.catalogue.tags import tag_assignment, tag_tree
from harvester.duplicates.groups import Group, find_groups
from harvester.duplicates.proposal import propose_keeper
from harvester.export.manifest_db import ExportManifest

_SCHEMA = """
CREATE TEMP TABLE tagged (sha256 TEXT NOT NULL, place INTEGER NOT NULL, PRIMARY KEY (sha256, place)) WITHOUT ROWID;
"""


class TagIndex:
    """The tags of pictures, in a temporary table of the manifest database, because there may be millions."""

    def __init__(self, connection: Connection, manifest: ExportManifest) -> None:
        self._database = manifest.database
        self._database.executescript(_SCHEMA)
        tree = tag_assignment.load_tree(connection)
        sorted_tags = sorted((tag_tree.tag_path(tree, tag_id), tag_id) for tag_id in tree)
        self._paths = [path for path, _ in sorted_tags]
        self._database.execute("BEGIN")
        for index, (_, tag_id) in enumerate(sorted_tags):
            rows = connection.execute(tag_assignment.pictures_with_tag(tag_id, tree[tag_id]))
            self._database.executemany("INSERT INTO tagged VALUES (?, ?)", ((row.sha256, index) for row in rows))
        self._database.execute("COMMIT")

    def find_paths(self, sha256s: Sequence[str]) -> dict[str, list[str]]:
        """The sorted tag paths (`parent/child`) of these pictures, by sha256."""
        paths: dict[str, list[str]] = {}
        for chunk in chunks(sha256s):
            placeholders = ", ".join("?" * len(chunk))
            query = f"SELECT sha256, place FROM tagged WHERE sha256 IN ({placeholders}) ORDER BY place"  # noqa: S608
            for sha256, index in self._database.execute(query, chunk):
                paths.setdefault(sha256, []).append(self._paths[index])
        return paths

    def find_pictures(self, path: str | None) -> Iterator[str]:
        """The pictures (sha256) with this tag, or with any tag if None."""
        if path is None:
            rows = self._database.execute("SELECT DISTINCT sha256 FROM tagged")
        else:
            index = self._paths.index(path)
            rows = self._database.execute("SELECT sha256 FROM tagged WHERE place = ?", (index,))
        return (row[0] for row in rows)


def inferior_duplicates(connection: Connection, is_exported: Callable[[str], bool]) -> Iterator[str]:
    """Undecided pictures (sha256) of which a better near-duplicate is exported, too.

    A picture that a verdict keeps is better than a new one; among new ones, the proposal of `scrapy dedupe` is best.
    """
    for group in find_groups(connection):
        remaining = [
            member for member in group.members if member.verdict in ("new", "keep") and is_exported(member.sha256)
        ]
        new = [member for member in remaining if member.verdict == "new"]
        best_member = propose_keeper(Group(tuple(new))).member if new and len(new) == len(remaining) else None
        yield from (member.sha256 for member in new if member is not best_member)
