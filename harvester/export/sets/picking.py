"""Which of the selected images are exported, in which order, and why the others are not.

`all` takes every image that is done, `keep` every picture once and without those that a person's verdict skips, `best`
also only the best of each group of look-alikes that nobody has decided on. The list lies in the ledger's database, in a
temporary file: a million images need no memory.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, select
from sqlalchemy.sql.selectable import Select

from harvester.catalogue import verdicts
from harvester.catalogue.schema import album_images, albums, images
from harvester.export.sets.ledger import Ledger

NO_PICTURE, SAME_BYTES, VERDICT, LOOK_ALIKE, UNTAGGED = (
    "no picture", "same bytes as another", "verdict skip", "a look-alike is better", "untagged",
)  # fmt: skip
NOT_FOR_THIS, NO_DATA_SET, GONE = "not for this format", "not of a data set", "removed meanwhile"
"""Why an image is skipped."""

_AT_ONCE = 500

_SCHEMA = """
CREATE TEMP TABLE picked (
    n INTEGER PRIMARY KEY, image INTEGER NOT NULL, collection INTEGER NOT NULL, sha256 TEXT, fate TEXT NOT NULL,
    wished INTEGER NOT NULL
);
CREATE INDEX temp.picked_sha256 ON picked (sha256, n);
CREATE INDEX temp.picked_image ON picked (image);
CREATE TEMP TABLE left_out (sha256 TEXT PRIMARY KEY, fate TEXT NOT NULL) WITHOUT ROWID;
"""

_PICK = "INSERT INTO picked VALUES (NULL, ?, ?, ?, ?, ?)"
_LEAVE_OUT = """
UPDATE picked SET fate = (SELECT fate FROM left_out WHERE left_out.sha256 = picked.sha256)
WHERE fate = '' AND sha256 IN (SELECT sha256 FROM left_out)
"""
_TAKE_ONLY = """
UPDATE picked SET fate = ? WHERE fate = '' AND (sha256 IS NULL OR sha256 NOT IN (SELECT sha256 FROM left_out))
"""
_ONCE = """
UPDATE picked SET fate = ? WHERE fate = '' AND n NOT IN (
    SELECT n FROM (SELECT n, row_number() OVER (PARTITION BY sha256 ORDER BY wished DESC, n) AS place FROM picked
                   WHERE fate = '') WHERE place = 1
)
"""

Fitting = Sequence[ColumnElement[bool]]
"""Conditions on the table `images`."""


class Picks:
    """The images of one export."""

    def __init__(self, ledger: Ledger) -> None:
        self._database = ledger.database
        self._database.executescript(_SCHEMA)

    def add(self, connection: Connection, fitting: Fitting, *, any_status: bool) -> None:
        """Write down the images that fit, in the order of user, album and position, then those in no album.

        With `any_status` those without a picture are exported as well: as rows.
        """
        rows = connection.execute(_ordered(fitting).execution_options(yield_per=_AT_ONCE))
        self._database.execute("BEGIN")
        for row in rows:
            fate = "" if any_status or (row.status == "done" and row.sha256) else NO_PICTURE
            self._database.execute(_PICK, (row.id, row.collection_id, row.sha256, fate, bool(row.wished)))
        self._database.execute("COMMIT")

    def leave_out(self, sha256s: Iterable[str], fate: str) -> None:
        """Skip these pictures."""
        self._database.execute("BEGIN")
        self._database.executemany("INSERT OR IGNORE INTO left_out VALUES (?, ?)", ((sha, fate) for sha in sha256s))
        self._database.execute(_LEAVE_OUT)
        self._database.execute("DELETE FROM left_out")
        self._database.execute("COMMIT")

    def take_only(self, sha256s: Iterable[str], fate: str) -> None:
        """Skip all but these pictures."""
        self._database.execute("BEGIN")
        self._database.executemany("INSERT OR IGNORE INTO left_out VALUES (?, '')", ((sha,) for sha in sha256s))
        self._database.execute(_TAKE_ONLY, (fate,))
        self._database.execute("DELETE FROM left_out")
        self._database.execute("COMMIT")

    def once(self) -> None:
        """Take each picture once: where a verdict keeps it, else at its first place."""
        self._database.execute(_ONCE, (SAME_BYTES,))

    def fate(self, image: int, fate: str) -> None:
        """Skip one after all."""
        self._database.execute("UPDATE picked SET fate = ? WHERE image = ?", (fate, image))

    def of_collection(self, row: int) -> int:
        """How many of a collection are taken."""
        query = "SELECT count(*) FROM picked WHERE collection = ? AND fate = ''"
        return int(self._database.execute(query, (row,)).fetchone()[0])

    def skip_collection(self, row: int, fate: str) -> None:
        """Skip all of a collection."""
        self._database.execute("UPDATE picked SET fate = ? WHERE collection = ? AND fate = ''", (fate, row))

    @property
    def skipped(self) -> Counter[str]:
        """Images by why they are not exported."""
        rows = self._database.execute("SELECT fate, count(*) FROM picked WHERE fate <> '' GROUP BY fate")
        return Counter(dict(rows))

    @property
    def selected(self) -> int:
        """All images that fit."""
        return int(self._database.execute("SELECT count(*) FROM picked").fetchone()[0])

    def takes(self, sha256: str) -> bool:
        """Whether a picture is among them."""
        query = "SELECT 1 FROM picked WHERE sha256 = ? AND fate = '' LIMIT 1"
        return self._database.execute(query, (sha256,)).fetchone() is not None

    def chunks(self) -> Iterator[list[tuple[int, int]]]:
        """Those that are taken, in their order, some at a time: (number in the order, image)."""
        after = 0
        query = "SELECT n, image FROM picked WHERE fate = '' AND n > ? ORDER BY n LIMIT ?"
        while rows := self._database.execute(query, (after, _AT_ONCE)).fetchall():
            after = rows[-1][0]
            yield rows


def kept_places() -> tuple[Any, Any]:
    """The places in albums that a verdict keeps, and the condition that joins them to `album_images`."""
    kept = verdicts.kept_places().subquery()
    return kept, and_(kept.c.image_id == album_images.c.image_id, kept.c.album_id == album_images.c.album_id)


def _ordered(fitting: Fitting) -> Select[Any]:
    """Every image once, at the first of its places in albums."""
    kept, is_kept = kept_places()
    wished = kept.c.image_id.is_not(None)
    place = func.row_number().over(
        partition_by=album_images.c.image_id, order_by=(wished.desc(), albums.c.owner_id, albums.c.id)
    )
    placed = (
        select(album_images.c.image_id, album_images.c.position, albums.c.owner_id, albums.c.id.label("album_id"),
               wished.label("wished"), place.label("place"))
        .join(albums, albums.c.id == album_images.c.album_id)
        .outerjoin(kept, is_kept)
        .subquery()
    )  # fmt: skip
    first = and_(placed.c.image_id == images.c.id, placed.c.place == 1)
    order = (placed.c.owner_id.is_(None), placed.c.owner_id, placed.c.album_id, placed.c.position, images.c.id)
    chosen = select(images.c.id, images.c.collection_id, images.c.sha256, images.c.status, placed.c.wished)
    return chosen.outerjoin(placed, first).where(*fitting).order_by(*order)
