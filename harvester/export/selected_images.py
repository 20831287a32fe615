"""Selected images of an export: their order, and the reasons why some are skipped.

The mode `all` exports every image that is done. `keep` exports every picture once, without those that a verdict skips.
`best` also exports only the best picture of each undecided group of near-duplicates. The list is a temporary table of
the manifest database, so that a million images need no memory.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from sqlalchemy import ColumnElement, Connection

from harvester.catalogue.export_rows import iter_in_export_order
from harvester.export.manifest_db import ExportManifest

NO_PICTURE, SAME_BYTES, VERDICT_SKIP, BETTER_DUPLICATE, UNTAGGED = (
    "not done", "same bytes as another", "verdict skip", "a near-duplicate is better", "untagged",
)  # fmt: skip
WRONG_FORMAT, NOT_IN_DATA_SET, REMOVED = "not for this format", "not from a data set", "removed during the export"
"""Reasons why an image is skipped."""

_BATCH_SIZE = 500

_SCHEMA = """
CREATE TEMP TABLE picked (
    n INTEGER PRIMARY KEY, image INTEGER NOT NULL, collection INTEGER NOT NULL, sha256 TEXT, fate TEXT NOT NULL,
    wished INTEGER NOT NULL
);
CREATE INDEX temp.picked_sha256 ON picked (sha256, n);
CREATE INDEX temp.picked_image ON picked (image);
CREATE TEMP TABLE left_out (sha256 TEXT PRIMARY KEY, fate TEXT NOT NULL) WITHOUT ROWID;
"""

_INSERT = "INSERT INTO picked VALUES (NULL, ?, ?, ?, ?, ?)"
_SKIP_LISTED = """
UPDATE picked SET fate = (SELECT fate FROM left_out WHERE left_out.sha256 = picked.sha256)
WHERE fate = '' AND sha256 IN (SELECT sha256 FROM left_out)
"""
_SKIP_UNLISTED = """
UPDATE picked SET fate = ? WHERE fate = '' AND (sha256 IS NULL OR sha256 NOT IN (SELECT sha256 FROM left_out))
"""
_SKIP_REPEATED = """
UPDATE picked SET fate = ? WHERE fate = '' AND n NOT IN (
    SELECT n FROM (SELECT n, row_number() OVER (PARTITION BY sha256 ORDER BY wished DESC, n) AS place FROM picked
                   WHERE fate = '') WHERE place = 1
)
"""

ImageConditions = Sequence[ColumnElement[bool]]
"""Conditions on the table `images`."""


class SelectedImages:
    """The images of one export."""

    def __init__(self, manifest: ExportManifest) -> None:
        self._database = manifest.database
        self._database.executescript(_SCHEMA)

    def add(self, connection: Connection, conditions: ImageConditions, *, any_status: bool) -> None:
        """Add the images that meet the conditions, ordered by site user, album and position, then those in no album.

        With `any_status` images without a picture are exported, too, as rows.
        """
        self._database.execute("BEGIN")
        for row in iter_in_export_order(connection, conditions):
            reason = "" if any_status or (row.status == "done" and row.sha256) else NO_PICTURE
            self._database.execute(_INSERT, (row.id, row.collection_id, row.sha256, reason, bool(row.wished)))
        self._database.execute("COMMIT")

    def skip_pictures(self, sha256s: Iterable[str], reason: str) -> None:
        """Skip these pictures."""
        self._database.execute("BEGIN")
        self._database.executemany("INSERT OR IGNORE INTO left_out VALUES (?, ?)", ((sha, reason) for sha in sha256s))
        self._database.execute(_SKIP_LISTED)
        self._database.execute("DELETE FROM left_out")
        self._database.execute("COMMIT")

    def keep_only(self, sha256s: Iterable[str], reason: str) -> None:
        """Skip all but these pictures."""
        self._database.execute("BEGIN")
        self._database.executemany("INSERT OR IGNORE INTO left_out VALUES (?, '')", ((sha,) for sha in sha256s))
        self._database.execute(_SKIP_UNLISTED, (reason,))
        self._database.execute("DELETE FROM left_out")
        self._database.execute("COMMIT")

    def skip_same_bytes(self) -> None:
        """Select each picture once: at the placement that a verdict keeps, else at its first placement."""
        self._database.execute(_SKIP_REPEATED, (SAME_BYTES,))

    def skip_image(self, image: int, reason: str) -> None:
        """Skip one image."""
        self._database.execute("UPDATE picked SET fate = ? WHERE image = ?", (reason, image))

    def count_in_collection(self, collection_id: int) -> int:
        """The number of selected images of a collection that are not skipped."""
        query = "SELECT count(*) FROM picked WHERE collection = ? AND fate = ''"
        return int(self._database.execute(query, (collection_id,)).fetchone()[0])

    def skip_collection(self, collection_id: int, reason: str) -> None:
        """Skip all images of a collection."""
        self._database.execute("UPDATE picked SET fate = ? WHERE collection = ? AND fate = ''", (reason, collection_id))

    @property
    def skipped(self) -> Counter[str]:
        """The number of skipped images by reason."""
        rows = self._database.execute("SELECT fate, count(*) FROM picked WHERE fate <> '' GROUP BY fate")
        return Counter(dict(rows))

    @property
    def total(self) -> int:
        """The number of selected images, with the skipped ones."""
        return int(self._database.execute("SELECT count(*) FROM picked").fetchone()[0])

    def has_picture(self, sha256: str) -> bool:
        """Whether a picture is selected and not skipped."""
        query = "SELECT 1 FROM picked WHERE sha256 = ? AND fate = '' LIMIT 1"
        return self._database.execute(query, (sha256,)).fetchone() is not None

    def batches(self) -> Iterator[list[tuple[int, int]]]:
        """(number in the order, image) of the images that are not skipped, in batches."""
        after = 0
        query = "SELECT n, image FROM picked WHERE fate = '' AND n > ? ORDER BY n LIMIT ?"
        while rows := self._database.execute(query, (after, _BATCH_SIZE)).fetchall():
            after = rows[-1][0]
            yield rows
