"""What people said of pictures: their tags, and which of the look-alikes are left out."""

from collections.abc import Callable, Iterator, Sequence

from sqlalchemy import Connection

from harvester.catalogue import tags, tagtree
from harvester.catalogue.queries import chunks
from harvester.duplicates.best import best
from harvester.duplicates.groups import Group, groups
from harvester.export.sets.ledger import Ledger

_SCHEMA = """
CREATE TEMP TABLE tagged (sha256 TEXT NOT NULL, place INTEGER NOT NULL, PRIMARY KEY (sha256, place)) WITHOUT ROWID;
"""


class Tags:
    """The tags of pictures, in a temporary file of the ledger's, as there may be millions."""

    def __init__(self, connection: Connection, ledger: Ledger) -> None:
        self._database = ledger.database
        self._database.executescript(_SCHEMA)
        tree = tags.tree(connection)
        found = sorted((tagtree.path(tree, number), number) for number in tree)
        self._paths = [path for path, _ in found]
        self._database.execute("BEGIN")
        for place, (_, number) in enumerate(found):
            rows = connection.execute(tags.having(number, tree[number]))
            self._database.executemany("INSERT INTO tagged VALUES (?, ?)", ((row.sha256, place) for row in rows))
        self._database.execute("COMMIT")

    def of(self, sha256s: Sequence[str]) -> dict[str, list[str]]:
        """sha256 -> the paths of its tags, `parent/child`, sorted."""
        found: dict[str, list[str]] = {}
        for chunk in chunks(sha256s):
            marks = ", ".join("?" * len(chunk))
            query = f"SELECT sha256, place FROM tagged WHERE sha256 IN ({marks}) ORDER BY place"  # noqa: S608
            for sha256, place in self._database.execute(query, chunk):
                found.setdefault(sha256, []).append(self._paths[place])
        return found

    def pictures(self, path: str | None) -> Iterator[str]:
        """Those with this tag, or with any."""
        if path is None:
            rows = self._database.execute("SELECT DISTINCT sha256 FROM tagged")
        else:
            place = self._paths.index(path)
            rows = self._database.execute("SELECT sha256 FROM tagged WHERE place = ?", (place,))
        return (row[0] for row in rows)


def worse(connection: Connection, taken: Callable[[str], bool]) -> Iterator[str]:
    """Those of the pictures that are taken of which a better look-alike is taken, and which nobody has decided on.

    What a person keeps is better than what is new; among the new ones the proposal of `scrapy dedupe` counts.
    """
    for group in groups(connection):
        left = [one for one in group.members if one.verdict in ("new", "keep") and taken(one.sha256)]
        new = [one for one in left if one.verdict == "new"]
        chosen = best(Group(tuple(new))).member if new and len(new) == len(left) else None
        yield from (one.sha256 for one in new if one is not chosen)
